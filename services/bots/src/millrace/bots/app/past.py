"""Stored candles that the bots of one poll have to remember, read before any of them is locked."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from millrace.common.kernel import timeframes
from millrace.common.kernel.errors import MillraceError
from millrace.common.kernel.market import Candle


class Stretch(NamedTuple):
    """The `asked` newest stored candles before `last`, fewer when there are fewer; or why they cannot be had.

    They serve the poll's candles from `first` to `last`, which follow one another without a gap.
    """

    first: datetime
    last: datetime
    asked: int
    stored: Sequence[Candle] | MillraceError


class Past:
    """What was read for one market."""

    def __init__(self, stretches: Sequence[Stretch] = ()) -> None:
        self._stretches = stretches

    def before(self, candle: Candle, anchor: datetime | None, count: int) -> Sequence[Candle] | None:
        """The stored candles from `anchor` up to `candle`, or without an anchor the last `count`; oldest first.

        None when they have not been read; raises what the market said instead of giving them.
        """
        if not count:
            return ()
        stretch = next((s for s in self._stretches if s.first <= candle.opened_at <= s.last), None)
        if stretch is None:
            return None
        if isinstance(stretch.stored, MillraceError):
            raise stretch.stored
        found = stretch.stored[: bisect_left(stretch.stored, candle.opened_at, key=_opened)]
        begins = len(found) - count if anchor is None else bisect_left(found, anchor, key=_opened)
        whole = len(stretch.stored) < stretch.asked
        reached = begins >= 0 if anchor is None else bool(found) and found[0].opened_at <= anchor
        return found[max(begins, 0) :] if whole or reached else None


def runs(candles: Sequence[Candle]) -> list[list[Candle]]:
    """Candles of one series cut where one is missing; one that is not newer than all before it is nobody's next."""
    found: list[list[Candle]] = []
    for candle in candles:
        last = found[-1][-1] if found else None
        if last is None or candle.opened_at > last.opened_at + timeframes.length(candle.timeframe):
            found.append([candle])
        elif candle.opened_at > last.opened_at:
            found[-1].append(candle)
    return found


def _opened(candle: Candle) -> datetime:
    return candle.opened_at
