"""Larger candles out of smaller ones, as they close."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from millrace.common.kernel import timeframes
from millrace.common.kernel.market import Candle


class Resampler:
    """One pair's larger timeframes. A larger candle closes with the last small one on its grid.

    When that one never comes, it closes with the first of the next; parts may be missing. A small candle that comes
    twice or after a later one is passed over and counted in `ignored`.
    """

    def __init__(self, targets: Sequence[str]) -> None:
        self._targets = tuple(targets)
        self._last: Candle | None = None
        self.open: dict[str, Candle] = {}
        self.ignored = 0

    def add(self, candle: Candle) -> list[Candle]:
        """Take a closed candle; returns the larger ones that closed with it."""
        if self._last is not None and candle.opened_at <= self._last.opened_at:
            self.ignored += 1
            return []
        self._last = candle
        closed: list[Candle] = []
        for target in self._targets:
            opened_at = timeframes.opening(candle.opened_at, target)
            known = self.open.get(target)
            if known is not None and known.opened_at < opened_at:
                closed.append(self.open.pop(target))  # its last part never came
                known = None
            self.open[target] = merged(known, candle, target)
            if candle.closed_at == opened_at + timeframes.length(target):
                closed.append(self.open.pop(target))
        return closed


def resampled(candles: Iterable[Candle], target: str) -> Iterator[Candle]:
    """One pair's candles as larger ones; the last only when it is complete."""
    resampler = Resampler((target,))
    for candle in candles:
        yield from resampler.add(candle)


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
    )
