"""Keeps one strategy at the point its candles have brought it to."""

from datetime import datetime
from decimal import Decimal

from millrace.common.kernel.market import Candle
from millrace.strategy.port import Context, Signal, Strategy


class Runner:
    """A strategy and the last answer it gave, so that a candle delivered again gets the same answer."""

    def __init__(self, strategy: Strategy, history: list[Candle]) -> None:
        self._strategy = strategy
        self.last_at: datetime | None = None
        self._answer: tuple[Signal | None, Context] = (None, Context())
        for candle in history:
            self._strategy.on_candle(candle, Context())
            self.last_at = candle.opened_at

    def step(self, candle: Candle, position: Decimal, entry: Decimal | None) -> tuple[Signal | None, Context]:
        """The strategy's answer to a closed candle: a signal, or the reason for none."""
        if self.last_at is None or candle.opened_at > self.last_at:
            context = Context(position=position, entry_price=entry)
            self._answer = (self._strategy.on_candle(candle, context), context)
            self.last_at = candle.opened_at
        return self._answer
