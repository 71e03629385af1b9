"""The shape of a strategy that is either flat or long.

It splits a strategy in two so that the state rule holds by construction: `observe` remembers and never sees the
position; `on_candle` sees the position and remembers nothing but the count of candles.
"""

from abc import abstractmethod
from decimal import Decimal
from typing import ClassVar, NamedTuple

from millrace.common.kernel.market import Candle
from millrace.common.kernel.money import times
from millrace.strategy.parameters import ProtectedParameters
from millrace.strategy.port import Action, Context, Signal, Strategy


class Verdict(NamedTuple):
    """What one rule says, and why."""

    yes: bool
    why: str


class Reading(NamedTuple):
    """What the candles so far say. `values` belong to the strategy's `readings`, name by name."""

    entry: Verdict
    leave: Verdict
    values: tuple[float, ...]


class LongOnly(Strategy):
    """Enters when flat and the entry rule says yes; leaves at the stop, the target, or when the exit rule says yes.

    An exit is asked for on every candle until the position is gone; the caller holds back what is already on its way.
    """

    readings: ClassVar[tuple[str, ...]]
    parameters: ProtectedParameters

    def __init__(self, parameters: ProtectedParameters) -> None:
        super().__init__(parameters)
        stop, target = parameters.stop_loss, parameters.take_profit
        self._stop = None if stop is None else 1 - stop
        self._target = None if target is None else 1 + target
        self._bars = 0

    @abstractmethod
    def observe(self, high: float, low: float, close: float) -> Reading | None:
        """Update the indicators with one closed bar and read them; None while one of them still lacks history.

        This is the step a compiled form repeats: floats in, a fixed order of operations, no position, no money.
        """

    def on_candle(self, candle: Candle, context: Context) -> Signal | None:
        self._bars += 1
        reading = self.observe(float(candle.high), float(candle.low), float(candle.close))
        needed = self.warmup
        if reading is None or self._bars < needed:
            context.skip("warming up", bars=self._bars, needed=needed)
            return None
        if context.position:
            action, verdict = Action.EXIT, self._protection(candle.close, context.entry_price) or reading.leave
        else:
            action, verdict = Action.ENTER_LONG, reading.entry
        values = dict(zip(self.readings, reading.values, strict=True))
        if verdict.yes:
            return Signal(action, verdict.why, values)
        context.skip(verdict.why, **values)
        return None

    def _protection(self, close: Decimal, entry: Decimal | None) -> Verdict | None:
        if self._stop is None and self._target is None:
            return None
        if entry is None:
            raise ValueError("a position needs its entry price: its stop is measured from it")
        if self._stop is not None and close <= times(entry, self._stop):
            return _STOPPED
        if self._target is not None and close >= times(entry, self._target):
            return _TARGET
        return None


_STOPPED = Verdict(True, "stop loss reached")
_TARGET = Verdict(True, "take profit reached")
