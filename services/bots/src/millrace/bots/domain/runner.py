"""Keeps one strategy at the point its candles have brought it to."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from millrace.bots.domain.memory import Memory
from millrace.common.kernel import timeframes
from millrace.common.kernel.market import Candle
from millrace.strategy.port import Context, Signal, Strategy
from millrace.strategy.sizing_rule import SizingRule


class Runner:
    """A strategy, the first candle it ever saw (`anchor`) and the last one its bot has been shown (`shown`).

    The two are stored with the bot. Whoever makes the strategy anew from the candles since the anchor gets the same
    one; a runner that does not stand where its bot stands (a transaction failed, a bar is missing) is made anew.
    """

    def __init__(
        self, strategy: Strategy, sizing: SizingRule, memory: Memory, anchor: datetime, shown: datetime | None
    ) -> None:
        self.sizing = sizing
        self.memory = memory
        self.anchor = anchor
        self.shown = shown
        self._strategy = strategy

    def remember(self, past: Sequence[Candle]) -> None:
        """Bring the strategy up to date, without asking it."""
        for candle in past:
            self._strategy.on_candle(candle, Context())

    def stands(self, anchor: datetime | None, shown: datetime | None, candle: Candle) -> bool:
        """Whether `candle` is the next one for it, and its bot says so too."""
        due = None if shown is None else shown + timeframes.length(candle.timeframe)
        return (anchor, shown) == (self.anchor, self.shown) and due in (None, candle.opened_at)

    def step(self, candle: Candle, position: Decimal, entry: Decimal | None) -> tuple[Signal | None, Context]:
        """The strategy's answer to a closed candle: a signal, or the reason for none."""
        context = Context(position=position, entry_price=entry)
        signal = self._strategy.on_candle(candle, context)
        self.shown = candle.opened_at
        return signal, context

    def next_anchor(self, candle: Candle) -> datetime:
        """Where the memory begins once `candle` has been shown."""
        return self.memory.anchor(self.anchor, candle.opened_at, timeframes.length(candle.timeframe))
