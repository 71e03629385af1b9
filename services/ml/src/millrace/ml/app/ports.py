"""What the ml service needs of others."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from millrace.common.jobs.run import Run
from millrace.common.kernel.market import Candle
from millrace.ml.domain.recipe import Bars, Forecast, Learned, Recipe


class Series(NamedTuple):
    """Which candles."""

    exchange: str
    symbol: str
    timeframe: str


class Market(Protocol):
    """The stored candles. Raises the market's own errors, and UNAVAILABLE while it cannot be asked."""

    async def between(self, series: Series, start: datetime, end: datetime, most: int) -> list[Candle]:
        """The newest `most` candles that opened in [`start`, `end`), oldest first."""
        ...

    async def last(self, series: Series, before: datetime, count: int) -> list[Candle]:
        """The last `count` candles that opened before an instant, oldest first; fewer when there are fewer."""
        ...


class Workshop(Protocol):
    """Where the computing is done: not in this process."""

    async def learn(self, run: Run, bars: Bars, recipe: Recipe) -> Learned:
        """Learn a model for a job, which shows how far it is. Raises VALIDATION_ERROR for too few bars."""
        ...

    async def foretell(self, asked: Sequence[tuple[bytes, Bars]]) -> list[Forecast | None]:
        """What each model says at the close of its last bar; None when bars are missing."""
        ...
