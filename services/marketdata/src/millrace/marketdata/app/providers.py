"""How the exchanges are doing: each is asked something, and how long its answer takes is measured."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import MillraceError
from millrace.marketdata.app.feeds import SourceDown
from millrace.marketdata.domain.platforms import PLATFORMS

FRESH = 5.0
"""Seconds for which a measurement is given again."""
_PATIENCE = 5.0

Question = Callable[[str], Awaitable[None]]
Status = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Checked:
    """One measurement: the status, when it was taken, and how many milliseconds the answer took, None without one."""

    status: str
    at: datetime
    latency_ms: float | None
    until: float


class Providers:
    """`ask(exchange)` asks one and raises when it does not answer; `status(exchange)` is how it is if it does."""

    def __init__(self, ask: Question, status: Status, clock: Clock) -> None:
        self._ask = ask
        self._status = status
        self._clock = clock
        self._checked: dict[str, Checked] = {}
        self._turn = asyncio.Lock()

    async def health(self) -> list[dict[str, Any]]:
        """Every exchange with its status, the time of the last check and the measured latency."""
        async with self._turn:
            rows = {name: await self._fresh(name) for name in PLATFORMS}
        return [
            {"id": name, "status": row.status, "last_check": row.at, "api_latency_ms": row.latency_ms}
            for name, row in rows.items()
        ]

    async def _fresh(self, exchange: str) -> Checked:
        known = self._checked.get(exchange)
        if known is None or known.until <= self._clock.monotonic():
            known = self._checked[exchange] = await self._measured(exchange)
        return known

    async def _measured(self, exchange: str) -> Checked:
        clock, status, latency = self._clock, self._status(exchange), None
        begun = clock.monotonic()
        if status != "not_listened_to":
            try:
                async with asyncio.timeout(_PATIENCE):
                    await self._ask(exchange)
                latency = round((clock.monotonic() - begun) * 1000, 3)
            except (SourceDown, MillraceError, TimeoutError):
                status = "down"
        return Checked(status, clock.now(), latency, clock.monotonic() + FRESH)
