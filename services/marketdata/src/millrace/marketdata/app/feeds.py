"""What a source of market data is to the service."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Protocol

from millrace.common.kernel.market import Candle
from millrace.marketdata.domain.past import Past
from millrace.marketdata.domain.tape import Item


class Feed(Protocol):
    """A market as it happens: ticks, closed candles, book snapshots and book updates, in time order per symbol.

    One that `closes` tells every closed candle itself; else candles are made of its ticks. `connected` tells whether
    the last question was answered, `reconnects` how often the source came back after a disturbance.
    """

    name: str
    exchange: str
    symbols: tuple[str, ...]
    closes: bool
    connected: bool
    reconnects: int

    @property
    def stale(self) -> bool:
        """Whether nothing has been heard of the market for longer than is healthy."""
        ...

    async def prepare(self, start: datetime) -> None:
        """Called once before anything else; `start` is where the stored candles end, or now."""
        ...

    def items(self, start: datetime) -> AsyncIterator[Sequence[Item]]:
        """What happens from `start` on, together what happens at one instant.

        Goes on through disturbances; ends only when the source has an end.
        """
        ...

    async def history(self, symbol: str, timeframe: str, start: datetime, end: datetime) -> Sequence[Candle]:
        """The closed candles that opened in [`start`, `end`), oldest first, as far as the source knows them.

        Raises SourceDown, and UNAVAILABLE when this source has no history.
        """
        ...

    def past(self, symbol: str, seam: datetime, days: int) -> Past | None:
        """The `days` before the oldest stored candle, which opened at `seam`; None when this source makes none up."""
        ...

    async def ask(self) -> None:
        """Put a small question to the source, so that its answer can be timed. Raises SourceDown."""
        ...

    async def close(self) -> None:
        """Give up connections."""
        ...


class SourceDown(Exception):
    """The source did not answer, or not with market data. Try again, no sooner than in `wait` seconds."""

    def __init__(self, message: str, wait: float = 0.0) -> None:
        super().__init__(message)
        self.wait = wait
