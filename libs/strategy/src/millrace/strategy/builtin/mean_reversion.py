"""Buys below the lower Bollinger band and sells at the mean."""

from typing import ClassVar

from pydantic import Field

from millrace.common.kernel.market import Candle
from millrace.strategy import port
from millrace.strategy.indicators import Bollinger
from millrace.strategy.port import Action, Context, Signal, Strategy


class MeanReversionParameters(port.Parameters):
    """The bands."""

    bb_period: int = Field(20, ge=2, le=1000)
    bb_std: float = Field(2, gt=0, le=10)


class MeanReversion(Strategy):
    """Enters when the close is below the lower band, leaves when it is back at the middle."""

    name: ClassVar[str] = "mean_reversion"
    description: ClassVar[str] = "Buys below the lower Bollinger band, sells at the middle."
    Parameters: ClassVar[type[port.Parameters]] = MeanReversionParameters

    def __init__(self, parameters: MeanReversionParameters) -> None:
        super().__init__(parameters)
        self._period = parameters.bb_period
        self._bands = Bollinger(parameters.bb_period, parameters.bb_std)
        self._now: tuple[float, float, float] | None = None

    @property
    def warmup(self) -> int:
        return self._period

    def learn(self, candle: Candle) -> None:
        self._now = self._bands.update(float(candle.close))

    def step(self, candle: Candle, context: Context) -> Signal | None:
        if self._now is None:
            return None
        lower, middle, upper = self._now
        close = float(candle.close)
        values = {"close": close, "lower": lower, "middle": middle, "upper": upper}
        if context.position > 0:
            if close >= middle:
                return Signal(Action.EXIT, "the close is back at the mean", values)
            context.skip("the close is still below the mean", **values)
        elif close < lower:
            return Signal(Action.ENTER_LONG, "the close is below the lower band", values)
        else:
            context.skip("the close is not below the lower band", **values)
        return None
