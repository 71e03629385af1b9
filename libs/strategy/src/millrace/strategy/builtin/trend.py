"""Trend following by the cross of two moving averages."""

from typing import ClassVar, Literal

from pydantic import BaseModel, Field, ValidationInfo, field_validator

from millrace.strategy.indicators import EMA, SMA
from millrace.strategy.long_only import LongOnly, Reading, Verdict
from millrace.strategy.parameters import Period, ProtectedParameters


class TrendParameters(ProtectedParameters):
    """Which averages cross, and when a cross is one to follow."""

    kind: Literal["sma", "ema"] = Field(default="ema", description="Plain or exponential moving averages.")
    fast: Period = Field(default=10, description="Bars in the fast average.")
    slow: Period = Field(default=30, description="Bars in the slow average; more than in the fast one.")
    entry: Literal["above", "cross"] = Field(
        default="above",
        description="Enter whenever the fast average is above the slow one, or only on the bar on which it gets there "
        "(so that a stop is not followed by a new entry at once).",
    )

    @field_validator("slow")
    @classmethod
    def _slow_is_slower(cls, slow: int, info: ValidationInfo) -> int:
        if "fast" in info.data and slow <= info.data["fast"]:
            raise ValueError("must be greater than fast")
        return slow


class Trend(LongOnly):
    """Long while the fast average is above the slow one."""

    name: ClassVar[str] = "trend"
    description: ClassVar[str] = "Buys when the fast moving average is above the slow one, sells when it is below."
    Parameters: ClassVar[type[BaseModel]] = TrendParameters
    readings: ClassVar[tuple[str, ...]] = ("fast", "slow")
    parameters: TrendParameters

    def __init__(self, parameters: TrendParameters) -> None:
        super().__init__(parameters)
        average = SMA if parameters.kind == "sma" else EMA
        self._fast, self._slow = average(parameters.fast), average(parameters.slow)
        self._needs_cross = parameters.entry == "cross"
        self._was_above = True

    @property
    def warmup(self) -> int:
        return self.parameters.slow + self._needs_cross

    def observe(self, high: float, low: float, close: float) -> Reading | None:
        fast, slow = self._fast.update(close), self._slow.update(close)
        if fast is None or slow is None:
            return None
        above, before = fast > slow, self._was_above
        self._was_above = above
        if not above:
            entry = _NOT_ABOVE
        elif before and self._needs_cross:
            entry = _NO_NEW_CROSS
        else:
            entry = _ABOVE
        return Reading(entry, _BELOW if fast < slow else _UNBROKEN, (fast, slow))


_ABOVE = Verdict(True, "the fast average is above the slow one")
_NOT_ABOVE = Verdict(False, "the fast average is not above the slow one")
_NO_NEW_CROSS = Verdict(False, "the fast average was above the slow one already")
_BELOW = Verdict(True, "the fast average is below the slow one")
_UNBROKEN = Verdict(False, "holding: the fast average is not below the slow one")
