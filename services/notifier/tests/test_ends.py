"""How streams end: expired, logged out, disabled, too slow, half open, or the service restarts."""

import asyncio
import socket as sockets
from typing import Any
from uuid import uuid4

import orjson
import pytest

from millrace.common.events.users import SessionEnded, UserDisabled
from millrace.common.kernel.clock import ManualClock

EVENTS = {"type": "subscribe", "channel": "events"}


async def quiet(post: Any) -> None:
    """Wait until no stream is open."""

    async def none_left() -> bool:
        text = await metric(post)
        return text == "0.0"

    await post.stand.host.until(none_left, 15)


async def metric(post: Any) -> str:
    """The number of open streams."""
    from millrace.common.telemetry import metrics

    values = [metrics.STREAM_CLIENTS.labels(kind)._value.get() for kind in ("websocket", "sse")]
    return str(sum(values))


async def test_a_stream_ends_when_its_token_expires(start_post: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_NOTIFIER_WATCH_SECONDS", "0.1")
    clock = ManualClock()
    post = await start_post(clock=clock)
    user = await post.user()
    async with post.socket(user) as socket, post.events(user) as events:
        await socket.ready()
        clock.advance(3601)
        end = await socket.next()
        assert (end["close"], end["reason"]) == (4401, "the token has expired")
        assert await events.data() == {"code": 4401, "reason": "the token has expired"}
        assert await events.next() == {}


async def test_a_logout_ends_its_streams_and_no_other_sessions(start_post: Any) -> None:
    post = await start_post()
    user, other = await post.user(), await post.user()
    async with post.socket(user) as socket, post.socket(other) as spared:
        await socket.ready()
        await post.stand.ask("auth", "POST", "/logout", None, json={"refresh_token": user.refresh_token})
        assert (await socket.next())["close"] == 4401
        await spared.ready()


async def test_a_session_that_ended_unheard_ends_its_streams_too(
    start_post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_NOTIFIER_WATCH_SECONDS", "0.1")
    post = await start_post()
    user, other = await post.user(), await post.user()
    async with post.socket(user) as socket, post.events(user) as events, post.socket(other) as spared:
        await socket.ready()
        query = "update sessions set ended_at = now() where user_id = $1 returning id"
        assert await post.stand.rows("auth", query, user.id)
        assert (await socket.next())["close"] == 4401
        assert (await events.data())["code"] == 4401
        await spared.ready()


async def test_a_foreign_session_id_or_another_users_event_ends_nothing(start_post: Any) -> None:
    post = await start_post()
    user = await post.user()
    async with post.socket(user) as socket:
        await socket.ready()
        ended = SessionEnded(user_id=user.id, session_id=uuid4(), reason="logout")
        await post.stand.hear(ended, UserDisabled(user_id=uuid4()))
        await socket.ready()
        await post.stand.hear(UserDisabled(user_id=user.id))
        assert (await socket.next())["close"] == 4401


async def test_streams_are_told_to_come_back_when_the_service_stops(start_post: Any) -> None:
    post = await start_post()
    user = await post.user()
    async with post.socket(user) as socket, post.events(user) as events:
        await socket.ready()
        await post.stand.host.drain()
        assert (await socket.next())["close"] == 1012
        event = await events.next()
        assert event == {"retry": "1000"}
        event = await events.next()
        assert (event["event"], event["retry"]) == ("reconnect", "1000")
        assert orjson.loads(event["data"])["code"] == 1012
        assert await events.next() == {}
    async with post.socket(user) as late:
        assert (await late.next())["code"] == "UNAVAILABLE"
        assert (await late.next())["close"] == 1013


async def test_a_client_that_does_not_read_is_dropped_while_others_are_served(
    start_post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_NOTIFIER_WATCH_SECONDS", "0.1")
    monkeypatch.setenv("MILLRACE_NOTIFIER_UNREAD_SECONDS", "1")
    monkeypatch.setenv("MILLRACE_NOTIFIER_WAITING_LIMIT", "100000")
    post = await start_post()
    user = await post.user()
    await post.tell(user, *(f"bot {n} " + "x" * 5000 for n in range(1500)))
    stuck = [await unread(post, user, request) for request in (WEBSOCKET, SSE)]
    async with post.socket(user) as reading:
        await reading.send(**EVENTS)
        await reading.ready()
        async with asyncio.timeout(8):  # the kernel itself drops them after ten seconds
            while await metric(post) != "1.0":
                await post.tell(user, "tick")
                assert await reading.names(1) == ["tick"]
    for client in stuck:
        client.close()


async def test_a_client_that_falls_behind_is_cut_and_resumes(start_post: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_NOTIFIER_WAITING_LIMIT", "50")
    post = await start_post()
    user = await post.user()
    async with post.socket(user) as slow:
        await slow.send(**EVENTS)
        await slow.ready()
        await post.tell(user, *(f"bot {n}" for n in range(200)))
        seen = 0
        while "seq" in (message := await slow.next()):
            seen = message["seq"]
        assert (message["close"], message["reason"]) == (1013, "too slow; come back and resume")
    async with post.socket(user, resume_from=seen, channels=["events"]) as again:
        assert [(await again.next())["seq"] for _ in range(200 - seen)] == list(range(seen + 1, 201))


async def test_a_client_that_leaves_while_nothing_happens_is_noticed(start_post: Any) -> None:
    post = await start_post()
    user = await post.user()
    async with post.socket(user) as socket, post.events(user) as events:
        await socket.ready()
        await events.next()
        assert await metric(post) == "2.0"
    for request in (WEBSOCKET, SSE):
        (await unread(post, user, request)).close()
    await quiet(post)


WEBSOCKET = (
    "GET /ws?token={token} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
SSE = "GET /api/realtime/events/log?token={token}&last_event_id=0 HTTP/1.1\r\nHost: x\r\n\r\n"


async def unread(post: Any, user: Any, request: str) -> sockets.socket:
    """A client that asks for everything and reads only the beginning of the answer."""
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    raw.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(raw, ("127.0.0.1", post.port))
    await loop.sock_sendall(raw, request.format(token=user.token).encode())
    await loop.sock_recv(raw, 100)
    if request is WEBSOCKET:
        await loop.sock_sendall(raw, masked(orjson.dumps({**EVENTS, "resume_from": 0})))
    return raw


def masked(payload: bytes) -> bytes:
    """A client's text frame, with a mask of zeros."""
    assert len(payload) < 126
    return bytes((0x81, 0x80 | len(payload))) + bytes(4) + payload
