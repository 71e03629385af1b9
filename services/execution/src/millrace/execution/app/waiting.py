"""Requests that wait a moment for what becomes of their order."""

import asyncio
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from millrace.common.events.trading import TERMINAL, OrderState

Row = dict[str, Any]


class Waiting:
    """Futures by order id, resolved with the order's row; forgotten when nobody waits any more."""

    def __init__(self) -> None:
        self._decisions: dict[UUID, asyncio.Future[Row]] = {}
        self._endings: dict[UUID, set[asyncio.Future[Row]]] = {}

    async def decision(self, order_id: UUID, seconds: float) -> Row | None:
        """The order once risk has answered; None when that takes longer than `seconds`."""
        return await self._wait(self._decisions.setdefault(order_id, _future()), seconds)

    def expect(self, order_id: UUID) -> None:
        """A decision will be waited for: note it from now on."""
        self._decisions[order_id] = _future()

    def forget(self, order_id: UUID) -> None:
        """Nobody waits for this decision any more."""
        self._decisions.pop(order_id, None)

    async def ending(self, order_id: UUID, seconds: float) -> Row | None:
        """The order once it is in a terminal state; None when that takes longer than `seconds`."""
        future = _future()
        waiting = self._endings.setdefault(order_id, set())
        waiting.add(future)
        try:
            return await self._wait(future, seconds)
        finally:
            waiting.discard(future)
            if not waiting:
                self._endings.pop(order_id, None)

    def decided(self, row: Row) -> None:
        """Risk has answered."""
        future = self._decisions.get(row["order_id"])
        if future is not None and not future.done():
            future.set_result(row)
        self.ended((row,))

    def ended(self, rows: Iterable[Row]) -> None:
        """These orders are as they are now; some may have ended."""
        for row in rows:
            if OrderState(row["state"]) in TERMINAL:
                for future in self._endings.get(row["order_id"], ()):
                    if not future.done():
                        future.set_result(row)

    async def _wait(self, future: "asyncio.Future[Row]", seconds: float) -> Row | None:
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(future)
        except TimeoutError:
            return None


def _future() -> "asyncio.Future[Row]":
    return asyncio.get_running_loop().create_future()
