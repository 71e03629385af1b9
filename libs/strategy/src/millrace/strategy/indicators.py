"""Incremental indicators: constant time per bar, floats in a fixed order of operations."""

from collections import deque
from math import sqrt


class Sma:
    """Simple moving average."""

    def __init__(self, period: int) -> None:
        self._window: deque[float] = deque(maxlen=period)

    def update(self, value: float) -> float | None:
        """The mean of the last `period` values, once there are so many."""
        self._window.append(value)
        return sum(self._window) / len(self._window) if len(self._window) == self._window.maxlen else None


class Ema:
    """Exponential moving average with alpha = 2 / (period + 1), seeded by the simple mean of the first period."""

    def __init__(self, period: int) -> None:
        self._alpha = 2 / (period + 1)
        self._seed = Sma(period)
        self.value: float | None = None

    def update(self, value: float) -> float | None:
        """The average, once `period` values are known."""
        if self.value is None:
            self.value = self._seed.update(value)
        else:
            self.value += self._alpha * (value - self.value)
        return self.value


class Rsi:
    """Relative strength index by Wilder (New Concepts in Technical Trading Systems, 1978): 0 to 100."""

    def __init__(self, period: int) -> None:
        self._period = period
        self._count = 0
        self._gain = 0.0
        self._loss = 0.0
        self._last: float | None = None

    def update(self, value: float) -> float | None:
        """The index, once `period` changes are known."""
        if self._last is None:
            self._last = value
            return None
        change, self._last = value - self._last, value
        gain, loss = max(change, 0.0), max(-change, 0.0)
        self._count += 1
        if self._count <= self._period:
            self._gain += gain / self._period
            self._loss += loss / self._period
        else:
            self._gain += (gain - self._gain) / self._period
            self._loss += (loss - self._loss) / self._period
        if self._count < self._period:
            return None
        total = self._gain + self._loss
        return 100 * self._gain / total if total else 0.0


class Bollinger:
    """Moving average and bands of `width` population standard deviations."""

    def __init__(self, period: int, width: float) -> None:
        self._window: deque[float] = deque(maxlen=period)
        self._width = width

    def update(self, value: float) -> tuple[float, float, float] | None:
        """Lower band, middle, upper band, once `period` values are known."""
        self._window.append(value)
        count = len(self._window)
        if count < (self._window.maxlen or 0):
            return None
        mean = sum(self._window) / count
        spread = self._width * sqrt(sum((x - mean) * (x - mean) for x in self._window) / count)
        return mean - spread, mean, mean + spread
