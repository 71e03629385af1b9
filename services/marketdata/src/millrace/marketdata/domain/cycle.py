"""A recorded market that begins again at its end: what it does at any time, past or future."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from millrace.common.kernel import timeframes
from millrace.common.kernel.market import Candle
from millrace.marketdata.domain.past import Past, pace_of


class Cycle:
    """Recorded bars laid on the grid of `timeframe`, round after round; the first round begins at `anchor`.

    Each recorded bar becomes one bar of `timeframe`, so a 5-minute market is played as 1-second bars of the present.
    A hole in the recording stays a hole. All symbols go round together.
    """

    def __init__(self, tape: Mapping[str, Sequence[Candle]], timeframe: str, anchor: datetime) -> None:
        was = {bar.timeframe for bars in tape.values() for bar in bars}
        if len(was) != 1:
            raise ValueError(
                f"a recorded market has bars of one timeframe; these are of {', '.join(sorted(was)) or 'none'}"
            )
        self.timeframe = timeframe
        self.exchange = next(bar.exchange for bars in tape.values() for bar in bars)
        self.symbols = tuple(tape)
        self.recorded_as = min(was)
        self._step = timeframes.length(timeframe)
        self._anchor = anchor
        length, origin = timeframes.length(was.pop()), min(bars[0].opened_at for bars in tape.values() if bars)
        self._slots = {name: {(bar.opened_at - origin) // length: bar for bar in bars} for name, bars in tape.items()}
        self.count = 1 + max(number for slots in self._slots.values() for number in slots)

    def bar(self, symbol: str, opened_at: datetime) -> Candle | None:
        """The bar that opens at a time on the grid; None where the recording has a hole."""
        found = self._slots[symbol].get((opened_at - self._anchor) // self._step % self.count)
        return None if found is None else replace(found, timeframe=self.timeframe, opened_at=opened_at)

    def bars(self, symbol: str, start: datetime, end: datetime) -> Iterator[Candle]:
        """The bars that open in [`start`, `end`), oldest first."""
        opened_at = timeframes.opening(start, self.timeframe)
        if opened_at < start:
            opened_at += self._step
        while opened_at < end:
            if (bar := self.bar(symbol, opened_at)) is not None:
                yield bar
            opened_at += self._step

    def past(self, symbol: str, seam: datetime, days: int) -> Past | None:
        """What a market did in the `days` before `seam`, an instant on the grid; None when bars are too long for it."""
        pace = pace_of(self.recorded_as)
        slots = self._slots[symbol]
        bars = [slots.get(number) for number in range(self.count)]
        place = (seam - self._anchor) // self._step % self.count
        return None if pace is None else Past(bars, pace, place, seam, days)

    def round_at(self, moment: datetime) -> tuple[int, datetime]:
        """The number of the round that holds `moment`, and when it began."""
        number = (moment - self._anchor) // (self._step * self.count)
        return number, self.begins(number)

    def begins(self, number: int) -> datetime:
        """When a round begins."""
        return self._anchor + number * self.count * self._step
