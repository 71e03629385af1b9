"""Mean reversion between Bollinger bands."""

from typing import ClassVar

from pydantic import BaseModel, Field

from millrace.strategy.indicators import BollingerBands
from millrace.strategy.long_only import LongOnly, Reading, Verdict
from millrace.strategy.parameters import Period, ProtectedParameters


class MeanReversionParameters(ProtectedParameters):
    """The bands."""

    bb_period: Period = Field(default=20, description="Bars in the mean and the deviation.")
    bb_std: float = Field(default=2.0, gt=0, le=10, description="Standard deviations from the mean to each band.")


class MeanReversion(LongOnly):
    """Buys a close that falls through the lower band and sells at the mean."""

    name: ClassVar[str] = "mean_reversion"
    description: ClassVar[str] = "Buys when the close falls below the lower Bollinger band, sells back at the mean."
    Parameters: ClassVar[type[BaseModel]] = MeanReversionParameters
    readings: ClassVar[tuple[str, ...]] = ("close", "bb_lower", "bb_middle", "bb_upper")
    parameters: MeanReversionParameters

    def __init__(self, parameters: MeanReversionParameters) -> None:
        super().__init__(parameters)
        self._bands = BollingerBands(parameters.bb_period, parameters.bb_std)
        self._was_below = True

    @property
    def warmup(self) -> int:
        return self.parameters.bb_period + 1

    def observe(self, high: float, low: float, close: float) -> Reading | None:
        bands = self._bands.update(close)
        if bands is None:
            return None
        below, before = close < bands.lower, self._was_below
        self._was_below = below
        if not below:
            entry = _NOT_BELOW
        elif before:
            entry = _STILL_BELOW
        else:
            entry = _FELL_BELOW
        leave = _AT_MEAN if close >= bands.middle else _UNDER_MEAN
        return Reading(entry, leave, (close, bands.lower, bands.middle, bands.upper))


_FELL_BELOW = Verdict(True, "the close fell below the lower band")
_NOT_BELOW = Verdict(False, "the close is not below the lower band")
_STILL_BELOW = Verdict(False, "the close was below the lower band already")
_AT_MEAN = Verdict(True, "the close is back at the mean")
_UNDER_MEAN = Verdict(False, "holding: the close is under the mean")
