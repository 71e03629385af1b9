"""Moving averages."""

from millrace.strategy.indicators.period import at_least


class SMA:
    """Arithmetic mean of the last `period` values.

    The running total is replaced by a fresh one each time the ring is full, so rounding errors never pile up; when
    all values in the window are equal the mean is exactly that value.
    """

    __slots__ = ("_fresh", "_full", "_next", "_period", "_ring", "_run", "_total")

    def __init__(self, period: int) -> None:
        self._period = at_least(1, period)
        self._ring = [0.0] * period
        self._next = 0
        self._full = False
        self._total = 0.0
        self._fresh = 0.0
        self._run = 0

    def update(self, value: float) -> float | None:
        """Take the next value; the mean once `period` values are there."""
        ring, i, period = self._ring, self._next, self._period
        self._run = self._run + 1 if value == ring[i - 1] else 1
        self._total = self._total - ring[i] + value
        self._fresh += value
        ring[i] = value
        if i + 1 < period:
            self._next = i + 1
        else:
            self._next = 0
            self._full = True
            self._total, self._fresh = self._fresh, 0.0
        if not self._full:
            return None
        return value if self._run >= period else self._total / period


class EMA:
    """Exponential mean with the factor 2 / (period + 1), begun with the plain mean of the first `period` values."""

    __slots__ = ("_factor", "_period", "_seen", "_total", "_value")

    def __init__(self, period: int) -> None:
        self._period = at_least(1, period)
        self._factor = 2.0 / (period + 1)
        self._seen = 0
        self._total = 0.0
        self._value = 0.0

    def update(self, value: float) -> float | None:
        """Take the next value; the mean once `period` values are there."""
        if self._seen >= self._period:
            self._value = (value - self._value) * self._factor + self._value
            return self._value
        self._seen += 1
        self._total += value
        if self._seen < self._period:
            return None
        self._value = self._total / self._period
        return self._value


class Wilder:
    """Wilder's smoothing, an exponential mean with the factor 1 / period, begun with the plain mean.

    J. Welles Wilder, "New Concepts in Technical Trading Systems", 1978.
    """

    __slots__ = ("_period", "_seen", "_total", "_value")

    def __init__(self, period: int) -> None:
        self._period = at_least(1, period)
        self._seen = 0
        self._total = 0.0
        self._value = 0.0

    def update(self, value: float) -> float | None:
        """Take the next value; the mean once `period` values are there."""
        if self._seen >= self._period:
            self._value = (self._value * (self._period - 1) + value) / self._period
            return self._value
        self._seen += 1
        self._total += value
        if self._seen < self._period:
            return None
        self._value = self._total / self._period
        return self._value
