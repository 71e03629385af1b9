"""The safe default: look and do nothing."""

from typing import ClassVar

from pydantic import BaseModel

from millrace.common.kernel.market import Candle
from millrace.strategy.parameters import SizedParameters
from millrace.strategy.port import Context, Signal, Strategy


class HoldParameters(SizedParameters):
    """`position_size` is taken so that a bot can be switched to hold and back; it has no effect here.

    `stop_loss` and `take_profit` are refused: hold would never act on them.
    """


class Hold(Strategy):
    """Never trades."""

    name: ClassVar[str] = "hold"
    description: ClassVar[str] = "Never trades: a position that is there stays as it is."
    Parameters: ClassVar[type[BaseModel]] = HoldParameters

    @property
    def warmup(self) -> int:
        return 0

    def on_candle(self, candle: Candle, context: Context) -> Signal | None:
        context.skip("hold never trades")
        return None
