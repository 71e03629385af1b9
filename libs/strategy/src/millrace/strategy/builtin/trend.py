"""Follows the trend: long while a fast average is above a slow one."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from millrace.common.kernel.market import Candle
from millrace.strategy import port
from millrace.strategy.indicators import Ema, Sma
from millrace.strategy.port import Action, Context, Signal, Strategy


class TrendParameters(port.Parameters):
    """Periods in bars."""

    fast: int = Field(10, ge=1, le=1000)
    slow: int = Field(30, ge=2, le=5000)
    kind: Literal["sma", "ema"] = "ema"

    @model_validator(mode="after")
    def _ordered(self) -> "TrendParameters":
        if self.fast >= self.slow:
            raise ValueError("fast must be smaller than slow")
        return self


class Trend(Strategy):
    """Enters when the fast average is above the slow one, leaves when it is below."""

    name: ClassVar[str] = "trend"
    description: ClassVar[str] = "Long while the fast moving average is above the slow one."
    Parameters: ClassVar[type[port.Parameters]] = TrendParameters

    def __init__(self, parameters: TrendParameters) -> None:
        super().__init__(parameters)
        make = Ema if parameters.kind == "ema" else Sma
        self._slow_period = parameters.slow
        self._fast, self._slow = make(parameters.fast), make(parameters.slow)
        self._now: tuple[float | None, float | None] = (None, None)

    @property
    def warmup(self) -> int:
        return self._slow_period

    def learn(self, candle: Candle) -> None:
        close = float(candle.close)
        self._now = (self._fast.update(close), self._slow.update(close))

    def step(self, candle: Candle, context: Context) -> Signal | None:
        fast, slow = self._now
        if fast is None or slow is None:
            return None
        values = {"fast": fast, "slow": slow}
        if context.position > 0:
            if fast < slow:
                return Signal(Action.EXIT, "the fast average fell below the slow one", values)
            context.skip("the trend still holds", **values)
        elif fast > slow:
            return Signal(Action.ENTER_LONG, "the fast average is above the slow one", values)
        else:
            context.skip("no trend: the fast average is not above the slow one", **values)
        return None
