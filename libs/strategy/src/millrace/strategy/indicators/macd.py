"""Moving average convergence and divergence."""

from typing import NamedTuple

from millrace.strategy.indicators.averages import EMA
from millrace.strategy.indicators.period import at_least


class Convergence(NamedTuple):
    """Fast minus slow mean, the mean of that, and the difference of the two."""

    macd: float
    signal: float
    histogram: float


class MACD:
    """Fast minus slow exponential mean, with its own exponential mean as signal line (Gerald Appel).

    Both means are begun on the values that end at the slow one's first, as in TA-Lib: the fast one ignores the
    `slow - fast` oldest values.
    """

    __slots__ = ("_fast", "_ignore", "_signal", "_slow")

    def __init__(self, fast: int = 12, slow: int = 26, signal: int = 9) -> None:
        self._ignore = slow - at_least(1, fast)
        if self._ignore <= 0:
            raise ValueError(f"slow must be greater than fast, not {slow} and {fast}")
        self._fast, self._slow, self._signal = EMA(fast), EMA(slow), EMA(signal)

    def update(self, value: float) -> Convergence | None:
        """Take the next value; the lines once `slow + signal - 1` values are there."""
        slow = self._slow.update(value)
        if self._ignore:
            self._ignore -= 1
            return None
        fast = self._fast.update(value)
        if fast is None or slow is None:
            return None
        macd = fast - slow
        signal = self._signal.update(macd)
        return None if signal is None else Convergence(macd, signal, macd - signal)
