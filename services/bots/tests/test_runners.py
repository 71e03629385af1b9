"""A strategy that is made anew stands where the old one stood."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from millrace.bots.app.runners import Runners
from millrace.bots.domain.runner import Runner
from millrace.common.kernel.market import Candle
from millrace.strategy.port import Context
from millrace.strategy.registry import create

STRATEGIES = ("momentum", "mean_reversion", "trend")
FIRST = 400


class Market:
    """Stored candles; counts how often they are read."""

    def __init__(self, candles: list[Candle]) -> None:
        self.candles = candles
        self.reads: list[int] = []

    async def before(self, exchange: str, symbol: str, timeframe: str, before: datetime, count: int) -> list[Candle]:
        """The port of the runners."""
        self.reads.append(count)
        return [c for c in self.candles if c.opened_at < before][-count:]


def bot(strategy: str, **changes: Any) -> dict[str, Any]:
    """A bot's row as far as the runners read it."""
    columns = {"anchor_at": None, "last_candle_at": None, "timeframe": "5m", "parameters": "{}", "config": "{}"}
    return {"id": uuid4(), "strategy": strategy, **columns, **changes}


async def answers(market: Market, row: dict[str, Any], candles: list[Candle], crashes: Iterable[int]) -> list[Any]:
    """What the strategy says to each candle, when the process dies before some of them."""
    runners, found, stops = Runners(market.before), [], set(crashes)
    for number, candle in enumerate(candles):
        if number in stops:
            runners = Runners(market.before)
        runner = (await runners.ready([row], candle))[row["id"]]
        assert isinstance(runner, Runner)
        signal, context = runner.step(candle, Decimal(0), None)
        found.append(signal or context.skipped)
        row.update(anchor_at=runner.next_anchor(candle), last_candle_at=candle.opened_at)
    return found


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_restarts_change_no_answer(recorded: list[Candle], strategy: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(FIRST, 10_000))
    played = recorded[start : start + 300]
    crashes = data.draw(st.sets(st.integers(0, 299), max_size=6))
    row = bot(strategy)
    undisturbed = await answers(Market(recorded), dict(row), played, ())
    assert await answers(Market(recorded), dict(row), played, crashes) == undisturbed


@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_restarts_change_no_answer_over_the_point_where_the_memory_moves_up(
    recorded: list[Candle], strategy: str
) -> None:
    row, played = bot(strategy), recorded[FIRST : FIRST + 2500]
    market = Market(recorded)
    undisturbed = await answers(market, dict(row), played, ())
    assert len(market.reads) > 1
    assert max(market.reads) <= 1500
    assert await answers(Market(recorded), dict(row), played, range(0, 2500, 311)) == undisturbed


async def test_a_step_whose_transaction_failed_is_taken_again_from_the_same_point(recorded: list[Candle]) -> None:
    row, played = bot("trend"), recorded[FIRST : FIRST + 60]
    undisturbed = await answers(Market(recorded), dict(row), played, ())
    runners, lost = Runners(Market(recorded).before), bot("trend", id=row["id"])
    for candle in played[:3]:  # all three in one transaction that was rolled back
        runner = (await runners.ready([lost], candle))[row["id"]]
        assert isinstance(runner, Runner)
        runner.step(candle, Decimal(0), None)
        lost.update(anchor_at=runner.next_anchor(candle), last_candle_at=candle.opened_at)
    found = []
    for candle in played:
        runner = (await runners.ready([row], candle))[row["id"]]
        assert isinstance(runner, Runner)
        signal, context = runner.step(candle, Decimal(0), None)
        found.append(signal or context.skipped)
        row.update(anchor_at=runner.next_anchor(candle), last_candle_at=candle.opened_at)
    assert found == undisturbed


async def test_many_cold_bots_of_a_market_read_its_history_once(recorded: list[Candle]) -> None:
    market, rows = Market(recorded), [bot(strategy) for strategy in STRATEGIES * 10]
    ready = await Runners(market.before).ready(rows, recorded[FIRST])
    assert len(ready) == len(rows)
    assert len(market.reads) == 1


async def test_what_is_wrong_with_one_strategy_is_told_of_it_alone(recorded: list[Candle]) -> None:
    rows = [bot("trend"), bot("trend", parameters='{"fast": "many"}')]
    good, bad = (await Runners(Market(recorded).before).ready(rows, recorded[FIRST])).values()
    found = {type(good), type(bad)}
    assert Runner in found
    assert len(found) == 2


async def shown(runners: Runners, row: dict[str, Any], candle: Candle) -> Any:
    """The answer to one candle, kept with the bot."""
    runner = (await runners.ready([row], candle))[row["id"]]
    assert isinstance(runner, Runner)
    signal, context = runner.step(candle, Decimal(0), None)
    row.update(anchor_at=runner.next_anchor(candle), last_candle_at=candle.opened_at)
    return signal or context.skipped


async def test_a_new_bot_reads_as_many_candles_as_its_strategy_needs(recorded: list[Candle]) -> None:
    market = Market(recorded)
    await Runners(market.before).ready([bot("trend", parameters='{"slow": 40}')], recorded[FIRST])
    assert market.reads == [40]


async def test_bars_that_a_bot_was_not_shown_are_read_from_the_store(recorded: list[Candle]) -> None:
    row, played = bot("trend"), recorded[FIRST : FIRST + 40]
    undisturbed = await answers(Market(recorded), dict(row), played, ())
    runners = Runners(Market(recorded).before)
    found = [await shown(runners, row, candle) for candle in (*played[:10], *played[20:])]
    assert found == [*undisturbed[:10], *undisturbed[20:]]


async def test_a_hole_in_the_store_does_not_make_the_memory_reach_farther_back(recorded: list[Candle]) -> None:
    holed = [*recorded[: FIRST + 20], *recorded[FIRST + 30 :]]
    row, played = bot("momentum"), holed[FIRST : FIRST + 60]
    strategy, plain = create("momentum", {}), []
    for candle in holed[FIRST - strategy.warmup : FIRST + 60]:
        context = Context()
        plain.append(strategy.on_candle(candle, context) or context.skipped)
    assert await answers(Market(holed), row, played, range(60)) == plain[strategy.warmup :]
