"""How widely values are spread."""

from math import sqrt
from typing import NamedTuple

from millrace.strategy.indicators.period import at_least


class RollingStd:
    """Population standard deviation of the last `period` values (divided by n, as TA-Lib does).

    Welford's recurrence, sliding: the difference of large squares, which loses the small spreads of high prices, is
    never taken. A fresh pair of accumulators replaces the sliding one each time the ring is full. When all values in
    the window are equal the result is exactly 0 and the mean exactly that value.
    B. P. Welford, "Note on a method for calculating corrected sums of squares and products", Technometrics 4, 1962.
    """

    __slots__ = ("_fresh_mean", "_fresh_squares", "_full", "_mean", "_next", "_period", "_ring", "_run", "_squares")

    def __init__(self, period: int) -> None:
        self._period = at_least(2, period)
        self._ring = [0.0] * period
        self._next = 0
        self._full = False
        self._run = 0
        self._mean = self._squares = 0.0
        self._fresh_mean = self._fresh_squares = 0.0

    @property
    def mean(self) -> float:
        """Mean of the same window; meaningful once `update` has given a value."""
        return self._mean

    def update(self, value: float) -> float | None:
        """Take the next value; the deviation once `period` values are there."""
        ring, i, period = self._ring, self._next, self._period
        oldest = ring[i]
        self._run = self._run + 1 if value == ring[i - 1] else 1
        ring[i] = value
        self._grow(value, i + 1)
        if i + 1 == period:
            self._full = True
            self._next = 0
            self._mean, self._squares = self._fresh_mean, self._fresh_squares
            self._fresh_mean = self._fresh_squares = 0.0
        else:
            self._next = i + 1
            if not self._full:
                return None
            self._slide(value, oldest)
        if self._run >= period:
            self._mean, self._squares = value, 0.0
        return sqrt(self._squares / period)

    def _grow(self, value: float, count: int) -> None:
        step = value - self._fresh_mean
        self._fresh_mean += step / count
        self._fresh_squares += step * (value - self._fresh_mean)

    def _slide(self, value: float, oldest: float) -> None:
        before = self._mean
        self._mean = before + (value - oldest) / self._period
        squares = self._squares + (value - oldest) * ((value - self._mean) + (oldest - before))
        self._squares = squares if squares > 0.0 else 0.0


class Bands(NamedTuple):
    """Bollinger bands, in the unit of the values."""

    upper: float
    middle: float
    lower: float


class BollingerBands:
    """The mean of the last `period` values and `width` population standard deviations around it."""

    __slots__ = ("_spread", "_width")

    def __init__(self, period: int, width: float = 2.0) -> None:
        self._spread = RollingStd(period)
        self._width = width

    def update(self, value: float) -> Bands | None:
        """Take the next value; the bands once `period` values are there."""
        deviation = self._spread.update(value)
        if deviation is None:
            return None
        middle, reach = self._spread.mean, self._width * deviation
        return Bands(middle + reach, middle, middle - reach)
