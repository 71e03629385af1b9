"""Exits that risk does not answer in time: a dead service must not keep anybody in a position.

An approved buy carries a second signature of risk: a standing approval to sell again what it bought, for the same bot
on the same account. A reduce-only sale that waits longer than `patience` is sent under those, up to what they cover,
and never for more than the account holds: somebody may have sold it by hand.
Kill switches stop it as they stop everything.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import structlog

from millrace.common.auth.approvals import Approvals
from millrace.common.db.database import RETRYABLE
from millrace.common.db.work import Work, Works
from millrace.common.events.trading import OrderFacts
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.ids import derive_id
from millrace.common.kernel.money import ZERO
from millrace.execution.app.orders import facts
from millrace.execution.app.ports import Orders

log = structlog.get_logger()

Row = dict[str, Any]
_LOOK_SECONDS = 1.0
_AT_ONCE = (0.0, 1.0)  # when to look again and how long to wait after that, in seconds
_LONGEST_PAUSE = 60.0


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
        self._pauses: dict[UUID, tuple[float, float]] = {}

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self.look()
            except RETRYABLE as problem:
                log.warning("waiting exits were not looked for", error=repr(problem))

    async def look(self) -> int:
        """Send the exits that have waited long enough and are covered; returns how many.

        One that is not covered is looked at less and less often.
        """
        async with self._works.begin() as work:
            waiting = await self._orders.waiting_exits(work, self._clock.now() - self._patience)
        pauses = {row["order_id"]: self._pauses.get(row["order_id"], _AT_ONCE) for row in waiting}
        now, sent = self._clock.monotonic(), 0
        for row in waiting:
            due, pause = pauses[row["order_id"]]
            if now < due:
                continue
            if await self._sent(row):
                sent += 1
            else:
                pauses[row["order_id"]] = (now + pause, min(2 * pause, _LONGEST_PAUSE))
        self._pauses = pauses
        return sent

    async def _sent(self, waiting: Mapping[str, Any]) -> bool:
        async with self._works.begin() as work:
            if not await self._orders.covers(work, waiting):
                return False
            row = await self._orders.waiting_exit(work, waiting["order_id"])
            if row is None or await self._orders.halted(work, row):
                return False
            if row["quantity"] > self.covered(await self._orders.entries(work, row)):
                return False
            log.warning("an exit is sent under its standing approval", order=str(row["order_id"]))
            row.update(standing=True, approval_id=derive_id(row["requested_at"], "standing", row["order_id"]))
            self._ready(work, row)
            await self._orders.update(work, [row])
        return True

    def covered(self, entries: Sequence[Mapping[str, Any]]) -> Decimal:
        """How much of what these buys left may be sold under their standing approvals."""
        return sum((row["kept"] for row in entries if row["exit_signature"] and self._signed(row)), ZERO)

    def _signed(self, row: Mapping[str, Any]) -> bool:
        order = OrderFacts(**facts(dict(row)))
        return self._approvals.valid_exit(order, row["approval_id"], row["exit_signature"])
