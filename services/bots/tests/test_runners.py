"""A strategy that is made anew stands where the old one stood."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from millrace.bots.app.past import Past
from millrace.bots.app.runners import Runners
from millrace.bots.domain.runner import Runner
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.market import Candle
from millrace.strategy.builtin.momentum import Momentum
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
        if count > 10_000:
            raise MillraceError(Code.VALIDATION_ERROR, "at most 10,000 candles")
        return [c for c in self.candles if c.opened_at < before][-count:]


def bot(strategy: str, **changes: Any) -> dict[str, Any]:
    """A bot's row as far as the runners read it."""
    columns = {"anchor_at": None, "last_candle_at": None, "timeframe": "5m", "parameters": "{}", "config": "{}"}
    columns["risk_mode"] = "balanced"
    return {"id": uuid4(), "strategy": strategy, **columns, **changes}


async def ready(runners: Runners, rows: list[dict[str, Any]], candle: Candle) -> dict[Any, Any]:
    """The runners just before a candle that comes alone."""
    return await runners.ready(rows, candle, await runners.past(rows, [candle]))


async def answers(market: Market, row: dict[str, Any], candles: list[Candle], crashes: Iterable[int]) -> list[Any]:
    """What the strategy says to each candle, when the process dies before some of them."""
    runners, found, stops = Runners(market.before), [], set(crashes)
    for number, candle in enumerate(candles):
        if number in stops:
            runners = Runners(market.before)
        runner = (await ready(runners, [row], candle))[row["id"]]
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
        runner = (await ready(runners, [lost], candle))[row["id"]]
        assert isinstance(runner, Runner)
        runner.step(candle, Decimal(0), None)
        lost.update(anchor_at=runner.next_anchor(candle), last_candle_at=candle.opened_at)
    found = []
    for candle in played:
        runner = (await ready(runners, [row], candle))[row["id"]]
        assert isinstance(runner, Runner)
        signal, context = runner.step(candle, Decimal(0), None)
        found.append(signal or context.skipped)
        row.update(anchor_at=runner.next_anchor(candle), last_candle_at=candle.opened_at)
    assert found == undisturbed


async def test_many_cold_bots_of_a_market_read_its_history_once(recorded: list[Candle]) -> None:
    market, rows = Market(recorded), [bot(strategy) for strategy in STRATEGIES * 10]
    found = await ready(Runners(market.before), rows, recorded[FIRST])
    assert len(found) == len(rows)
    assert len(market.reads) == 1


async def test_what_is_wrong_with_one_strategy_is_told_of_it_alone(recorded: list[Candle]) -> None:
    rows = [bot("trend"), bot("trend", parameters='{"fast": "many"}')]
    good, bad = (await ready(Runners(Market(recorded).before), rows, recorded[FIRST])).values()
    found = {type(good), type(bad)}
    assert Runner in found
    assert len(found) == 2


async def shown(runners: Runners, row: dict[str, Any], candle: Candle) -> Any:
    """The answer to one candle, kept with the bot."""
    runner = (await ready(runners, [row], candle))[row["id"]]
    assert isinstance(runner, Runner)
    signal, context = runner.step(candle, Decimal(0), None)
    row.update(anchor_at=runner.next_anchor(candle), last_candle_at=candle.opened_at)
    return signal or context.skipped


async def test_a_new_bot_reads_as_many_candles_as_its_strategy_needs(recorded: list[Candle]) -> None:
    market = Market(recorded)
    await ready(Runners(market.before), [bot("trend", parameters='{"slow": 40}')], recorded[FIRST])
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


async def in_polls(
    market: Market, row: dict[str, Any], candles: list[Candle], cuts: Iterable[int], crashes: Iterable[int] = ()
) -> dict[datetime, Any]:
    """What the strategy says to each candle, when the candles come in polls that begin at `cuts`."""
    runners, found = Runners(market.before), {}
    edges = sorted({0, *cuts, len(candles)})
    for begin, end in pairwise(edges):
        if begin in crashes:
            runners = Runners(market.before)
        past = await runners.past([dict(row)], candles[begin:end])
        reads = len(market.reads)
        for candle in candles[begin:end]:
            runner = (await runners.ready([row], candle, past))[row["id"]]
            assert isinstance(runner, Runner), runner
            signal, context = runner.step(candle, Decimal(0), None)
            found[candle.opened_at] = signal or context.skipped
            row.update(anchor_at=runner.next_anchor(candle), last_candle_at=candle.opened_at)
        assert len(market.reads) == reads  # nothing is read once the bots may be locked
    return found


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
@pytest.mark.parametrize("holes", ["whole", "in the store", "on the way"])
async def test_however_polls_are_cut_the_answers_are_the_same(
    recorded: list[Candle], holes: str, data: st.DataObject
) -> None:
    start, length = data.draw(st.integers(FIRST, 8_000)), data.draw(st.integers(1, 450))
    gap = range(start + length // 2, start + length // 2 + data.draw(st.integers(1, 1_800)))
    stored = [c for n, c in enumerate(recorded) if holes != "in the store" or n not in gap]
    played = [c for c in stored if recorded[start].opened_at <= c.opened_at][:length]
    if holes == "on the way":  # they are in the store, and nobody hears of them
        played = [c for n, c in enumerate(recorded) if n >= start and n not in gap][:length]
    old = data.draw(st.sampled_from([None, 5, 900, 1_400, 1_600, 30_000]))
    anchor = None if old is None else recorded[start].opened_at - old * timedelta(minutes=5)
    row = bot("momentum", anchor_at=anchor)
    cuts = data.draw(st.sets(st.integers(0, max(0, len(played) - 1)), max_size=6))
    crashes = data.draw(st.sets(st.sampled_from(sorted({0, *cuts}))))
    one_by_one = await in_polls(Market(stored), dict(row), played, range(len(played)))
    assert await in_polls(Market(stored), dict(row), played, cuts, crashes) == one_by_one


async def test_the_memory_may_move_up_in_the_middle_of_a_poll(recorded: list[Candle]) -> None:
    row, played = bot("momentum"), recorded[FIRST : FIRST + 2500]
    one_by_one = await in_polls(Market(recorded), dict(row), played, range(2500))
    assert await in_polls(Market(recorded), dict(row), played, range(0, 2500, 450)) == one_by_one


async def test_a_bot_that_was_paused_for_long_reads_no_more_than_it_remembers(recorded: list[Candle]) -> None:
    market, candle = Market(recorded), recorded[15_000]
    row = bot("trend", anchor_at=recorded[100].opened_at, last_candle_at=recorded[200].opened_at)
    runner = (await ready(Runners(market.before), [row], candle))[row["id"]]
    assert isinstance(runner, Runner)
    assert market.reads == [501]
    assert runner.next_anchor(candle) == recorded[15_000 - 501].opened_at


async def test_a_strategy_that_warms_up_over_more_than_can_be_read_is_its_own_failure(
    recorded: list[Candle], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Momentum, "warmup", property(lambda self: 3_000))
    good, bad = bot("trend"), bot("momentum")
    found = await ready(Runners(Market(recorded).before), [good, bad], recorded[FIRST])
    assert isinstance(found[good["id"]], Runner)
    assert "at most 1100" in str(found[bad["id"]])


async def test_a_question_the_market_does_not_answer_fails_those_who_asked_alone(recorded: list[Candle]) -> None:
    market, warm, cold = Market(recorded), bot("trend"), bot("trend")
    runners = Runners(market.before)
    await shown(runners, warm, recorded[FIRST])

    async def refuse(*asked: Any) -> list[Candle]:
        raise MillraceError(Code.INVALID_SYMBOL, "not here")

    runners._history = refuse
    found = await ready(runners, [warm, cold], recorded[FIRST + 1])
    assert isinstance(found[warm["id"]], Runner)
    assert isinstance(found[cold["id"]], MillraceError)


async def test_a_bot_that_was_changed_since_its_past_was_read_goes_on_with_a_later_candle(
    recorded: list[Candle],
) -> None:
    runners, old, new = Runners(Market(recorded).before), bot("trend"), bot("trend")
    past = await runners.past([old], recorded[FIRST : FIRST + 1])
    changed = {**old, "parameters": '{"slow": 300}'}
    assert await runners.ready([changed], recorded[FIRST], past) == {}
    assert await runners.ready([new], recorded[FIRST], Past()) == {}
    assert list(await ready(runners, [changed, new], recorded[FIRST + 1])) == [old["id"], new["id"]]
