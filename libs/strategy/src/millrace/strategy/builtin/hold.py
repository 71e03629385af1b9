"""Never trades: the safe default."""

from typing import ClassVar

from millrace.common.kernel.market import Candle
from millrace.strategy.port import Context, Signal, Strategy


class Hold(Strategy):
    """Does nothing, on purpose."""

    name: ClassVar[str] = "hold"
    description: ClassVar[str] = "Never trades; what a bot without a known strategy gets."

    @property
    def warmup(self) -> int:
        return 1

    def learn(self, candle: Candle) -> None:
        """Nothing to learn."""

    def step(self, candle: Candle, context: Context) -> Signal | None:
        context.skip("the hold strategy never trades")
        return None
