"""From wishes to plans, and what is said when there is none; what is told fits the services' own schemas."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from millrace.execution.api.schemas import PlaceOrder
from millrace.risk.api.schemas import Composed, Kill
from services.assistant.tests.conftest import Desk, bot, order, page

ACCOUNT = {"id": str(UUID(int=9)), "name": "Paper", "exchange": "binance", "mode": "paper", "is_active": True}


async def confirmed(desk: Desk, said: str) -> dict[str, Any]:
    """The answer to the confirmation of what `said` proposes."""
    asked = await desk.say(said)
    assert asked["confirmation_token"], asked
    return await desk.say("yes", asked["confirmation_token"])


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("pause gamma", "Which bot shall I pause? You have Alpha (#1) and Beta bot (#2)."),
        ("resume alpha", "There is nothing to resume: Alpha is active."),
        ("cancel order 5", "You have no open orders."),
        ("set limits", "Which limit, and how much?"),
        ("set max drawdown to 150%", "That limit is a share of at most 100 %."),
        ("set max open orders to 2.5", "The number of open orders must be whole."),
        ("kill switch off", "Your kill switch is not thrown."),
        ("sell my btc", "Sell how much of what?"),
        ("buy 0.1 btc for 100 usdt", "Buy how much of what?"),
        ("buy 0.1 btc", "You have no paper account at binance"),
        ("buy 0.1 doge/usdt", "I cannot prepare that: DOGE/USDT cannot be traded on 'binance'"),
    ],
)
async def test_what_cannot_be_planned_is_explained(desk: Desk, said: str, words: str) -> None:
    desk.others.known["execution", "/accounts"] = page()
    found = await desk.say(said)
    assert found["text"].startswith(words)
    assert (found["actions"], found["confirmation_token"]) == ([], None)


async def test_bots_of_one_name_are_asked_about(desk: Desk) -> None:
    desk.bots(bot(1, "Twin"), bot(2, "twin"))
    assert await desk.text("stop twin") == (
        "Which one do you mean: #1 Twin and #2 twin? Name it by its number, like bot 1."
    )
    assert "#2" in (await desk.say("stop bot 2"))["actions"][0]["description"]


async def test_the_only_bot_need_not_be_named(desk: Desk) -> None:
    desk.bots(bot(1, "Alpha", position="0.25"))
    (action,) = (await desk.say("stop the bot"))["actions"]
    assert action["description"].endswith("orders under way go on; the 0.25 BTC it holds stay")
    desk.bots()
    assert await desk.text("stop the bot") == "You have no bots."


async def test_bots_that_need_nothing_are_left_out_and_named(desk: Desk) -> None:
    found = await desk.say("pause all bots")
    assert found["text"].startswith(
        "Left out: Beta bot is paused.\nI will do 1 thing once you confirm within 60 seconds:"
    )
    assert [action["name"] for action in found["actions"]] == ["Alpha"]


async def test_more_than_anybody_reads_is_not_proposed(desk: Desk) -> None:
    desk.bots(*(bot(number, f"Bot{number}") for number in range(1, 52)))
    assert await desk.text("stop all bots") == "That would be 51 actions at once; name at most 50 of them."


async def test_orders_are_cancelled_by_number_or_pair(desk: Desk) -> None:
    desk.orders(order(17), order(18))
    asked = await desk.say("cancel order 17 and 99")
    assert asked["text"].startswith("Not open: #99.")
    assert "cancel order #17 (buy 0.5 BTC/USDT at 60000 on binance): the 0.4 of it not filled yet" in asked["text"]
    done = await desk.say("yes", asked["confirmation_token"])
    assert done["text"] == "1. Done: order #17 is cancelled."
    assert desk.others.told == [("execution", "DELETE", f"/orders/{UUID(int=2017)}", None)]
    assert await desk.text("cancel order 5") == "Which order? You have 2 open orders: #17 and #18."
    assert len((await desk.say("cancel all orders"))["actions"]) == 2
    await desk.say("cancel my btc orders")
    assert desk.others.asked[-1][2]["symbol"] == "BTC/USDT"


async def test_an_order_that_ended_meanwhile_is_left_alone(desk: Desk) -> None:
    desk.orders(order(17))
    asked = await desk.say("cancel order 17")
    desk.others.known["execution", f"/orders/{UUID(int=2017)}"] = order(17, state="filled")
    done = await desk.say("yes", asked["confirmation_token"])
    assert done["text"] == "1. Not done: the order is filled by now, so nothing was done."
    assert desk.others.told == []


@pytest.mark.parametrize(
    ("said", "told", "words"),
    [
        ("set max drawdown to 10%", {"max_drawdown": Decimal("0.1")}, "largest drawdown to 10 % (now 25 %)"),
        ("set daily loss to 5%", {"max_daily_loss_fraction": Decimal("0.05")}, "to 5 % (now none)"),
        ("max open orders 5", {"max_open_orders": 5}, "most open orders to 5 (now 50)"),
        ("limit position value to 2k", {"max_position_value": Decimal(2000)}, "to 2,000 (quote currency)"),
    ],
)
async def test_a_limit_is_set_as_risk_reads_it(desk: Desk, said: str, told: dict[str, Any], words: str) -> None:
    desk.others.answers["risk", "PUT", "/limits/effective"] = {name: str(value) for name, value in told.items()}
    assert words in (await desk.say(said))["text"]
    done = await confirmed(desk, said)
    assert done["text"].startswith("1. Done: the limit is set; what holds now is ")
    assert desk.others.told == [("risk", "PUT", "/limits/effective", told)]
    assert Composed.model_validate(told).model_dump(exclude_none=True) == told


async def test_a_limit_that_was_changed_meanwhile_is_left_alone(desk: Desk) -> None:
    asked = await desk.say("set max drawdown to 10%")
    limits = dict(desk.others.known["risk", "/limits/effective"])
    desk.others.known["risk", "/limits/effective"] = {**limits, "max_drawdown": "0.05"}
    assert "changed since it was shown" in (await desk.say("yes", asked["confirmation_token"]))["text"]
    assert desk.others.told == []


async def test_the_kill_switch_is_thrown_and_released(desk: Desk) -> None:
    desk.others.answers["risk", "POST", "/kill"] = {"active": True}
    desk.others.answers["risk", "DELETE", "/kill"] = {"active": False}
    assert (await confirmed(desk, "emergency stop"))["text"] == "1. Done: your kill switch is thrown."
    switches = [{"scope": "user", "reason": "x"}, {"scope": "global", "reason": "y"}]
    desk.others.known["risk", "/kill"] = {"items": switches}
    assert await desk.text("kill switch on") == "Your kill switch is already thrown."
    asked = await desk.say("resume trading")
    assert asked["text"].startswith("Still thrown after that: the switch of the global.")
    assert (await desk.say("yes", asked["confirmation_token"]))["text"] == "1. Done: your kill switch is released."
    assert [told[1] for told in desk.others.told] == ["POST", "DELETE"]
    assert all(Kill.model_validate(told[3]).scope == "user" for told in desk.others.told)


@pytest.fixture
def trader(desk: Desk) -> Desk:
    """Who has a paper account, at an exchange that takes orders."""
    desk.others.known["execution", "/accounts"] = page(ACCOUNT, {**ACCOUNT, "id": str(UUID(int=10)), "mode": "live"})
    placed = {"num": 3, "state": "approved", "reason": None, "filled_quantity": "0"}
    desk.others.answers["execution", "POST", "/orders"] = placed
    return desk


@pytest.mark.parametrize(
    ("said", "quantity", "price", "words"),
    [
        ("buy 0.01 btc at 50000", "0.01", "50000", "buy 0.01 BTC at 50000 USDT or better"),
        ("sell .5 btc", "0.5", None, "sell 0.5 BTC at market on the paper account 'Paper' at binance"),
        ("buy 100 usdt of btc", "0.00166", None, "about 99.60 USDT before fees; the last price is 60000 USDT"),
    ],
)
async def test_an_order_is_placed_as_execution_reads_it(
    trader: Desk, said: str, quantity: str, price: str | None, words: str
) -> None:
    asked = await trader.say(said)
    assert words in asked["text"]
    done = await trader.say("yes", asked["confirmation_token"])
    assert done["text"] == "1. Done: order #3 is approved, 0 filled."
    ((service, method, path, body),) = trader.others.told
    assert (service, method, path) == ("execution", "POST", "/orders")
    told = PlaceOrder.model_validate(body)
    assert (told.quantity, told.price) == (Decimal(quantity), None if price is None else Decimal(price))
    assert (told.account_id, told.source, told.intent_id is not None) == (UUID(int=9), "assistant", True)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("buy 0.000001 btc", "The least that can be traded is 0.00001 BTC."),
        ("buy 0.00001 btc", "An order at binance must be worth at least 5 USDT."),
        ("buy 1 btc at 0", "The price must be above zero."),
        ("buy 0.001 btc/usdt on luno", "I cannot prepare that: BTC/USDT cannot be traded on 'luno'"),
    ],
)
async def test_an_order_that_no_exchange_takes_is_not_proposed(trader: Desk, said: str, words: str) -> None:
    found = await trader.say(said)
    assert found["text"].startswith(words)
    assert found["confirmation_token"] is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"price": "62000"}, "the price has moved by more than 2 %, from 60000 to 62000"),
        ({"accounts": page({**ACCOUNT, "is_active": False})}, "the paper account is not there any more"),
        ({"accounts": page({**ACCOUNT, "mode": "live"})}, "the paper account is not there any more"),
    ],
)
async def test_an_order_whose_ground_has_moved_is_not_placed(trader: Desk, change: dict[str, Any], words: str) -> None:
    asked = await trader.say("buy 0.01 btc")
    known = trader.others.known
    known["marketdata", "/ticker"] = {**known["marketdata", "/ticker"], "price": change.get("price", "60000")}
    known["execution", "/accounts"] = change.get("accounts", known["execution", "/accounts"])
    assert words in (await trader.say("yes", asked["confirmation_token"]))["text"]
    assert trader.others.told == []


async def test_of_several_paper_accounts_none_is_guessed(trader: Desk) -> None:
    trader.others.known["execution", "/accounts"] = page(ACCOUNT, {**ACCOUNT, "name": "Other"})
    assert "several paper accounts at binance (Paper and Other)" in await trader.text("buy 0.01 btc")


async def test_two_plans_of_the_same_wish_are_two_orders(trader: Desk) -> None:
    for _ in range(2):
        await confirmed(trader, "buy 0.01 btc")
    assert len({told[3]["intent_id"] for told in trader.others.told}) == 2
