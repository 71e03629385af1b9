"""Keeps one strategy at the point its candles have brought it to."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from millrace.common.kernel import timeframes
from millrace.common.kernel.market import Candle
from millrace.strategy.port import Context, Signal, Strategy
from millrace.strategy.sizing_rule import SizingRule

_LEAST_MEMORY = 500


class Runner:
    """A strategy, the first candle it ever saw (`anchor`) and the last one its bot has been shown (`shown`).

    The two are stored with the bot. Whoever makes the strategy anew from the candles since the anchor gets the same
    one; a runner that does not stand where its bot stands (a transaction failed, a bar is missing) is made anew.
    """

    def __init__(
        self, bot_id: UUID, strategy: Strategy, sizing: SizingRule, anchor: datetime, shown: datetime | None
    ) -> None:
        self.sizing = sizing
        self.anchor = anchor
        self.shown = shown
        self._strategy = strategy
        self._memory = max(_LEAST_MEMORY, 4 * strategy.warmup)
        self._stagger = bot_id.int % _LEAST_MEMORY  # not all bots of a market should be made anew on one candle

    def remember(self, past: list[Candle]) -> None:
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
        """Where the memory begins once `candle` has been shown.

        Now and then it moves up, and the strategy is made anew from there, restart or not; so what has to be read
        after a restart stays bounded.
        """
        bar = timeframes.length(candle.timeframe)
        if candle.opened_at - self.anchor < (2 * self._memory + self._stagger) * bar:
            return self.anchor
        return candle.opened_at - self._memory * bar
