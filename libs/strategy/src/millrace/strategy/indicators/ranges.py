"""How far prices reach."""

from collections import deque

from millrace.strategy.indicators.averages import Wilder
from millrace.strategy.indicators.period import at_least


class ATR:
    """Wilder's average true range over `period` bars. The first bar has no true range: it has no close before it."""

    __slots__ = ("_before", "_mean")

    def __init__(self, period: int = 14) -> None:
        self._mean = Wilder(period)
        self._before: float | None = None

    def update(self, high: float, low: float, close: float) -> float | None:
        """Take the next bar; the range once `period + 1` bars are there."""
        before, self._before = self._before, close
        if before is None:
            return None
        reach = high - low
        up, down = abs(high - before), abs(low - before)
        reach = up if up > reach else reach
        return self._mean.update(down if down > reach else reach)


class Highest:
    """The greatest of the last `period` values. Constant time on average: each value is put in and taken out once."""

    __slots__ = ("_best", "_period", "_seen")

    def __init__(self, period: int) -> None:
        self._period = at_least(1, period)
        self._best: deque[tuple[int, float]] = deque()
        self._seen = 0

    def update(self, value: float) -> float | None:
        """Take the next value; the greatest once `period` values are there."""
        best = self._best
        while best and best[-1][1] <= value:
            best.pop()
        best.append((self._seen, value))
        self._seen += 1
        if best[0][0] < self._seen - self._period:
            best.popleft()
        return best[0][1] if self._seen >= self._period else None


class Lowest:
    """The least of the last `period` values."""

    __slots__ = ("_mirror",)

    def __init__(self, period: int) -> None:
        self._mirror = Highest(period)

    def update(self, value: float) -> float | None:
        """Take the next value; the least once `period` values are there."""
        greatest = self._mirror.update(-value)
        return None if greatest is None else -greatest
