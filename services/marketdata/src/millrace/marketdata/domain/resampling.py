"""Larger candles out of smaller ones, as they close."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from millrace.common.kernel import timeframes
from millrace.common.kernel.market import Candle

N = TypeVar("N", Decimal, int)


def larger_than(timeframe: str) -> tuple[str, ...]:
    """The timeframes that are made of candles of `timeframe`, smallest first."""
    seconds = timeframes.SECONDS[timeframe]
    wider = (name for name in timeframes.MADE if timeframes.SECONDS[name] > seconds)
    return tuple(name for name in wider if timeframes.SECONDS[name] % seconds == 0)


class Resampler:
    """One market's larger timeframes. A larger candle closes with the last small one on its grid.

    One that lacks a part is not made here: when its time is over, it is added to `torn` as (timeframe, opening).
    A small candle that comes twice or after a later one is passed over and counted in `ignored`.
    """

    def __init__(self, targets: Sequence[str]) -> None:
        self.open: dict[str, Candle] = {}
        self.torn: list[tuple[str, datetime]] = []
        self.ignored = 0
        self._targets = tuple(targets)
        self._parts: dict[str, int] = {}
        self._last: Candle | None = None

    def resume(self, target: str, candle: Candle, parts: int) -> None:
        """Go on with a larger candle that `parts` small ones have made so far."""
        self.open[target], self._parts[target] = candle, parts

    def add(self, candle: Candle) -> list[Candle]:
        """Take a closed candle; returns the larger ones that are complete with it, smallest first."""
        if self._last is not None and candle.opened_at <= self._last.opened_at:
            self.ignored += 1
            return []
        self._last = candle
        return [made for target in self._targets if (made := self._grown(target, candle)) is not None]

    def _grown(self, target: str, part: Candle) -> Candle | None:
        opened_at = timeframes.opening(part.opened_at, target)
        known = self.open.get(target)
        if known is not None and known.opened_at < opened_at:
            self.torn.append((target, known.opened_at))
            known = None
        whole = self.open[target] = merged(known, part, target)
        self._parts[target] = parts = 1 if known is None else self._parts[target] + 1
        if part.closed_at < whole.closed_at:
            return None
        del self.open[target]
        if parts * timeframes.SECONDS[part.timeframe] == timeframes.SECONDS[target]:
            return whole
        self.torn.append((target, opened_at))
        return None


def merged(whole: Candle | None, part: Candle, timeframe: str) -> Candle:
    """The larger candle with `part` taken in."""
    if whole is None:
        return replace(part, timeframe=timeframe, opened_at=timeframes.opening(part.opened_at, timeframe))
    return replace(
        whole,
        high=max(whole.high, part.high),
        low=min(whole.low, part.low),
        close=part.close,
        volume=whole.volume + part.volume,
        quote_volume=_sum(whole.quote_volume, part.quote_volume),
        trades=_sum(whole.trades, part.trades),
    )


def _sum(a: N | None, b: N | None) -> N | None:
    """Both together, unknown when one is."""
    return None if a is None or b is None else a + b
