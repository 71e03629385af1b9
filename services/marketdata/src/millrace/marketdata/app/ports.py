"""What the feeds need from storage."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from millrace.common.db.work import Work
from millrace.common.kernel.market import Candle


class Candles(Protocol):
    """Stored candles."""

    async def add(self, work: Work, candles: Sequence[Candle]) -> None:
        """Store closed candles; one that is there already stays as it is."""
        ...

    async def load(self, candles: Sequence[Candle]) -> None:
        """Store very many at once, into an empty place."""
        ...

    async def read(
        self,
        exchange: str,
        symbol: str,
        timeframe: str,
        *,
        start: datetime | None,
        before: datetime | None,
        limit: int,
    ) -> list[Candle]:
        """The newest `limit` candles of a range, oldest first."""
        ...

    async def last_at(self, exchange: str, symbol: str, timeframe: str) -> datetime | None:
        """When the newest stored candle opened."""
        ...

    async def position(self, feed: str) -> int | None:
        """How many bars of a recorded feed have been played; None before the first."""
        ...

    async def move(self, work: Work, feed: str, position: int) -> None:
        """Note how far a recorded feed has come, in the unit of work that tells of it."""
        ...
