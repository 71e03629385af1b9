"""How strongly prices move."""

from millrace.strategy.indicators.averages import Wilder
from millrace.strategy.indicators.period import at_least


class RSI:
    """Wilder's relative strength index, 0 to 100, over `period` price changes.

    A market that has not moved at all has the neutral value 50. TA-Lib says 0 there, and also for changes below
    1e-14, which a strategy would take for oversold.
    """

    __slots__ = ("_before", "_gain", "_loss")

    def __init__(self, period: int = 14) -> None:
        self._gain, self._loss = Wilder(period), Wilder(period)
        self._before: float | None = None

    def update(self, value: float) -> float | None:
        """Take the next value; the index once `period + 1` values are there."""
        before, self._before = self._before, value
        if before is None:
            return None
        change = value - before
        gain = self._gain.update(change if change > 0.0 else 0.0)
        loss = self._loss.update(-change if change < 0.0 else 0.0)
        if gain is None or loss is None:
            return None
        moved = gain + loss
        return 100.0 * (gain / moved) if moved > 0.0 else 50.0


class RateOfChange:
    """Change against `period` values ago as a fraction of that value (TA-Lib's ROCP); 0 when that value is 0."""

    __slots__ = ("_next", "_ring", "_seen")

    def __init__(self, period: int) -> None:
        self._ring = [0.0] * at_least(1, period)
        self._next = 0
        self._seen = 0

    def update(self, value: float) -> float | None:
        """Take the next value; the change once `period + 1` values are there."""
        ring, i = self._ring, self._next
        before, ring[i] = ring[i], value
        self._next = i + 1 if i + 1 < len(ring) else 0
        if self._seen < len(ring):
            self._seen += 1
            return None
        return (value - before) / before if before else 0.0
