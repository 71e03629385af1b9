"""How far back a bot's strategy remembers."""

from datetime import datetime, timedelta
from uuid import UUID

_LEAST = 500
_LONGEST_WARMUP = 1_100  # so that `most` and a poll's 500 candles are fewer than the 10,000 that can be read at once


class Memory:
    """Counts of candles. They follow from the bot and its strategy alone, so a restart changes nothing.

    Raises ValueError for a strategy that warms up for too long.
    """

    def __init__(self, bot_id: UUID, warmup: int) -> None:
        if warmup > _LONGEST_WARMUP:
            raise ValueError(f"the strategy warms up over {warmup} candles; at most {_LONGEST_WARMUP} are possible")
        self.warmup = warmup
        self._kept = max(_LEAST, 4 * warmup)
        self.most = 2 * self._kept + bot_id.int % _LEAST  # not all bots of a market should be made anew on one candle

    def anchor(self, anchor: datetime, shown: datetime, bar: timedelta) -> datetime:
        """Where the memory begins once the candle that opened at `shown` is behind the bot, seen by it or missed.

        Now and then it moves up, and the strategy is made anew from there, restart or not; so what has to be read
        after a restart or a long pause stays bounded.
        """
        return anchor if shown - anchor < self.most * bar else shown - self._kept * bar
