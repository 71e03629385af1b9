"""Exits that risk does not answer in time: a dead service must not keep anybody in a position.

An approved buy carries a second signature of risk: a standing approval to sell again what it bought, for the same bot
on the same account. A reduce-only sale that waits longer than `patience` is sent under those, up to what they cover.
Kill switches stop it as they stop everything.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import structlog

from millrace.common.auth.approvals import Approvals
from millrace.common.db.database import RETRYABLE
from millrace.common.db.work import Work, Works
from millrace.common.events.trading import OrderFacts, OrderState
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.ids import derive_id
from millrace.common.kernel.money import ZERO
from millrace.execution.app.orders import facts
from millrace.execution.app.ports import Orders

log = structlog.get_logger()

Row = dict[str, Any]
_LOOK_SECONDS = 1.0


class StandingExits:
    """Looks for such exits and hands them to `ready`, which makes an order SUBMITTING and has it sent."""

    def __init__(
        self,
        works: Works,
        orders: Orders,
        approvals: Approvals,
        clock: Clock,
        patience: timedelta,
        ready: Callable[[Work, Row], None],
    ) -> None:
        self._works = works
        self._orders = orders
        self._approvals = approvals
        self._clock = clock
        self._patience = patience
        self._ready = ready

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self.look()
            except RETRYABLE as problem:
                log.warning("waiting exits were not looked for", error=repr(problem))

    async def look(self) -> int:
        """Send the exits that have waited long enough and are covered; returns how many."""
        now, sent = self._clock.now(), 0
        async with self._works.begin() as work:
            for row in await self._orders.waiting_exits(work, now - self._patience):
                covered = self.covered(await self._orders.history(work, row))
                if row["quantity"] > covered or await self._orders.halted(work, row):
                    continue
                log.warning("an exit is sent under its standing approval", order=str(row["order_id"]))
                row.update(standing=True, approval_id=derive_id(row["requested_at"], "standing", row["order_id"]))
                self._ready(work, row)
                await self._orders.update(work, [row])
                sent += 1
        return sent

    def covered(self, history: Sequence[Mapping[str, Any]]) -> Decimal:
        """How much may still be sold under the standing approvals among one bot's orders of one pair."""
        left = ZERO
        for row in history:
            if row["side"] == "sell":
                ended = OrderState(row["state"]) in _NOT_SELLING
                left -= row["filled_quantity"] if ended else row["quantity"]
            elif row["exit_signature"] and self._signed(row):
                left += row["filled_quantity"]
        return left

    def _signed(self, row: Mapping[str, Any]) -> bool:
        order = OrderFacts(**facts(dict(row)))
        return self._approvals.valid_exit(order, row["approval_id"], row["exit_signature"])


_NOT_SELLING = frozenset(
    {
        OrderState.RECEIVED,
        OrderState.REFUSED,
        OrderState.REJECTED,
        OrderState.CANCELLED,
        OrderState.EXPIRED,
        OrderState.FILLED,
    }
)
