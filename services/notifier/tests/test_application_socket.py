"""Contract application's socket: at the user's own address alone, bots that are asked for, and pings by the server."""

from typing import Any
from uuid import uuid4

import pytest

from millrace.common.auth.principal import Principal
from services.notifier.tests import facts

PLACES = ("/ws/{}", "/api/v1/ws/{}")


@pytest.mark.parametrize("place", PLACES)
async def test_a_bot_is_told_once_it_is_asked_for_and_until_it_is_not(start_post: Any, place: str) -> None:
    post = await start_post()
    user = await post.user()
    wanted, other = facts.bot(user, "wanted"), facts.bot(user, "other", uuid4())
    async with post.socket(user, place.format(user.id)) as socket:
        await socket.ready()
        await post.stand.hear(wanted)
        await socket.send(type="subscribe", bot_id=str(wanted.bot_id))
        await socket.ready()
        await post.stand.hear(other, wanted)
        told = await socket.next()
        assert {**told, "data": told["data"]["name"]} == {
            "type": "bot_update",
            "bot_id": str(wanted.bot_id),
            "data": "wanted",
            "timestamp": facts.TIME,
        }
        await socket.send(type="unsubscribe", bot_id=str(wanted.bot_id))
        await socket.ready()
        await post.stand.hear(wanted)
        await socket.send(type="ping")
        assert await socket.next() == {"type": "pong"}


@pytest.mark.parametrize("place", PLACES)
async def test_the_address_may_hold_the_users_number(start_post: Any, place: str) -> None:
    post = await start_post()
    user = await post.user()
    me = (await post.stand.ask("auth", "GET", "/users/me", Principal(user.id, "somebody", "trader"))).value()
    async with post.socket(user, place.format(me["num"])) as socket:
        await socket.ready()


@pytest.mark.parametrize("place", PLACES)
async def test_somebody_elses_address_and_nobodys_are_refused_alike(start_post: Any, place: str) -> None:
    post = await start_post()
    user, victim = await post.user(), await post.user()
    theirs = (await post.stand.ask("auth", "GET", "/users/me", Principal(victim.id, "victim", "trader"))).value()
    answers = []
    nobodys = (uuid4(), 999_999_999, "9" * 30, 0, "0" * 25 + "1", "nobody", "v2", "%E2%82%AC")
    for named in (victim.id, theirs["num"], *nobodys):
        async with post.socket(user, place.format(named)) as socket:
            answers.append((await socket.next(), await socket.next()))
    error = {"type": "error", "code": "NOT_FOUND", "message": "user not found"}
    assert answers == [(error, {"close": 4404, "reason": "user not found"})] * len(answers)


async def test_the_server_pings_and_a_client_that_is_silent_is_kept(
    start_post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_NOTIFIER_HEARTBEAT_SECONDS", "0.05")
    monkeypatch.setenv("MILLRACE_NOTIFIER_WATCH_SECONDS", "0.05")
    monkeypatch.setenv("MILLRACE_NOTIFIER_UNREAD_SECONDS", "0.1")
    post = await start_post()
    user = await post.user()
    async with post.socket(user, f"/ws/{user.id}") as socket:
        assert [await socket.next() for _ in range(20)] == [{"type": "ping"}] * 20
        await socket.send(type="pong")
        await socket.send(type="subscribe", bot_id=str(facts.bot(user).bot_id))
        await socket.ready()
        await post.stand.hear(facts.bot(user))
        while (told := await socket.next()) == {"type": "ping"}:
            pass
        assert told["type"] == "bot_update"


async def test_what_is_no_bot_is_an_error_and_another_users_bot_is_never_told(start_post: Any) -> None:
    post = await start_post()
    user, victim = await post.user(), await post.user()
    async with post.socket(user, f"/ws/{user.id}") as socket:
        for wrong in (None, 7, "bot", {}, "x" * 100):
            await socket.send(type="subscribe", bot_id=wrong)
            assert (await socket.next())["type"] == "error"
        theirs = facts.bot(victim, "canary")
        await socket.send(type="subscribe", bot_id=str(theirs.bot_id))
        await post.stand.hear(theirs)
        await socket.send(type="ping")
        assert await socket.next() == {"type": "pong"}


async def test_so_many_bots_and_no_more(start_post: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_NOTIFIER_MARKETS_PER_STREAM", "2")
    post = await start_post()
    user = await post.user()
    bots = [str(uuid4()) for _ in range(3)]
    async with post.socket(user, f"/ws/{user.id}") as socket:
        for bot_id in bots:
            await socket.send(type="subscribe", bot_id=bot_id)
        assert (await socket.next())["code"] == "RATE_LIMITED"
        await socket.send(type="unsubscribe", bot_id=bots[0])
        await socket.send(type="subscribe", bot_id=bots[2])
        await socket.send(type="ping")
        assert await socket.next() == {"type": "pong"}
