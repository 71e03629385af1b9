"""Contract network's socket: everything of the user, without asking."""

from typing import Any

import pytest

from services.notifier.tests import facts

PATH = "/api/ws"


async def test_bots_alerts_and_trades_with_what_they_earned_are_told(start_post: Any) -> None:
    post = await start_post("portfolio")
    user = await post.user()
    await post.stand.hear(facts.opened(user))
    async with post.socket(user, PATH) as socket:
        await socket.ready()
        bot = facts.bot(user)
        await post.stand.hear(bot, facts.alert(user))
        told = await socket.next(), await socket.next()
        assert sorted(each["type"] for each in told) == ["alert", "bot_update"]
        changed, alert = sorted(told, key=lambda each: str(each["type"]), reverse=True)
        assert (changed["bot_id"], changed["status"]) == (str(bot.bot_id), "active")
        assert alert == {"type": "alert", "level": "warning", "message": "Portfolio drawdown exceeded threshold"}
        bought, sold = facts.fill(user, "1", "100", "0.1"), facts.fill(user, "-1", "105.5", "0.5", bot_id=None)
        await post.stand.hear(bought, sold, facts.order(user))
        for done, side, profit in ((bought, "buy", -1.75), (sold, "sell", 87.5)):  # rand, at the setting's 17.5
            trade = {"id": str(done.fill_id), "bot_id": "", "symbol": "BTC/USDT", "side": side, "profit": profit}
            assert await socket.next() == {"type": "trade_executed", "trade": trade}
        await socket.send(type="ping", timestamp="2024-01-01T00:00:00Z")
        pong = await socket.next()
        assert (pong["type"], set(pong), pong["timestamp"][-1]) == ("pong", {"type", "timestamp"}, "Z")


async def test_a_bot_that_an_administrator_holds_is_an_alert_for_its_owner_alone(start_post: Any) -> None:
    post = await start_post("portfolio")
    owner, other = await post.user(), await post.user()
    async with post.socket(owner, PATH) as mine, post.socket(other, PATH) as theirs:
        for socket in (mine, theirs):
            await socket.ready()
        await post.stand.hear(facts.bot(owner, status="paused"), facts.held(owner), facts.alert(other))
        told = [await mine.next(), await mine.next()]
        assert [each["type"] for each in told] == ["bot_update", "alert"]
        assert told[1]["message"] == "Bot Alpha paused by an administrator: too many orders"
        assert (await theirs.next())["message"] == "Portfolio drawdown exceeded threshold"


async def test_a_client_that_resumes_is_told_the_trades_it_missed(start_post: Any) -> None:
    post = await start_post("portfolio")
    user = await post.user()
    await post.stand.hear(facts.opened(user))
    async with post.socket(user, PATH, resume_from=None) as socket:
        await socket.ready()
        await post.stand.hear(facts.bot(user))
        last = (await socket.next())["seq"]
    missed = [facts.fill(user, "1", "100"), facts.fill(user, "-1", "110")]
    await post.stand.hear(*missed)
    async with post.socket(user, PATH, resume_from=last) as socket:
        told = [await socket.next() for _ in missed]
        await post.stand.hear(facts.alert(user, "and on it goes"))
        alert = await socket.next()
    assert [each["trade"]["id"] for each in told] == [str(each.fill_id) for each in missed]
    assert [each["trade"]["profit"] for each in told] == [0.0, 175.0]
    assert last < told[0]["seq"] < told[1]["seq"] < alert["seq"]
    assert alert["message"] == "and on it goes"


async def test_all_sockets_of_a_user_are_told_the_same(start_post: Any) -> None:
    post = await start_post("portfolio")
    user = await post.user()
    await post.stand.hear(facts.opened(user))
    async with post.socket(user, PATH) as one, post.socket(user, PATH) as other:
        for socket in (one, other):
            await socket.ready()
        await post.stand.hear(facts.fill(user, "1", "100", "0.1"), facts.alert(user))
        told = [[await socket.next() for _ in range(2)] for socket in (one, other)]
    assert told[0] == told[1]
    assert {each["type"] for each in told[0]} == {"trade_executed", "alert"}


async def test_a_trade_that_the_portfolio_never_booked_is_passed_over(
    start_post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("millrace.notifier.app.profits.WAITS", (0.0, 0.01))
    post = await start_post("portfolio")
    user = await post.user()
    await post.stand.hear(facts.bot(user), facts.fill(user, "1", "100"), facts.alert(user))
    await post.stand.rows("portfolio", "delete from trades")
    async with post.socket(user, PATH, resume_from=0) as socket:
        assert {(await socket.next())["type"] for _ in range(2)} == {"bot_update", "alert"}
        await socket.ready()


async def test_a_client_comes_back_when_the_portfolio_is_away(start_post: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("millrace.notifier.app.profits.WAITS", (0.0, 0.01))
    post = await start_post()
    user = await post.user()
    async with post.socket(user, PATH) as socket:
        await socket.ready()
        await post.stand.hear(facts.fill(user, "1", "100"))
        end = await socket.next()
        reason = "the portfolio cannot be read at the moment; come back and resume"
        assert (end["close"], end["reason"]) == (1013, reason)


async def test_there_is_nothing_to_subscribe_to(start_post: Any) -> None:
    post = await start_post()
    async with post.socket(await post.user(), PATH) as socket:
        await socket.send(type="subscribe", channel="events")
        assert (await socket.next())["code"] == "VALIDATION_ERROR"
        await socket.ready()
