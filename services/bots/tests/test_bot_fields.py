"""What a bot is told as: defaults, capital and profit, names and numbers for it and for its strategy."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from millrace.common.events.trading import OrderState, Side


async def made(owner: Any, **asked: Any) -> Any:
    """The bot that a request makes."""
    return (await owner.ask("POST", "/bots", {"name": "Alpha", **asked})).value()


async def refused(owner: Any, **asked: Any) -> Any:
    """The error a request meets."""
    return (await owner.ask("POST", "/bots", {"name": "Alpha", **asked})).json()["error"]


async def test_a_bot_of_which_only_the_name_is_given_has_defaults_for_everything(owner: Any) -> None:
    bot = await made(owner)
    told = ("base_name", "exchange", "symbol", "strategy", "timeframe", "trading_mode", "risk_mode", "status")
    assert [bot[name] for name in told] == [
        "Alpha",
        "binance",
        "BTC/USDT",
        "hold",
        "5m",
        "paper",
        "balanced",
        "created",
    ]
    assert bot["spelling"] == ""
    money = [bot[name] for name in ("initial_capital", "current_capital", "total_profit", "profit")]
    assert (money, bot["accounts"], bot["origin"]) == (["0"] * 4, [], "botplatform")


async def test_a_bot_keeps_what_it_is_made_with(owner: Any) -> None:
    terms = {"base_name": "alpha", "trading_mode": "live", "risk_mode": "aggressive", "origin": "network"}
    capital = {"initial_capital": "1000.5", "given": "17508.75", "given_in": "ZAR"}
    bot = await made(owner, **terms, **capital, symbol="ETHUSDT")
    assert {name: bot[name] for name in capital} == capital
    again = (await owner.ask("GET", f"/bots/{bot['id']}")).value()
    assert {name: again[name] for name in (*terms, *capital)} == terms | capital
    assert (again["initial_capital"], again["current_capital"], again["spelling"]) == ("1000.5", "1000.5", "ETHUSDT")


async def test_a_strategy_is_chosen_by_name_id_or_number(owner: Any) -> None:
    items = (await owner.ask("GET", "/strategies")).value()["items"]
    trend = next(item for item in items if item["name"] == "trend")
    for terms in (
        {"strategy": "trend"},
        {"strategy": "Trend"},
        {"strategy_id": trend["id"]},
        {"strategy_id": trend["num"]},
    ):
        bot = await made(owner, **terms)
        assert (bot["strategy"], bot["strategy_id"]) == ("trend", trend["id"])


async def test_a_name_that_nobody_knows_is_bound_to_hold_and_a_number_is_not_there(owner: Any) -> None:
    assert (await made(owner, strategy="scalping"))["strategy"] == "hold"
    assert (await refused(owner, strategy_id=999_999))["code"] == "NOT_FOUND"


async def test_a_strategy_of_somebody_else_is_nobodys(owner: Any, new_owner: Any) -> None:
    other = await new_owner()
    theirs = (await other.ask("POST", "/strategies", {"name": "mine", "strategy_type": "trend"})).value()
    assert (await made(owner, strategy_id=theirs["id"]))["strategy"] == "hold"
    assert (await made(owner, strategy="mine"))["strategy"] == "hold"
    assert (await refused(owner, strategy_id=theirs["num"]))["code"] == "NOT_FOUND"


async def test_a_bot_of_a_users_own_strategy_runs_with_its_parameters(owner: Any) -> None:
    terms = {"name": "fast trend", "strategy_type": "trend", "config": {"fast": 2, "slow": 3, "unknown": [1]}}
    strategy = (await owner.ask("POST", "/strategies", terms)).value()
    bot = await made(owner, strategy="fast trend", config={"parameters": {"slow": 4}})
    assert (bot["strategy_id"], bot["strategy"]) == (strategy["id"], "trend")
    assert bot["parameters"] == {"fast": 2, "slow": 4}


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("trading_mode", {"trading_mode": "demo"}),
        ("risk_mode", {"risk_mode": "reckless"}),
        ("initial_capital", {"initial_capital": -1}),
        ("initial_capital", {"initial_capital": "NaN"}),
        ("base_name", {"base_name": ""}),
        ("held_reason", {"held_reason": "mine"}),
        ("current_capital", {"current_capital": 5}),
        ("config", {"config": {"note": "x" * 20_000}}),
        ("strategy_id", {"strategy_id": 2**63}),
    ],
)
async def test_a_field_that_makes_no_sense_is_named(owner: Any, field: str, asked: Any) -> None:
    error = await refused(owner, **asked)
    assert error["code"] == "VALIDATION_ERROR"
    assert any(field in name for name in error["fields"]), error


async def test_a_bot_is_found_by_its_number_as_by_its_id(owner: Any, new_owner: Any) -> None:
    bot, other = await made(owner), await new_owner()
    assert (await owner.ask("GET", f"/bots/{bot['num']}")).value()["id"] == bot["id"]
    assert (await owner.ask("POST", f"/bots/{bot['num']}/start")).value()["status"] == "active"
    assert (await owner.ask("PATCH", f"/bots/{bot['num']}", {"name": "Beta"})).value()["name"] == "Beta"
    answers = [await other.ask("GET", f"/bots/{ref}") for ref in (bot["id"], bot["num"], uuid4(), 10**12)]
    assert {answer.status for answer in answers} == {404}
    assert len({answer.json()["error"]["message"] for answer in answers}) == 1
    assert (await owner.ask("GET", f"/bots/{2**63}")).status == 422


async def test_stopping_what_never_ran_is_no_conflict(owner: Any) -> None:
    bot = await made(owner)
    assert (await owner.ask("POST", f"/bots/{bot['id']}/stop")).value()["status"] == "created"


async def test_what_a_bot_earned_is_its_cash_flow_and_its_position_at_the_last_price(
    owner: Any, play: Any, bars: Any
) -> None:
    bot_id = await owner.bot("hold", initial_capital="1000")
    buy = owner.signal(bot_id)
    await owner.order(buy, OrderState.FILLED, 4, 1, fees=Decimal("0.1"))
    told = await owner.ask("GET", f"/bots/{bot_id}")
    assert told.value()["total_profit"] == "-0.1"
    await play([bars(0, 110)])
    told = (await owner.ask("GET", f"/bots/{bot_id}")).value()
    assert [told[name] for name in ("total_profit", "current_capital", "profit")] == ["9.9", "1009.9", "0.0099"]
    sell = owner.signal(bot_id, side=Side.SELL, reference_price=Decimal(120))
    await owner.order(sell, OrderState.FILLED, 4, 1, fees=Decimal("0.12"))
    await owner.order(sell, OrderState.FILLED, 4, 1, fees=Decimal("0.12"))
    told = (await owner.ask("GET", f"/bots/{bot_id}")).value()
    assert (told["total_profit"], told["position"]) == ("19.78", "0")


async def test_a_bot_with_capital_of_its_own_sizes_by_that_and_not_by_the_account(
    owner: Any, play: Any, bars: Any
) -> None:
    terms = {"config": {"parameters": {"fast": 2, "slow": 3}}, "initial_capital": "1000"}
    own, bold = await owner.bot(**terms), await owner.bot(**terms, risk_mode="aggressive")
    await play([bars(n, 100) for n in range(3)], heard=False)
    await play([bars(3, 110)])
    assert owner.signals(own)[0].quantity == Decimal("0.90909")
    assert owner.signals(bold)[0].quantity == Decimal("1.36363")
