"""Puts the legs of a wish on the desk, each an order like any other, and waits a moment for what comes of them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from millrace.common.db.work import Work, Works
from millrace.common.events.trading import OrderType
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.instruments import Instrument, instrument
from millrace.common.kernel.money import floor_to
from millrace.execution.app.desk import place
from millrace.execution.app.ports import Orders, Row
from millrace.execution.app.sender import Sender
from millrace.execution.domain.intent import Intent

Quantity = Callable[[Instrument, Decimal], Decimal]


@dataclass(frozen=True, slots=True)
class Legs:
    """`price(exchange, symbol)` is the market's last price or None; `wait` is in seconds."""

    works: Works
    orders: Orders
    sender: Sender
    price: Callable[[str, str], Decimal | None]
    clock: Clock
    wait: float

    async def put(
        self, work: Work, wish: Row, leg: int, account: Row, quantity: Quantity, terms: Mapping[str, Any]
    ) -> UUID:
        """Place one leg on an account and return its order's id. Raises what is wrong with it, and writes nothing then.

        `quantity` is asked with the pair's filters and last price; `terms` are the rest of an `Intent`. A limit that
        names no price is one at the market's.
        """
        filters = instrument(account["exchange"], terms["symbol"])
        reference = self.price(filters.exchange, filters.symbol)
        if reference is None:
            raise MillraceError(Code.UNAVAILABLE, f"no price of {filters.symbol} is known yet; try again soon")
        own = {**terms, "symbol": filters.symbol}
        if terms["order_type"] is OrderType.LIMIT and terms.get("price") is None:
            own["price"] = floor_to(reference, filters.tick_size)
        intent = Intent(
            **own,
            intent_id=wish["intent_id"],
            user_id=wish["user_id"],
            account_id=account["id"],
            exchange=filters.exchange,
            quantity=quantity(filters, reference),
            requested_at=self.clock.now(),
            reference=reference,
            leg=leg,
            correlation=wish["intent_id"],
        )
        found: UUID = (await place(work, intent, orders=self.orders))["order_id"]
        return found

    def watch(self, order_ids: Iterable[UUID], kind: OrderType = OrderType.MARKET) -> Awaitable[Any]:
        """Begin, before the commit, to wait for the end of orders; for risk's answer where they are going to rest.

        Waits as long as requests wait, and raises nothing when that is not enough.
        """
        until = self.sender.waiting.ending if kind is OrderType.MARKET else self._decided
        return asyncio.gather(*(until(order_id, self.wait) for order_id in order_ids))

    async def _decided(self, order_id: UUID, seconds: float) -> None:
        try:
            await self.sender.waiting.decision(order_id, seconds)
        finally:
            self.sender.waiting.forget(order_id)
