"""What a strategy is. One class serves backtest, paper and live.

**The state rule.** A strategy's state is a pure function of the candles it has been given since its anchor, the
first candle it ever saw. After a restart the caller makes a fresh instance and gives it the stored candles from the
anchor again; it then stands exactly where it stood. So a strategy reads no clock, draws no random number, keeps
nothing outside itself, and never lets the context (which a replay cannot give back) into what it remembers: the
context may decide only what is answered to this candle.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from pydantic import BaseModel

from millrace.common.kernel.market import Candle
from millrace.common.kernel.money import ZERO


class Action(StrEnum):
    """What a strategy can ask for. `EXIT` closes the whole position."""

    ENTER_LONG = "enter_long"
    EXIT = "exit"


@dataclass(frozen=True, slots=True)
class Signal:
    """A wish to trade, why, and the indicator values it rests on. How much is decided by sizing."""

    action: Action
    reason: str
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Skip:
    """A recorded non-decision: the first rule that said no, and the values it looked at."""

    reason: str
    values: Mapping[str, float]


@dataclass(slots=True)
class Context:
    """What a strategy may know besides candles; one for each candle.

    `position` is in base currency, zero when flat; give a remainder too small to be sold as zero, or the strategy
    waits for ever to get rid of it. `entry_price` is the position's mean price in quote currency, None when flat.
    """

    position: Decimal = ZERO
    entry_price: Decimal | None = None
    skipped: Skip | None = field(default=None, init=False)

    def skip(self, reason: str, **values: float) -> None:
        """Record why nothing is done. Only the first reason of a candle is kept."""
        if self.skipped is None:
            self.skipped = Skip(reason, values)


class Strategy(ABC):
    """Answers each closed candle with a signal, or with None and a recorded reason.

    `Parameters` is frozen, forbids unknown fields, and gives each field bounds and a description: forms and
    validation come from it.
    """

    name: ClassVar[str]
    description: ClassVar[str]
    Parameters: ClassVar[type[BaseModel]]

    def __init__(self, parameters: BaseModel) -> None:
        self.parameters = parameters

    @property
    @abstractmethod
    def warmup(self) -> int:
        """How many candles it must have seen, the current one included, before it may ask for anything."""

    @abstractmethod
    def on_candle(self, candle: Candle, context: Context) -> Signal | None:
        """Take the next closed candle, in time order and each once.

        Before warm-up is complete the answer is None with the reason "warming up" and the values `bars`, `needed`.
        """
