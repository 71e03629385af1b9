"""What a source of market data is to the service."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Protocol

from millrace.common.kernel.market import Candle
from millrace.marketdata.domain.tape import Item


class Feed(Protocol):
    """A market as it happens: ticks, closed candles, book snapshots and book updates, in time order per symbol."""

    @property
    def stale(self) -> bool:
        """Whether nothing has been heard of the market for longer than is healthy."""
        ...

    def items(self) -> AsyncIterator[Item]:
        """What happens from now on. Goes on through disturbances; ends only when the source has an end."""
        ...

    async def history(self, symbol: str, timeframe: str, start: datetime, end: datetime) -> Sequence[Candle]:
        """The closed candles that opened in [`start`, `end`), oldest first, as far as the source knows them."""
        ...

    async def close(self) -> None:
        """Give up connections."""
        ...


class SourceDown(Exception):
    """The source did not answer, or not with market data. Try again, no sooner than in `wait` seconds."""

    def __init__(self, message: str, wait: float = 0.0) -> None:
        super().__init__(message)
        self.wait = wait
