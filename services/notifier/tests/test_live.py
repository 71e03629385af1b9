"""Contract network's event stream: the user's totals, bots and trades as they are, whenever something has happened."""

import asyncio
from typing import Any

import orjson
import pytest

from millrace.common.auth.principal import Principal
from services.notifier.tests import facts

KEYS = {
    "overview_update": {"type", "active_bots", "total_bots", "total_profit", "total_capital", "timestamp"},
    "bot_update": {"type", "total_bots", "timestamp"},
    "trade_update": {"type", "trades", "count", "timestamp"},
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look as often as may be."""
    monkeypatch.setenv("MILLRACE_NOTIFIER_OVERVIEW_SECONDS", "0.02")


async def next_of(events: Any, name: str) -> dict[str, Any]:
    """The data of the next event of this name."""
    while (event := await events.next()).get("event") != name:
        assert event, "the stream has ended"
    data: dict[str, Any] = orjson.loads(event["data"])
    assert set(data) == KEYS[name]
    return data


async def traded(start_post: Any) -> tuple[Any, Any, Principal]:
    """A user with an account of 10,000 USDT, and all services that know of it."""
    post = await start_post("bots", "portfolio")
    user = await post.user()
    await post.stand.hear(facts.opened(user))
    return post, user, Principal(user.id, "somebody", "trader")


async def made(post: Any, who: Principal) -> dict[str, Any]:
    """A new bot of the user's."""
    asked = {"name": "Alpha", "strategy": "hold", "symbol": "BTC/USDT", "timeframe": "5m"}
    found: dict[str, Any] = (await post.stand.ask("bots", "POST", "/bots", who, json=asked)).value()
    await post.stand.rest()
    return found


async def test_the_totals_are_those_of_the_portfolio_in_the_users_currency(start_post: Any) -> None:
    post, user, who = await traded(start_post)
    async with post.live(user) as events:
        assert await events.next() == {"retry": "1000"}
        first = await events.next()
        assert first["event"] == "overview_update"
        data = orjson.loads(first["data"])
    assert set(data) == KEYS["overview_update"]
    asked = {"currency": (await post.stand.ask("auth", "GET", "/users/me", who)).value()["currency"]}
    found = (await post.stand.ask("portfolio", "GET", "/overview", who, query=asked)).value()
    assert asked == {"currency": "ZAR"}
    assert (data["type"], data["total_capital"]) == ("overview", float(found["total_capital"]))
    assert (data["active_bots"], data["total_bots"], data["total_profit"]) == (0, 0, 0.0)
    assert data["total_capital"] > 10_000


async def test_a_new_bot_changes_the_count_and_a_started_one_the_overview(start_post: Any) -> None:
    post, user, who = await traded(start_post)
    async with post.live(user) as events:
        await next_of(events, "overview_update")
        bot = await made(post, who)
        assert (await next_of(events, "overview_update"))["total_bots"] == 1
        counted = await next_of(events, "bot_update")
        assert (counted["type"], counted["total_bots"]) == ("bot_count_changed", 1)
        assert (await post.stand.ask("bots", "POST", f"/bots/{bot['id']}/start", who)).status == 200
        assert (await next_of(events, "overview_update"))["active_bots"] == 1
        assert (await post.stand.ask("bots", "DELETE", f"/bots/{bot['id']}", who)).status in (200, 204)
        assert (await next_of(events, "bot_update"))["total_bots"] == 0


async def test_new_trades_are_told_with_what_they_earned(start_post: Any) -> None:
    post, user, _ = await traded(start_post)
    async with post.live(user) as events:
        await next_of(events, "overview_update")
        bought, sold = facts.fill(user, "1", "100"), facts.fill(user, "-1", "105")
        await post.stand.hear(bought, sold)
        while (told := await next_of(events, "trade_update"))["count"] < 2:
            pass
    assert (told["type"], len(told["trades"])) == ("recent_trades", 2)
    newest = told["trades"][0]
    assert newest == {
        "id": str(sold.fill_id),
        "bot_id": "",
        "exchange": "binance",
        "symbol": "BTC/USDT",
        "side": "sell",
        "amount": 1.0,
        "price": 105.0,
        "profit_loss": 87.5,
        "timestamp": facts.TIME,
    }


async def test_what_a_trade_earned_stays_when_the_rate_of_the_users_currency_moves(start_post: Any) -> None:
    post, user, _ = await traded(start_post)
    await post.stand.hear(facts.fill(user, "1", "100"), facts.fill(user, "-1", "105"))
    await post.stand.hear(facts.closed("luno", "USDT/ZAR", "20"))
    async with post.live(user, 0) as events:
        told = await next_of(events, "trade_update")
    assert [trade["profit_loss"] for trade in told["trades"]] == [87.5, 0.0]


async def test_who_comes_back_elsewhere_is_told_everything_as_it_is(start_post: Any) -> None:
    post, user, who = await traded(start_post)
    async with post.live(user) as events:
        await events.next()
        last = int((await events.next())["id"])
    async with post.live(user, last) as events:
        assert [(await events.next()).get("event") for _ in range(2)] == [None, "overview_update"]
    await made(post, who)
    await post.stand.hear(facts.fill(user, "1", "100"))
    async with post.live(user, last) as events:
        told = [await events.next() for _ in range(4)][1:]
    assert [event["event"] for event in told] == ["overview_update", "bot_update", "trade_update"]
    assert all(int(event["id"]) > last for event in told)
    assert orjson.loads(told[1]["data"])["total_bots"] == 1
    assert orjson.loads(told[2]["data"])["count"] == 1


async def test_nothing_is_told_unless_something_changed(start_post: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_NOTIFIER_HEARTBEAT_SECONDS", "0.3")
    post, user, _ = await traded(start_post)
    async with post.live(user) as events:
        await next_of(events, "overview_update")
        await post.stand.hear(facts.alert(user))
        assert (await events.next())["event"] == "heartbeat"


async def test_a_stream_that_has_much_to_tell_says_that_it_lives_too(
    start_post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_NOTIFIER_HEARTBEAT_SECONDS", "1")
    post, user, _ = await traded(start_post)

    async def busy() -> None:
        for price in range(100, 2000):
            await post.stand.hear(facts.fill(user, "1", str(price)))

    async with post.live(user) as events, asyncio.TaskGroup() as group:
        telling, heard = group.create_task(busy()), 0
        while (await events.next()).get("event") != "heartbeat":
            heard += 1
            assert heard < 100, "all that time it said only what happened"
        telling.cancel()


async def test_services_that_are_away_are_waited_for(start_post: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_NOTIFIER_HEARTBEAT_SECONDS", "0.05")
    post = await start_post()
    async with post.live(await post.user()) as events:
        assert await events.next() == {"retry": "1000"}
        beats = [await events.next() for _ in range(3)]
    assert [event["event"] for event in beats] == ["heartbeat"] * 3
    assert [orjson.loads(event["data"])["counter"] for event in beats] == [1, 2, 3]


async def test_all_streams_of_a_user_share_one_look(start_post: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from millrace.notifier.adapters.neighbours import Neighbours

    looks, overview = [], Neighbours.overview

    async def counted(self: Any, who: Principal) -> Any:
        looks.append(who.user_id)
        return await overview(self, who)

    monkeypatch.setattr(Neighbours, "overview", counted)
    post, user, _ = await traded(start_post)
    async with post.live(user) as one, post.live(user) as other:
        told = [await next_of(events, "overview_update") for events in (one, other)]
    assert told[0] == told[1]
    assert looks == [user.id]


async def test_nothing_of_another_user_is_in_the_totals(start_post: Any) -> None:
    post, user, _ = await traded(start_post)
    victim = await post.user()
    await post.stand.hear(facts.opened(victim), facts.fill(victim, "1", "99999", symbol="ETH/USDT"))
    await made(post, Principal(victim.id, "victim", "trader"))
    async with post.live(user, 0) as events:
        told = [await events.next() for _ in range(4)]
    text = orjson.dumps(told).decode()
    assert "ETH" not in text
    assert "99999" not in text
    assert orjson.loads(told[2]["data"])["total_bots"] == 0
    assert orjson.loads(told[3]["data"])["trades"] == []
