"""Holes in stored candles."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from millrace.common.kernel import timeframes


@dataclass(frozen=True, slots=True)
class Gap:
    """Candles that should be there: opening at `start` and after, up to but not at `end`."""

    start: datetime
    end: datetime
    missing: int


def find_gaps(
    openings: Iterable[datetime], timeframe: str, *, start: datetime | None = None, end: datetime | None = None
) -> list[Gap]:
    """The holes between ascending opening times; where given, also after `start` and up to what closed by `end`.

    Repeated times count once. Raises ValueError for times that go back or do not lie on the timeframe's grid.
    """
    step = timeframes.length(timeframe)
    expected = None if start is None else _next_opening(start, timeframe)
    found: list[Gap] = []
    for opened_at in openings:
        if timeframes.opening(opened_at, timeframe) != opened_at:
            raise ValueError(f"no {timeframe} candle opens at {opened_at.isoformat()}")
        if expected is not None and opened_at < expected:
            if opened_at + step == expected or (start is not None and opened_at < start):
                continue
            raise ValueError(f"the candles go back in time at {opened_at.isoformat()}")
        found += _gap(expected, opened_at, timeframe)
        expected = opened_at + step
    if end is not None:
        found += _gap(expected, timeframes.opening(end, timeframe), timeframe)
    return found


def _gap(start: datetime | None, end: datetime, timeframe: str) -> list[Gap]:
    if start is None or start >= end:
        return []
    return [Gap(start, end, (end - start) // timeframes.length(timeframe))]


def _next_opening(moment: datetime, timeframe: str) -> datetime:
    opening = timeframes.opening(moment, timeframe)
    return opening if opening == moment else opening + timeframes.length(timeframe)
