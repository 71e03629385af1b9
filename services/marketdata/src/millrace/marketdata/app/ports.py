"""What the service needs from storage."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from millrace.common.db.work import Work
from millrace.common.kernel.market import Candle


class Series(NamedTuple):
    """One market's candles of one timeframe."""

    exchange: str
    symbol: str
    timeframe: str


class Candles(Protocol):
    """Stored closed candles. They never change: what is there already stays as it is."""

    async def add(self, work: Work, candles: Sequence[Candle]) -> list[Candle]:
        """Store candles; returns those that were not there yet, in the order given."""
        ...

    async def fold(
        self, work: Work, series: Series, target: str, start: datetime, end: datetime, *, whole: bool
    ) -> list[Candle]:
        """Store the larger candles of [`start`, `end`), both on the grid of `target`, as the stored ones make them.

        Returns those that were not there yet, oldest first. With `whole`, none is made that lacks a part.
        """
        ...

    async def read(
        self, series: Series, *, start: datetime | None, before: datetime | None, limit: int
    ) -> list[Candle]:
        """The newest `limit` candles of a range, oldest first."""
        ...

    async def summary(self, series: Series, start: datetime, end: datetime) -> tuple[Candle, int] | None:
        """All candles that opened in [`start`, `end`) as one that opened with the first, and how many they are."""
        ...

    async def openings(self, series: Series, start: datetime, end: datetime) -> list[datetime]:
        """When the stored candles of [`start`, `end`) opened, oldest first."""
        ...

    async def folded(self, series: Series, target: str, start: datetime, end: datetime, limit: int) -> list[Candle]:
        """The newest `limit` larger candles of [`start`, `end`), both on the grid of `target`, oldest first.

        They are made of the stored ones that are there, and not stored themselves.
        """
        ...

    async def ends(self, series: Series) -> tuple[datetime | None, datetime | None]:
        """When the oldest and the newest stored candle opened."""
        ...

    async def last_at(self, series: Series) -> datetime | None:
        """When the newest stored candle opened."""
        ...


class Places(Protocol):
    """Where recorded feeds began."""

    async def position(self, feed: str) -> int | None:
        """What was stored for a feed; None before the first time."""
        ...

    async def move(self, feed: str, position: int) -> None:
        """Store it; what is there already stays."""
        ...
