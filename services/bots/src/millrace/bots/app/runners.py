"""The strategies of the running bots, in memory; rebuilt from stored candles when they are not there."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from millrace.bots.domain.runner import Runner
from millrace.common.kernel.market import Candle
from millrace.strategy.registry import create

History = Callable[[str, str, str, datetime, int], Awaitable[list[Candle]]]
"""(exchange, symbol, timeframe, before, count) -> the stored candles before an instant, oldest first."""

_REBUILD_BARS = 2000


class Runners:
    """One runner for each bot that has been asked for."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._runners: dict[UUID, tuple[str, Runner]] = {}

    async def of(self, row: dict[str, Any], candle: Candle) -> Runner:
        """The bot's runner, just before `candle`."""
        made_of = f"{row['strategy']} {row['parameters']}"
        known = self._runners.get(row["id"])
        if known is not None and known[0] == made_of:
            return known[1]
        strategy = create(row["strategy"], orjson.loads(row["parameters"]))
        count = max(strategy.warmup, _REBUILD_BARS if row["last_candle_at"] else strategy.warmup)
        past = await self._history(row["exchange"], row["symbol"], row["timeframe"], candle.opened_at, count)
        runner = Runner(strategy, past)
        self._runners[row["id"]] = (made_of, runner)
        return runner

    def forget(self, bot_id: UUID) -> None:
        """The bot stopped; when it starts again it warms up afresh."""
        self._runners.pop(bot_id, None)
