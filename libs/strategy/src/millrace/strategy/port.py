"""What a strategy is: the same class in backtest, on paper and live.

Its state is a function of the candles it has seen since its first one; a restart replays them. It reads no clock and
no randomness, works in floats with a fixed order of operations, and never touches money.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from millrace.common.kernel.market import Candle


class Action(StrEnum):
    """What a strategy may want."""

    ENTER_LONG = "enter_long"
    EXIT = "exit"


@dataclass(frozen=True, slots=True)
class Signal:
    """A wish, why, and the values it stands on."""

    action: Action
    reason: str
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Context:
    """What a strategy may know besides candles: its own position. `skip` records why nothing was done."""

    position: Decimal = Decimal(0)
    entry_price: Decimal | None = None
    skipped: str | None = None
    values: dict[str, float] = field(default_factory=dict)

    def skip(self, reason: str, **values: float) -> None:
        """Nothing is done now, because of `reason`; the first rule that says no gives it."""
        if self.skipped is None:
            self.skipped = reason
            self.values = values


class Parameters(BaseModel):
    """Settings every strategy has. `position_size`: fraction of the capital when 1 or less, else quote currency."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    position_size: float = Field(0.1, gt=0, description="fraction of capital (<= 1) or amount in quote currency")
    stop_loss: float | None = Field(None, gt=0, lt=1, description="exit at this fraction below the entry price")
    take_profit: float | None = Field(None, gt=0, description="exit at this fraction above the entry price")


class Strategy(ABC):
    """One instance serves one bot on one symbol."""

    name: ClassVar[str]
    description: ClassVar[str]
    Parameters: ClassVar[type[Parameters]] = Parameters

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self._seen = 0

    @property
    @abstractmethod
    def warmup(self) -> int:
        """Bars needed before it may act."""

    @abstractmethod
    def step(self, candle: Candle, context: Context) -> Signal | None:
        """Look at a closed candle after warm-up; returns a signal, or None after `context.skip`."""

    @abstractmethod
    def learn(self, candle: Candle) -> None:
        """Take a closed candle into the indicators."""

    def on_candle(self, candle: Candle, context: Context) -> Signal | None:
        """The next closed candle."""
        self._seen += 1
        self.learn(candle)
        if self._seen < self.warmup:
            context.skip("warming up", bars=self._seen, needed=self.warmup)
            return None
        return self._protect(candle, context) or self.step(candle, context)

    def _protect(self, candle: Candle, context: Context) -> Signal | None:
        if context.position <= 0 or not context.entry_price:
            return None
        change = float(candle.close / context.entry_price) - 1
        stop, profit = self.parameters.stop_loss, self.parameters.take_profit
        if stop is not None and change <= -stop:
            return Signal(Action.EXIT, "stop loss", {"change": change, "stop_loss": stop})
        if profit is not None and change >= profit:
            return Signal(Action.EXIT, "take profit", {"change": change, "take_profit": profit})
        return None
