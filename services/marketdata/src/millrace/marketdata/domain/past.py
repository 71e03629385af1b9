"""What a recorded market did before anything of it was stored: the recording again, at its own pace, back and forth.

Every other round runs backwards, so that the price goes on where the round after it begins, without a jump and without
a trend that nobody recorded. Nothing is random: the same recording, end and place always give the same past. What was
folded once is kept, so only the first questions take long.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from millrace.common.kernel import timeframes
from millrace.common.kernel.market import Candle
from millrace.marketdata.domain.folding import ceiling, folded, split

_LEAST = "1m"
_PACE = "5m"
_PACES = ("1m", "5m", "15m", "30m", "1h")
_MADE_OF = {
    "5m": "1m",
    "15m": "5m",
    "30m": "15m",
    "1h": "15m",
    "4h": "1h",
    "6h": "1h",
    "12h": "6h",
    "1d": "6h",
    "3d": "1d",
    "1w": "1d",
}
_KEPT = timedelta(minutes=15)


def pace_of(timeframe: str) -> str | None:
    """In which timeframe a recording of such bars is laid out. None for bars of more than an hour: they have no past.

    Bars shorter than a minute become five minutes, or a year of them would be the same day again and again.
    """
    if timeframes.length(timeframe) < timedelta(minutes=1):
        return _PACE
    return timeframe if timeframe in _PACES else None


class Past:
    """One market's candles from `begin` until `end`, of every timeframe from a minute on, on the grid of UTC.

    The recorded bar `place` is the first that is stored, at `seam`; the bars before it lead there. `pace` is the
    timeframe in which the bars are laid out, see `pace_of`.
    """

    def __init__(self, bars: Sequence[Candle | None], pace: str, place: int, seam: datetime, days: int) -> None:
        self.seam = seam
        self.end = timeframes.opening(seam, _LEAST)
        self.begin = timeframes.opening(seam - timedelta(days=days), "1w")
        self._bars = bars
        self._pace = pace
        self._step = timeframes.length(self._pace)
        self._place = place
        self._origin = ceiling(seam, self._pace)
        self._round = 2 * len(bars) * self._step
        self._known: dict[tuple[str, timedelta], Candle | None] = {}
        self._halves: tuple[Candle | None, str, list[Candle]] = (None, "", [])

    def candles(self, timeframe: str, start: datetime | None, before: datetime | None, limit: int) -> list[Candle]:
        """The newest `limit` candles that opened in [`start`, `before`) and are over by the end, oldest first."""
        step = timeframes.length(timeframe)
        opened_at = timeframes.opening(self.end, timeframe)
        if before is not None:
            opened_at = min(opened_at, ceiling(before, timeframe))
        first = max(self.begin, start) if start is not None else self.begin
        found: list[Candle] = []
        while len(found) < limit and (opened_at := opened_at - step) >= first:
            if (made := self._candle(timeframe, opened_at)) is not None:
                found.append(made)
        return found[::-1]

    def until_end(self, timeframe: str) -> Candle | None:
        """What the past has of the candle in which it ends; None where that begins with the end."""
        opened_at = timeframes.opening(self.end, timeframe)
        parts = self._minutes(opened_at) if timeframe == self._pace else self._open_parts(timeframe, opened_at)
        return folded(parts, timeframe, opened_at) if parts else None

    def _open_parts(self, timeframe: str, opened_at: datetime) -> list[Candle]:
        if timeframe == _LEAST:
            return []
        if timeframes.length(timeframe) < self._step:
            return [
                minute
                for minute in self._minutes(timeframes.opening(self.end, self._pace))
                if minute.opened_at >= opened_at
            ]
        part = self._part(timeframe)
        last = timeframes.opening(self.end, part)
        count = (last - opened_at) // timeframes.length(part)
        parts = self.candles(part, opened_at, last, count) if count else []
        rest = self.until_end(part)
        return parts if rest is None else [*parts, rest]

    def _minutes(self, opened_at: datetime) -> list[Candle]:
        """The minutes of the bar in which the past ends, until then."""
        bar = self._bar(opened_at)
        return [] if bar is None else [minute for minute in split(bar, _LEAST) if minute.closed_at <= self.end]

    def _candle(self, timeframe: str, opened_at: datetime) -> Candle | None:
        length = timeframes.length(timeframe)
        if length < self._step:
            bar = self._bar(timeframes.opening(opened_at, self._pace))
            return None if bar is None else self._splits(bar, timeframe)[(opened_at - bar.opened_at) // length]
        if length == self._step:
            return self._bar(opened_at)
        since = opened_at - self._origin
        key = timeframe, since if self._round % length else since % self._round
        if key not in self._known:
            part = self._part(timeframe)
            step = timeframes.length(part)
            parts = [self._candle(part, opened_at + number * step) for number in range(length // step)]
            there = [candle for candle in parts if candle is not None]
            made = folded(there, timeframe, opened_at) if there else None
            if length < _KEPT or (self._round % length and length < timedelta(days=1)):
                return made
            self._known[key] = made
        made = self._known[key]
        return made if made is None or made.opened_at == opened_at else replace(made, opened_at=opened_at)

    def _splits(self, bar: Candle, timeframe: str) -> list[Candle]:
        """The smaller candles of a bar; whoever asks for one asks for its neighbours next."""
        known, name, parts = self._halves  # several threads may ask at once
        if known != bar or name != timeframe:
            parts = split(bar, timeframe)
            self._halves = bar, timeframe, parts
        return parts

    def _part(self, timeframe: str) -> str:
        """The timeframe of which a candle is made, at least that of the recording."""
        part = _MADE_OF[timeframe]
        return part if timeframes.length(part) >= self._step else self._pace

    def _bar(self, opened_at: datetime) -> Candle | None:
        number = (opened_at - self._origin) // self._step + self._place
        turn, place = divmod(number, len(self._bars))
        bar = self._bars[place if turn % 2 == 0 else -1 - place]
        if bar is None:
            return None
        first, last = (bar.open, bar.close) if turn % 2 == 0 else (bar.close, bar.open)
        prices = (first, bar.high, bar.low, last)
        told = (bar.volume, bar.quote_volume, bar.trades)
        return Candle(bar.exchange, bar.symbol, self._pace, opened_at, *prices, *told)
