"""Our own server-sent events, and the log behind them."""

from typing import Any

import pytest


async def test_a_stream_goes_on_after_the_last_event_id(start_post: Any) -> None:
    post = await start_post()
    user = await post.user()
    await post.tell(user, "one", "two", "three")
    async with post.events(user, 1) as events:
        assert await events.next() == {"retry": "1000"}
        told = [await events.next() for _ in range(2)]
        await post.tell(user, "four")
        told.append(await events.next())
    assert [(event["id"], event["event"]) for event in told] == [(n, "bot_changed") for n in ("2", "3", "4")]


async def test_a_new_stream_is_told_from_now_on(start_post: Any) -> None:
    post = await start_post()
    user = await post.user()
    await post.tell(user, "before")
    async with post.events(user) as events:
        await events.next()
        await post.tell(user, "after")
        assert (await events.data())["name"] == "after"


async def test_the_log_keeps_the_newest_and_says_when_a_stream_must_resync(start_post: Any) -> None:
    post = await start_post()
    user, other = await post.user(), await post.user()
    await post.tell(user, *(f"bot {n}" for n in range(1, 31)))
    await post.tell(other, "kept")
    await shorten(post, keep=10)
    seqs = await post.stand.rows("notifier", "select seq from events where user_id = $1 order by 1", user.id)
    assert [row["seq"] for row in seqs] == list(range(21, 31))
    assert await post.stand.rows("notifier", "select 1 from events where user_id = $1", other.id)
    async with post.events(user, 5) as events:
        assert await events.data() == {"first": 21, "last": 30}
        assert [(await events.data())["name"] for _ in range(10)] == [f"bot {n}" for n in range(21, 31)]
    async with post.events(user, 20) as events:
        assert (await events.data())["name"] == "bot 21"
    async with post.socket(user, resume_from=5, channels=["events"]) as socket:
        assert await socket.next() == {"type": "resync_required", "first": 21, "last": 30}
        assert await socket.names(1) == ["bot 21"]


async def test_old_entries_are_cut_off_and_numbers_go_on(start_post: Any) -> None:
    post = await start_post()
    user = await post.user()
    await post.tell(user, "one", "two")
    await post.stand.rows("notifier", "update events set noted_at = now() - interval '25 hours'")
    await shorten(post, keep=10)
    assert await post.stand.rows("notifier", "select 1 from events") == []
    async with post.events(user, 2) as events:
        await post.tell(user, "three")
        assert (await events.next(), (await events.next())["id"]) == ({"retry": "1000"}, "3")
    async with post.events(user, 0) as events:
        assert await events.data() == {"first": 3, "last": 3}


async def test_the_log_is_shortened_by_itself(start_post: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_NOTIFIER_SHORTEN_SECONDS", "0.05")
    monkeypatch.setenv("MILLRACE_NOTIFIER_LOG_LIMIT", "3")
    post = await start_post()
    await post.tell(await post.user(), *(f"bot {n}" for n in range(9)))

    async def short() -> bool:
        return len(await post.stand.rows("notifier", "select 1 from events")) == 3

    await post.stand.host.until(short)


async def test_a_silent_stream_has_a_heartbeat(start_post: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_NOTIFIER_HEARTBEAT_SECONDS", "0.05")
    post = await start_post()
    async with post.events(await post.user()) as events:
        told = [await events.data() for _ in range(2)]
    assert [set(beat) for beat in told] == [{"timestamp", "counter"}] * 2
    assert [beat["counter"] for beat in told] == [1, 2]


@pytest.mark.parametrize("token", [None, "nonsense"])
async def test_a_stream_needs_a_living_token(start_post: Any, token: str | None) -> None:
    post = await start_post()
    query = {"token": token} if token else {}
    async with post.session.get(f"http://127.0.0.1:{post.port}/api/realtime/events", params=query) as answer:
        error = (await answer.json())["error"]
        assert answer.status == 401
        assert error["code"] in ("AUTH_REQUIRED", "AUTH_INVALID")
        assert error["request_id"] == answer.headers["x-request-id"]


async def test_entries_of_one_commit_reach_every_stream_of_the_user(start_post: Any) -> None:
    post = await start_post()
    user = await post.user()
    async with post.events(user) as one, post.events(user) as other:
        for events in (one, other):
            await events.next()
        await post.tell(user, "a", "b")
        assert [(await events.data())["name"] for events in (one, other) for _ in range(2)] == ["a", "b", "a", "b"]


async def shorten(post: Any, keep: int) -> None:
    """Cut the log as the service does by itself."""
    from millrace.notifier.app.log import UserLog
    from millrace.notifier.domain.hub import Hub

    await UserLog(post.stand.host.running["notifier"].database, Hub()).shorten(keep, 24 * 3600)
