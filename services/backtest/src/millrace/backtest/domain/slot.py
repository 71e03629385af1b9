"""One strategy on one series: what it holds and what it wishes."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import NamedTuple

from millrace.backtest.domain.desk import Desk
from millrace.backtest.domain.holding import Holding
from millrace.backtest.domain.plan import Series
from millrace.common.kernel.market import Candle
from millrace.common.kernel.money import ZERO, times
from millrace.strategy.port import Context, Strategy


class Wish(NamedTuple):
    """An order for the next open; `committed` is the cash that nobody else may spend until then."""

    side: str
    quantity: Decimal
    committed: Decimal


class Slot:
    """`last` is the last candle of the series that has closed."""

    def __init__(self, strategy: Strategy, desk: Desk, series: Series) -> None:
        self.strategy = strategy
        self.desk = desk
        self.series = series
        self.holding = Holding(desk.instrument.symbol)
        self.wish: Wish | None = None
        self.last: Candle | None = None
        self._stop: Decimal | None = getattr(strategy.parameters, "stop_loss", None)
        self._target: Decimal | None = getattr(strategy.parameters, "take_profit", None)

    def warm_up(self) -> None:
        """Let the strategy see what was before, without asking it."""
        for bar in self.series.past:
            self.strategy.on_candle(bar, Context())
            self.last = bar

    @property
    def worth(self) -> Decimal:
        """What is held at the last close, in quote currency."""
        return times(self.holding.quantity, self.last.close) if self.last is not None else ZERO

    def protection(self, bar: Candle) -> Decimal | None:
        """At what price the stop or the target that rest at the exchange were filled in this candle; None: neither.

        When the candle touches both, the stop came first; nobody can know, and this is the worse. A stop pays
        slippage, which counts from the candle itself; a target is filled at its own price, or at a better open.
        """
        entry, tick = self.holding.entry_price, self.desk.instrument.tick_size
        if entry is None:
            return None
        if self._stop is not None:
            level = entry * (1 - self._stop)
            if bar.low <= level:
                return self.desk.worsened("sell", self.holding.quantity, min(level, bar.open), bar)
        if self._target is not None:
            level = (entry * (1 + self._target) / tick).to_integral_value(ROUND_CEILING) * tick
            if bar.high >= level:
                return (max(level, bar.open) / tick).to_integral_value(ROUND_FLOOR) * tick
        return None
