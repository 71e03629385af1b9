"""The assistant with the real bots, execution, risk and portfolio: what is confirmed happens there."""

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from millrace.common.auth.principal import Principal
from millrace.common.events.market import PriceSeen
from millrace.common.events.users import UserRegistered
from millrace.common.kernel.clock import SystemClock
from millrace.common.testing.service import Stand, StartService
from services.assistant.tests.conftest import Desk, Others


@pytest.fixture
async def desk(start_service: StartService) -> Desk:
    """A new user with the account that every user gets; BTC is at 20,000."""
    stand = await start_service("assistant", "bots", "execution", "risk", "portfolio")
    user = Principal(uuid4(), "john", "trader")
    await stand.hear(UserRegistered(user_id=user.user_id, username="john", role="trader", origin="test"))
    seen = {"price": Decimal(20_000), "quantity": Decimal(1), "at": SystemClock().now()}
    event = PriceSeen(exchange="binance", symbol="BTC/USDT", **seen)
    stand.bus.broadcast(event.topic, stand.envelope(event))
    others = Others()
    others.known["marketdata", "/ticker"] = {"exchange": "binance", "symbol": "BTC/USDT", "price": "20000", "at": "now"}
    others.known["auth", "/users/me"] = {"username": "john", "first_name": "John", "currency": "USDT"}
    stand.host._clients.update({name: others.client(name, stand) for name in ("marketdata", "auth")})
    return Desk(stand, others, user)


async def confirmed(desk: Desk, said: str) -> str:
    """What became of a wish."""
    asked = await desk.say(said)
    assert asked["confirmation_token"], asked
    done = await desk.say("confirm", asked["confirmation_token"])
    await desk.stand.rest()
    return str(done["text"])


async def get(stand: Stand, user: Principal, service: str, path: str) -> Any:
    """What a service itself says."""
    return (await stand.ask(service, "GET", path, user)).value()


async def test_bots_limits_switches_and_orders_are_really_changed(desk: Desk) -> None:
    stand, user = desk.stand, desk.user
    strategy = (await get(stand, user, "bots", "/strategies"))["items"][0]["id"]
    new = {"name": "Alpha", "strategy_id": strategy, "symbol": "BTC/USDT"}
    made = (await stand.ask("bots", "POST", "/bots", user, json=new)).value()
    assert await confirmed(desk, "start alpha") == "1. Done: bot 'Alpha' is active."
    assert await confirmed(desk, "pasue alpha") == "1. Done: bot 'Alpha' is paused."
    assert (await get(stand, user, "bots", f"/bots/{made['id']}"))["status"] == "paused"

    before = (await get(stand, user, "risk", "/limits/effective"))["max_drawdown"]
    assert Decimal(before) > Decimal("0.1")
    assert await confirmed(desk, "set max drawdown to 10%") == "1. Done: the limit is set; what holds now is 10 %."
    assert (await get(stand, user, "risk", "/limits/effective"))["max_drawdown"] == "0.1"

    assert (await confirmed(desk, "buy 0.01 btc at 15000")).startswith("1. Done: order #1 is ")
    (order,) = (await get(stand, user, "execution", "/orders"))["items"]
    assert (order["state"], order["price"], order["source"]) == ("open", "15000", "assistant")
    assert "buy 0.01 BTC/USDT at 15000" in await desk.text("my open orders")
    assert await confirmed(desk, "cancel order 1") == "1. Done: order #1 is cancelled."

    assert await confirmed(desk, "stop all trading") == "1. Done: your kill switch is thrown."
    assert "is refused" in await confirmed(desk, "buy 0.01 btc")
    assert await confirmed(desk, "resume trading") == "1. Done: your kill switch is released."
    assert (await get(stand, user, "risk", "/kill"))["items"] == []


async def test_every_question_is_answered_by_the_real_services(desk: Desk) -> None:
    await confirmed(desk, "buy 0.01 btc")
    said = ("status", "my bots", "profit today", "total profit", "balance", "positions", "orders", "trades", "risk")
    answers = {each: await desk.text(each) for each in said}
    assert not any("cannot" in answer for answer in answers.values()), answers
    assert "0.01 BTC on binance, bought at 20" in answers["positions"]
    assert answers["trades"].startswith("Your last trades, newest first. ")
    assert " 0.01 BTC" in answers["balance"]
    found = (await desk.stand.ask("assistant", "GET", "/greeting", desk.user)).value()
    assert found["text"] == "Welcome back, John!"
    assert found["summary"].startswith("You have no bots yet; your portfolio is worth ")


async def test_another_users_things_cannot_be_named(desk: Desk) -> None:
    assert (await confirmed(desk, "buy 0.01 btc at 15000")).startswith("1. Done")
    stranger = desk.as_user(Principal(UUID(int=8), "mallory", "trader"))
    assert await stranger.text("cancel order 1") == "You have no open orders."
    assert await stranger.text("my orders") == "You have no open orders."
