"""A strategy at work: its bots, their limits, and that others are not touched."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from millrace.bots.domain.modes import DRAWN_DOWN
from millrace.common.auth.principal import Principal
from millrace.common.events.trading import OrderState, Side

FAST = {"strategy_type": "trend", "config": {"fast": 2, "slow": 3}, "symbols": ["BTCUSDT"], "timeframes": ["5m"]}


async def made(owner: Any, **terms: Any) -> Any:
    """A strategy that enters when the last prices rise."""
    return (await owner.ask("POST", "/strategies", {"name": "fast", **FAST, **terms})).value()


async def run(owner: Any, strategy: Any, verb: str = "start") -> Any:
    """The answer to a start or stop."""
    return (await owner.ask("POST", f"/strategies/{strategy['id']}/{verb}")).value()


async def bots(owner: Any) -> list[Any]:
    """The user's bots."""
    found: list[Any] = (await owner.ask("GET", "/bots")).value()["items"]
    return found


async def rising(play: Any, bars: Any) -> None:
    """Bars that make it enter."""
    await play([bars(n, 100) for n in range(3)], heard=False)
    await play([bars(3, 110)])


async def test_a_start_runs_a_bot_for_each_symbol_and_timeframe(owner: Any) -> None:
    strategy = await made(owner, symbols=["BTCUSDT", "eth/usdt"], timeframes=["5m", "1h"])
    started = await run(owner, strategy)
    assert (started["is_active"], started["stopped_at"]) == (True, None)
    assert started["started_at"] is not None
    found = await bots(owner)
    assert [(b["symbol"], b["timeframe"]) for b in found] == [
        ("BTC/USDT", "5m"),
        ("BTC/USDT", "1h"),
        ("ETH/USDT", "5m"),
        ("ETH/USDT", "1h"),
    ]
    assert {(b["strategy"], b["status"], b["managed_by"], b["trading_mode"]) for b in found} == {
        ("trend", "active", strategy["id"], "paper")
    }
    assert found[0]["name"] == "fast BTC/USDT 5m"
    assert {bot["spelling"] for bot in found} == {""}  # nobody wrote it: each contract tells the symbol its own way
    active = (await owner.ask("GET", "/strategies", query={"is_active": "true"})).value()
    assert [one["id"] for one in active["items"]] == [strategy["id"]]


async def test_a_start_brings_back_the_bots_that_were_stopped_or_deleted_since(owner: Any) -> None:
    strategy = await made(owner, symbols=["BTCUSDT", "ETHUSDT"])
    started = await run(owner, strategy)
    first, second = await bots(owner)
    await owner.ask("POST", f"/bots/{first['id']}/stop")
    await owner.ask("DELETE", f"/bots/{second['id']}")
    assert (await run(owner, strategy))["started_at"] == started["started_at"]
    again = await bots(owner)
    assert [(b["symbol"], b["status"]) for b in again] == [("BTC/USDT", "active"), ("ETH/USDT", "active")]
    assert again[0]["id"] == first["id"]
    assert again[1]["id"] != second["id"]


async def test_a_strategy_whose_last_bot_is_deleted_has_stopped(owner: Any) -> None:
    strategy = await made(owner, symbols=["BTCUSDT", "ETHUSDT"])
    await run(owner, strategy)
    first, second = await bots(owner)
    await owner.ask("DELETE", f"/bots/{first['id']}")
    assert (await owner.ask("GET", f"/strategies/{strategy['id']}")).value()["is_active"] is True
    await owner.ask("DELETE", f"/bots/{second['num']}")
    stopped = (await owner.ask("GET", f"/strategies/{strategy['id']}")).value()
    assert (stopped["is_active"], stopped["stopped_at"] is not None) == (False, True)
    assert (await run(owner, strategy))["is_active"] is True
    assert [b["status"] for b in await bots(owner)] == ["active", "active"]


async def test_of_the_last_two_bots_deleted_at_once_one_is_the_last(owner: Any) -> None:
    strategy = await made(owner, symbols=["BTCUSDT", "ETHUSDT"])
    await run(owner, strategy)
    await asyncio.gather(*(owner.ask("DELETE", f"/bots/{bot['id']}") for bot in await bots(owner)))
    assert (await owner.ask("GET", f"/strategies/{strategy['id']}")).value()["is_active"] is False


async def test_start_and_stop_again_change_nothing_and_the_same_bots_come_back(owner: Any) -> None:
    strategy = await made(owner)
    assert await run(owner, strategy) == await run(owner, strategy)
    (bot,) = await bots(owner)
    stopped = await run(owner, strategy, "stop")
    assert (stopped["is_active"], stopped["stopped_at"] is not None) == (False, True)
    assert (stopped["started_at"], (await owner.row(bot["id"]))["status"]) == (
        (await run(owner, strategy, "stop"))["started_at"],
        "stopped",
    )
    await run(owner, strategy)
    assert [(b["id"], b["status"]) for b in await bots(owner)] == [(bot["id"], "active")]


async def test_is_active_starts_and_stops_too(owner: Any) -> None:
    strategy = await made(owner)
    for active, status in ((True, "active"), (False, "stopped")):
        changed = (await owner.ask("PUT", f"/strategies/{strategy['id']}", {"is_active": active})).value()
        assert (changed["is_active"], [b["status"] for b in await bots(owner)]) == (active, [status])


async def test_without_symbols_it_runs_on_the_first_market_there_is(owner: Any) -> None:
    await run(owner, await made(owner, symbols=[], timeframes=[]))
    assert [(b["symbol"], b["timeframe"]) for b in await bots(owner)] == [("BTC/USDT", "5m")]


async def test_a_strategy_that_is_not_on_paper_runs_live_bots(owner: Any) -> None:
    await run(owner, await made(owner, is_paper_trading=False))
    assert [b["trading_mode"] for b in await bots(owner)] == ["live"]


async def test_its_bots_trade_by_its_parameters_and_a_change_of_them_warms_up_afresh(
    owner: Any, play: Any, bars: Any
) -> None:
    strategy = await made(owner)
    await run(owner, strategy)
    await rising(play, bars)
    (bot,) = await bots(owner)
    assert [(s.side, s.quantity) for s in owner.signals()] == [(Side.BUY, Decimal("9.09090"))]
    await owner.ask("PUT", f"/strategies/{strategy['id']}", {"config": {"fast": 3, "slow": 4}})
    row = await owner.row(bot["id"])
    assert (row["parameters"], row["anchor_at"]) == ('{"fast": 3, "slow": 4}', None)


async def test_its_signals_say_which_contract_it_was_made_through(owner: Any, play: Any, bars: Any) -> None:
    await run(owner, await made(owner, origin="interfaces"))
    await rising(play, bars)
    assert [signal.origin for signal in owner.signals()] == ["interfaces"]


@pytest.mark.parametrize(
    ("change", "now"),
    [
        ({"symbols": ["ETHUSDT"]}, ("ETH/USDT", "5m", "trend")),
        ({"timeframes": ["1h"]}, ("BTC/USDT", "1h", "trend")),
        ({"strategy_type": "momentum", "config": {"rsi_period": 3}}, ("BTC/USDT", "5m", "momentum")),
    ],
)
@pytest.mark.parametrize("said", [{}, {"is_active": True}])
async def test_on_another_market_or_of_another_type_it_runs_other_bots(
    owner: Any, change: dict[str, Any], now: tuple[str, ...], said: dict[str, Any]
) -> None:
    strategy = await made(owner)
    await run(owner, strategy)
    (before,) = await bots(owner)
    changed = (await owner.ask("PUT", f"/strategies/{strategy['id']}", {**change, **said})).value()
    assert (changed["is_active"], {name: changed[name] for name in change}) == (True, change)
    (bot,) = await bots(owner)
    assert ((bot["symbol"], bot["timeframe"], bot["strategy"]), bot["status"]) == (now, "active")
    assert (await owner.row(before["id"]))["status"] == "deleted"


async def test_the_same_market_and_type_again_keep_its_bots(owner: Any) -> None:
    strategy = await made(owner)
    await run(owner, strategy)
    before = await bots(owner)
    await owner.ask("PUT", f"/strategies/{strategy['id']}", {**FAST, "name": "other", "is_active": True})
    assert [bot["id"] for bot in await bots(owner)] == [bot["id"] for bot in before]


async def test_a_change_to_a_market_that_is_not_there_changes_nothing(owner: Any) -> None:
    strategy = await run(owner, await made(owner))
    answer = await owner.ask("PUT", f"/strategies/{strategy['id']}", {"symbols": ["XXX/YYY"]})
    assert answer.status == 400
    assert (await owner.ask("GET", f"/strategies/{strategy['id']}")).value() == strategy


@pytest.mark.parametrize(("limit", "quantity"), [("0.05", "4.54545"), ("110", "1"), ("2000", "9.09090")])
async def test_a_position_is_not_larger_than_the_strategy_allows(
    owner: Any, play: Any, bars: Any, limit: str, quantity: str
) -> None:
    await run(owner, await made(owner, risk={"max_position_size": limit}))
    await rising(play, bars)
    assert owner.signals()[0].quantity == Decimal(quantity)


async def test_after_too_deep_a_fall_it_enters_no_more_but_leaves_what_it_holds(
    owner: Any, play: Any, bars: Any
) -> None:
    strategy = await made(owner, risk={"max_drawdown": "0.05"})
    await run(owner, strategy)
    await rising(play, bars)
    (bot,) = await bots(owner)
    await owner.order(owner.signals()[0], OrderState.FILLED, 4, 9)
    await play([bars(4, 40)])
    exit_ = owner.signals()[-1]
    assert (exit_.side, exit_.reduce_only, exit_.quantity) == (Side.SELL, True, 9)
    await owner.order(exit_, OrderState.FILLED, 4, 9)
    await play([bars(5, 200), bars(6, 300)])
    assert len(owner.signals()) == 2
    assert (await owner.skips(bot["id"]))[DRAWN_DOWN] >= 1
    await run(owner, strategy, "stop")
    await run(owner, strategy)
    (row,) = await owner.stand.rows("bots", "select profit, peak from strategy_runs")
    assert row["peak"] == row["profit"] == -630


async def test_a_deleted_strategy_takes_its_bots_with_it_and_leaves_others(owner: Any, new_owner: Any) -> None:
    other = await new_owner()
    strategy = await made(owner)
    await run(owner, strategy)
    mine = await owner.bot(strategy_id=strategy["id"])
    await run(other, await made(other))
    await owner.ask("DELETE", f"/strategies/{strategy['id']}")
    assert [b["id"] for b in await bots(owner)] == [str(mine)]
    assert [b["status"] for b in await bots(other)] == ["active"]


async def test_a_built_in_strategy_runs_for_each_user_apart(owner: Any, new_owner: Any) -> None:
    other, trend = await new_owner(), {"id": await owner.strategy_id("trend")}
    await run(owner, trend)
    assert (await owner.ask("GET", f"/strategies/{trend['id']}")).value()["is_active"] is True
    assert (await other.ask("GET", f"/strategies/{trend['id']}")).value()["is_active"] is False
    assert (len(await bots(owner)), len(await bots(other))) == (1, 0)


async def test_without_an_account_nothing_starts(owner: Any) -> None:
    strategy = await made(owner)
    await owner.stand.rows("bots", "update accounts set closed_at = now() returning 1")
    answer = await owner.ask("POST", f"/strategies/{strategy['id']}/start")
    assert (answer.status, answer.json()["error"]["code"]) == (409, "INVALID_STATE")
    assert (await owner.ask("GET", f"/strategies/{strategy['id']}")).value()["is_active"] is False


async def test_starts_at_the_same_time_make_no_second_bot(owner: Any) -> None:
    strategy = await made(owner)
    answers = await asyncio.gather(*(run(owner, strategy) for _ in range(4)))
    assert {answer["is_active"] for answer in answers} == {True}
    piloted = [owner.ask("PUT", "/mode", {"mode": "autopilot"}) for _ in range(4)]
    assert {answer.status for answer in await asyncio.gather(*piloted)} == {200}
    assert sorted(b["timeframe"] for b in await bots(owner)) == ["1h", "5m"]


async def test_a_held_bot_keeps_its_strategy_from_starting_and_nothing_else_is_started(owner: Any) -> None:
    strategy = await made(owner, timeframes=["5m", "1h"])
    await run(owner, strategy)
    await run(owner, strategy, "stop")
    held = (await bots(owner))[1]
    admin = Principal(owner.user.user_id, "admin", "admin")
    await owner.stand.ask("bots", "POST", f"/bots/{held['id']}/hold", admin, json={"reason": "looked into"})
    answer = await owner.ask("POST", f"/strategies/{strategy['id']}/start")
    assert answer.json()["error"]["message"] == "an administrator holds this bot: looked into"
    assert [b["status"] for b in await bots(owner)] == ["stopped", "stopped"]
    assert (await owner.ask("GET", f"/strategies/{strategy['id']}")).value()["is_active"] is False


async def test_a_paused_bot_of_a_strategy_goes_on_from_stored_candles(owner: Any, play: Any, bars: Any) -> None:
    await run(owner, await made(owner))
    await play([bars(n, 100) for n in range(3)], heard=False)
    await play([bars(3, 100)])
    (bot,) = await bots(owner)
    for verb in ("pause", "resume"):
        await owner.ask("POST", f"/bots/{bot['id']}/{verb}")
    await play([bars(4, 120)])
    assert [s.side for s in owner.signals()] == [Side.BUY]
