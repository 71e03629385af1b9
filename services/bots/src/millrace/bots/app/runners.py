"""The strategies of the running bots, in memory; made from stored candles when they are not there."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from millrace.bots.domain.runner import Runner
from millrace.common.kernel import timeframes
from millrace.common.kernel.market import Candle
from millrace.strategy.port import Strategy
from millrace.strategy.registry import create
from millrace.strategy.sizing_rule import SizingRule, parse_sizing

History = Callable[[str, str, str, datetime, int], Awaitable[list[Candle]]]
"""(exchange, symbol, timeframe, before, count) -> the stored candles before an instant, oldest first."""
Row = dict[str, Any]

_DEFAULT_SIZE = Decimal("0.1")


def made_from(name: str, parameters: Row, config: Row) -> tuple[Strategy, SizingRule]:
    """A bot's strategy and sizing; the size is the strategy's own where the configuration gives none."""
    strategy = create(name, parameters)
    return strategy, parse_sizing(config, getattr(strategy.parameters, "position_size", _DEFAULT_SIZE))


class Runners:
    """One runner for each bot that has been asked for."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._runners: dict[UUID, tuple[str, Runner]] = {}

    async def ready(self, rows: Sequence[Row], candle: Candle) -> dict[UUID, Runner | Exception]:
        """The runner of each bot, just before `candle`; or what is wrong with its strategy."""
        found: dict[UUID, Runner | Exception] = {}
        cold: list[Row] = []
        for row in rows:
            known = self._runners.get(row["id"])
            if known and known[0] == _recipe(row) and known[1].stands(row["anchor_at"], row["last_candle_at"], candle):
                found[row["id"]] = known[1]
            else:
                cold.append(row)
        return found | await self._made(cold, candle) if cold else found

    async def _made(self, rows: Sequence[Row], candle: Candle) -> dict[UUID, Runner | Exception]:
        found: dict[UUID, Runner | Exception] = {}
        parts: list[tuple[Row, Strategy, SizingRule, int]] = []
        for row in rows:
            try:
                strategy, sizing = made_from(
                    row["strategy"], orjson.loads(row["parameters"]), orjson.loads(row["config"])
                )
                parts.append((row, strategy, sizing, _bars(row, strategy, candle)))
            except Exception as problem:
                found[row["id"]] = problem
        most = max((count for *_, count in parts), default=0)
        past = await self._past(candle, most) if most else []
        for row, strategy, sizing, count in parts:
            try:
                found[row["id"]] = self._warm(row, strategy, sizing, past[-count:] if count else [], candle)
            except Exception as problem:
                found[row["id"]] = problem
            await asyncio.sleep(0)  # warming up many is long work
        return found

    async def _past(self, candle: Candle, count: int) -> list[Candle]:
        return await self._history(candle.exchange, candle.symbol, candle.timeframe, candle.opened_at, count)

    def _warm(self, row: Row, strategy: Strategy, sizing: SizingRule, past: list[Candle], candle: Candle) -> Runner:
        anchor: datetime | None = row["anchor_at"]
        if anchor is None:
            anchor = past[0].opened_at if past else candle.opened_at
        runner = Runner(row["id"], strategy, sizing, anchor, row["last_candle_at"])
        runner.remember([old for old in past if old.opened_at >= anchor])
        self._runners[row["id"]] = (_recipe(row), runner)
        return runner

    def forget(self, bot_id: UUID) -> None:
        """The bot does not run any more."""
        self._runners.pop(bot_id, None)


def _recipe(row: Row) -> str:
    return f"{row['strategy']} {row['timeframe']} {row['parameters']} {row['config']}"


def _bars(row: Row, strategy: Strategy, candle: Candle) -> int:
    """How many candles before this one the strategy has to see."""
    if row["anchor_at"] is None:
        return strategy.warmup
    anchor: datetime = row["anchor_at"]
    return max(0, (candle.opened_at - anchor) // timeframes.length(candle.timeframe))
