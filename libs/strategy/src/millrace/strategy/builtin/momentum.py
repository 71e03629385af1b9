"""Buys strength that comes out of weakness, by the relative strength index."""

from typing import ClassVar

from pydantic import Field

from millrace.common.kernel.market import Candle
from millrace.strategy import port
from millrace.strategy.indicators import Rsi
from millrace.strategy.port import Action, Context, Signal, Strategy


class MomentumParameters(port.Parameters):
    """Levels of the index, 0 to 100."""

    rsi_period: int = Field(14, ge=2, le=500)
    rsi_oversold: float = Field(30, ge=0, le=100)
    rsi_overbought: float = Field(70, ge=0, le=100)


class Momentum(Strategy):
    """Enters when the index rises through the oversold level, leaves when it reaches the overbought one."""

    name: ClassVar[str] = "momentum"
    description: ClassVar[str] = "Buys when RSI rises out of oversold, sells at overbought."
    Parameters: ClassVar[type[port.Parameters]] = MomentumParameters

    def __init__(self, parameters: MomentumParameters) -> None:
        super().__init__(parameters)
        self._settings = parameters
        self._rsi = Rsi(parameters.rsi_period)
        self._before: float | None = None
        self._now: float | None = None

    @property
    def warmup(self) -> int:
        return self._settings.rsi_period + 2

    def learn(self, candle: Candle) -> None:
        self._before, self._now = self._now, self._rsi.update(float(candle.close))

    def step(self, candle: Candle, context: Context) -> Signal | None:
        before, now, levels = self._before, self._now, self._settings
        if before is None or now is None:
            return None
        values = {"rsi": now, "rsi_before": before}
        if context.position > 0:
            if now >= levels.rsi_overbought:
                return Signal(Action.EXIT, "RSI reached overbought", values)
            context.skip("RSI is below overbought", **values)
        elif before <= levels.rsi_oversold < now:
            return Signal(Action.ENTER_LONG, "RSI rose out of oversold", values)
        else:
            context.skip("RSI did not rise out of oversold", **values)
        return None
