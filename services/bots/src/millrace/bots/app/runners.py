"""The strategies of the running bots, in memory; made from stored candles when they are not there."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from millrace.bots.app.past import Past, Stretch, runs
from millrace.bots.domain.capital import default_size
from millrace.bots.domain.memory import Memory
from millrace.bots.domain.runner import Runner
from millrace.common.kernel import timeframes
from millrace.common.kernel.errors import MillraceError
from millrace.common.kernel.market import Candle
from millrace.strategy.port import Strategy
from millrace.strategy.registry import create
from millrace.strategy.sizing_rule import SizingRule, parse_sizing

History = Callable[[str, str, str, datetime, int], Awaitable[list[Candle]]]
"""(exchange, symbol, timeframe, before, count) -> the stored candles before an instant, oldest first."""
Row = dict[str, Any]

_DEFAULT_SIZE = Decimal("0.1")


def made_from(name: str, parameters: Row, config: Row, risk_mode: str = "balanced") -> tuple[Strategy, SizingRule]:
    """A bot's strategy and sizing; the size is the strategy's own, by risk mode, where the configuration gives none."""
    strategy = create(name, parameters)
    size = default_size(getattr(strategy.parameters, "position_size", _DEFAULT_SIZE), risk_mode)
    return strategy, parse_sizing(config, size)


class Runners:
    """One runner for each bot that has been asked for."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._runners: dict[UUID, tuple[str, Runner]] = {}

    async def past(self, rows: Sequence[Row], candles: Sequence[Candle]) -> Past:
        """What these bots have to read to be shown `candles`, all of one series, in this order."""
        stretches: list[Stretch] = []
        ended: datetime | None = None
        for run in runs(candles):
            first, last = run[0].opened_at, run[-1].opened_at
            if count := max((self._reach(row, run, ended) for row in rows), default=0):
                stretches.append(Stretch(first, last, count, await self._stored(run[-1], count)))
            ended = last
        return Past(stretches)

    async def _stored(self, candle: Candle, count: int) -> list[Candle] | MillraceError:
        try:
            return await self._history(candle.exchange, candle.symbol, candle.timeframe, candle.opened_at, count)
        except MillraceError as problem:
            return problem

    def _reach(self, row: Row, run: Sequence[Candle], ended: datetime | None) -> int:
        """How many candles before the end of `run` the bot may have to read; `ended` is the end of the run before."""
        shown: datetime | None = row["last_candle_at"]
        coming = [candle for candle in run if shown is None or candle.opened_at > shown]
        if not coming:
            return 0
        first, last, bar = coming[0], coming[-1], timeframes.length(run[0].timeframe)
        on_the_way = (last.opened_at - first.opened_at) // bar
        try:
            runner = self._known(row)
            memory = runner.memory if runner else _ingredients(row)[2]
        except Exception:
            return 0  # told when it is made
        if ended is not None and (shown is None or ended > shown):
            return memory.most + on_the_way
        stays = memory.anchor(row["anchor_at"] or first.opened_at, last.opened_at - bar, bar) == row["anchor_at"]
        if runner and stays and runner.stands(row["anchor_at"], shown, first):
            return 0
        return _needed(row, memory, first)[1] + on_the_way

    def _known(self, row: Row) -> Runner | None:
        recipe, runner = self._runners.get(row["id"], ("", None))
        return runner if recipe == _recipe(row) else None

    async def ready(self, rows: Sequence[Row], candle: Candle, past: Past) -> dict[UUID, Runner | Exception]:
        """The runner of each bot, just before `candle`; or what is wrong with its strategy.

        A bot of which `past` knows nothing is left out: its owner has changed it since, it goes on with a later candle.
        """
        found: dict[UUID, Runner | Exception] = {}
        for row in rows:
            runner = self._known(row)
            if runner and runner.stands(row["anchor_at"], row["last_candle_at"], candle):
                found[row["id"]] = runner
                continue
            try:
                if made := self._made(row, candle, past):
                    found[row["id"]] = made
            except Exception as problem:
                found[row["id"]] = problem
            await asyncio.sleep(0)  # warming up many is long work
        return found

    def _made(self, row: Row, candle: Candle, past: Past) -> Runner | None:
        strategy, sizing, memory = _ingredients(row)
        anchor, count = _needed(row, memory, candle)
        stored = past.before(candle, anchor, count)
        if stored is None:
            return None
        if anchor is None:
            anchor = stored[0].opened_at if stored else candle.opened_at
        runner = Runner(strategy, sizing, memory, anchor, row["last_candle_at"])
        runner.remember(stored)
        self._runners[row["id"]] = (_recipe(row), runner)
        return runner

    def forget(self, bot_id: UUID) -> None:
        """The bot does not run any more."""
        self._runners.pop(bot_id, None)


def _recipe(row: Row) -> str:
    return f"{row['strategy']} {row['timeframe']} {row['parameters']} {row['config']} {row['risk_mode']}"


def _ingredients(row: Row) -> tuple[Strategy, SizingRule, Memory]:
    parameters, config = orjson.loads(row["parameters"]), orjson.loads(row["config"])
    strategy, sizing = made_from(row["strategy"], parameters, config, row["risk_mode"])
    return strategy, sizing, Memory(row["id"], strategy.warmup)


def _needed(row: Row, memory: Memory, candle: Candle) -> tuple[datetime | None, int]:
    """Where the bot's memory begins, None before its first candle, and how many candles before this one it has."""
    anchor: datetime | None = row["anchor_at"]
    if anchor is None:
        return None, memory.warmup
    bar = timeframes.length(candle.timeframe)
    anchor = memory.anchor(anchor, candle.opened_at - bar, bar)
    return anchor, max(0, (candle.opened_at - anchor) // bar)
