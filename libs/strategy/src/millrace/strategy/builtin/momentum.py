"""Momentum out of an oversold market."""

from typing import ClassVar

from pydantic import BaseModel, Field, ValidationInfo, field_validator

from millrace.strategy.indicators import RSI, RateOfChange
from millrace.strategy.long_only import LongOnly, Reading, Verdict
from millrace.strategy.parameters import Period, ProtectedParameters


class MomentumParameters(ProtectedParameters):
    """When a market counts as sold out, as turned, and as run too far."""

    rsi_period: Period = Field(default=14, description="Price changes in the relative strength index (Wilder).")
    rsi_oversold: float = Field(default=30.0, ge=0, le=100, description="Below this index the market is oversold.")
    rsi_overbought: float = Field(default=70.0, ge=0, le=100, description="From this index on a position is sold.")
    roc_period: int = Field(default=3, ge=1, le=1000, description="Bars over which the turn must show.")
    roc_min: float = Field(
        default=0.0, ge=-1, le=1, description="The rise over those bars must be more than this fraction."
    )

    @field_validator("rsi_overbought")
    @classmethod
    def _bounds_are_apart(cls, overbought: float, info: ValidationInfo) -> float:
        if "rsi_oversold" in info.data and overbought <= info.data["rsi_oversold"]:
            raise ValueError("must be greater than rsi_oversold")
        return overbought


class Momentum(LongOnly):
    """Buys the turn after an oversold market: the index is back above its bound and the price rises.

    Being oversold arms the entry. The turn uses it up, whether or not it was traded, and so does an overbought
    index, so one fall gives one entry.
    """

    name: ClassVar[str] = "momentum"
    description: ClassVar[str] = (
        "Buys when the price turns up out of an oversold RSI, sells when the RSI is overbought."
    )
    Parameters: ClassVar[type[BaseModel]] = MomentumParameters
    readings: ClassVar[tuple[str, ...]] = ("rsi", "rate_of_change")
    parameters: MomentumParameters

    def __init__(self, parameters: MomentumParameters) -> None:
        super().__init__(parameters)
        self._rsi, self._change = RSI(parameters.rsi_period), RateOfChange(parameters.roc_period)
        self._oversold, self._overbought = parameters.rsi_oversold, parameters.rsi_overbought
        self._least_change = parameters.roc_min
        self._armed = False

    @property
    def warmup(self) -> int:
        return max(self.parameters.rsi_period, self.parameters.roc_period) + 1

    def observe(self, high: float, low: float, close: float) -> Reading | None:
        rsi, change = self._rsi.update(close), self._change.update(close)
        if rsi is None or change is None:
            return None
        leave = _OVERBOUGHT if rsi >= self._overbought else _ROOM_LEFT
        return Reading(self._entry(rsi, change), leave, (rsi, change))

    def _entry(self, rsi: float, change: float) -> Verdict:
        if rsi < self._oversold:
            self._armed = True
            return _STILL_OVERSOLD
        if not self._armed:
            return _NOT_OVERSOLD
        if rsi >= self._overbought:
            self._armed = False
            return _MISSED
        if change <= self._least_change:
            return _NO_RISE
        self._armed = False
        return _TURNED


_TURNED = Verdict(True, "the price turned up out of an oversold market")
_STILL_OVERSOLD = Verdict(False, "the RSI is still oversold")
_NOT_OVERSOLD = Verdict(False, "the RSI was not oversold since the last turn")
_MISSED = Verdict(False, "the RSI went from oversold to overbought before the price had turned")
_NO_RISE = Verdict(False, "the price does not rise enough")
_OVERBOUGHT = Verdict(True, "the RSI is overbought")
_ROOM_LEFT = Verdict(False, "holding: the RSI is not overbought")
