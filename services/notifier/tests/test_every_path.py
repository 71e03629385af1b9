"""What holds on every WebSocket path alike: who is let in and how, who is told what, and how it ends."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import orjson
import pytest

from millrace.common.auth.principal import Principal
from millrace.common.kernel.clock import ManualClock
from millrace.common.runtime.server import HttpServer, bind
from services.notifier.tests import facts
from services.notifier.tests.conftest import Socket

PATHS = (
    *("/ws", "/api/v1/ws", "/ws/v1", "/api/ws", "/api/v1/ws/orders", "/api/v1/ws/market/BTCUSDT"),
    *("/ws/{id}", "/api/v1/ws/{id}"),
)
TOLD = ("/ws", "/api/v1/ws", "/ws/v1", "/api/ws", "/api/v1/ws/orders", "/ws/{id}")
ASKED: dict[str, list[dict[str, Any]]] = {
    "/ws": [{"channel": name} for name in ("trading_updates", "portfolio_updates", "events")],
    "/ws/v1": [{"stream": name} for name in ("order_updates", "risk_alerts")],
    "/ws/{id}": [{"bot_id": "{bot}"}],
}
ASKED["/api/v1/ws"] = ASKED["/ws"]


def ways(token: str) -> list[dict[str, Any]]:
    """How a token may come before the first message."""
    return [
        {"params": {"token": token}},
        {"headers": {"authorization": f"Bearer {token}"}},
        {"protocols": ("bearer", token)},
        {"protocols": (token,)},
        {"protocols": ("jwt", token)},
    ]


async def listen(socket: Socket, path: str, user: Any) -> None:
    """Ask for all that there is."""
    for asked in ASKED.get(path, ()):
        bot = str(facts.bot(user).bot_id)
        await socket.send(type="subscribe", **{name: value.replace("{bot}", bot) for name, value in asked.items()})
    await socket.ready()


async def test_a_token_may_come_in_any_way(start_post: Any) -> None:
    post = await start_post()
    user = await post.user()
    for path in PATHS:
        for options in ways(user.token):
            async with post.session.ws_connect(post.base + path.format(id=user.id), **options) as raw:
                await Socket(raw).ready()
                assert raw.protocol == options.get("protocols", (None,))[0]
        async with post.socket(user, path.format(id=user.id)) as socket:
            await socket.ready()


async def test_a_bad_token_is_refused_in_every_way(start_post: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_NOTIFIER_AUTH_SECONDS", "0.2")
    post = await start_post()
    user = await post.user()
    for path in PATHS:
        place = path.format(id=user.id)
        for options in [*ways("a.b.c"), *ways(user.refresh_token)[:1], {}]:
            async with post.session.ws_connect(post.base + place, **options) as raw:
                socket = Socket(raw)
                error = await socket.next()
                assert (error["type"], set(error)) == ("error", {"type", "code", "message"})
                assert (await socket.next())["close"] == 4401
        for first in ({"type": "auth"}, {"type": "auth", "token": "nonsense"}, {"type": "ping"}):
            async with post.socket(None, place) as socket:
                await socket.send(**first)
                assert (await socket.next())["code"] in ("AUTH_REQUIRED", "AUTH_INVALID")
                assert (await socket.next())["close"] == 4401


async def test_a_key_opens_every_path_from_its_addresses_alone(start_post: Any) -> None:
    post = await start_post()
    user = await post.user()
    who = Principal(user.id, "somebody", "trader")
    keys = []
    for addresses in (["127.0.0.0/8"], ["203.0.113.0/24"]):
        asked = {"name": addresses[0], "scopes": ["read"], "addresses": addresses}
        keys.append((await post.stand.ask("auth", "POST", "/api-keys", who, json=asked)).value()["key"])
    here, elsewhere = (type(user)(user.id, key, "") for key in keys)
    for path in PATHS:
        async with post.socket(here, path.format(id=user.id)) as socket:
            await socket.ready()
        async with post.socket(elsewhere, path.format(id=user.id)) as socket:
            assert (await socket.next())["code"] == "PERMISSION_DENIED"
    async with post.live(here) as events:
        assert await events.next() == {"retry": "1000"}
    for path in ("/api/realtime/events", "/api/realtime/events/log"):
        async with post.session.get(post.base + path, params={"token": elsewhere.token}) as answer:
            assert answer.status == 403


@pytest.mark.parametrize("path", TOLD)
async def test_nothing_of_another_user_is_told(start_post: Any, path: str) -> None:
    post = await start_post("portfolio")
    user, victim = await post.user(), await post.user()
    await post.stand.hear(facts.opened(user), facts.opened(victim))
    told: list[str] = []
    async with post.socket(user, path.format(id=user.id), resume_from=0) as socket:
        await listen(socket, path, victim)
        await listen(socket, path, user)
        for whose, word in ((victim, "canary"), (user, "mine")):
            what = [facts.bot(whose, word), facts.order(whose), facts.alert(whose, word), facts.fill(whose, "1", "9")]
            await post.stand.hear(*what)
        await socket.send(type="ping")
        while (message := await socket.next())["type"] != "pong":
            told.append(orjson.dumps(message).decode())
        if path == "/api/ws":  # what a trade earned is asked for on the way
            while "trade_executed" not in "".join(told):
                told.append(orjson.dumps(await socket.next()).decode())
    assert told
    whole = "".join(told)
    for canary in ("canary", victim.id, facts.account_of(victim), facts.bot(victim).bot_id):
        assert str(canary) not in whole


@pytest.mark.parametrize("path", TOLD)
async def test_a_client_that_resumes_is_told_what_it_missed_and_no_other_sees_numbers(
    start_post: Any, path: str
) -> None:
    post = await start_post("portfolio")
    user = await post.user()
    await post.stand.hear(facts.opened(user))

    async def happens() -> None:
        await post.stand.hear(facts.bot(user), facts.order(user), facts.alert(user))

    async with post.socket(user, path.format(id=user.id), resume_from=None) as socket:
        await listen(socket, path, user)
        await happens()
        last = (await socket.next())["seq"]
    await happens()
    place = path.format(id=user.id)
    async with post.socket(user, place, resume_from=last) as socket:
        await listen_without_waiting(socket, path, user)
        missed = await socket.next()
        assert missed["seq"] > last
    async with post.session.ws_connect(f"{post.base}{place}?token={user.token}&last_event_id={last}") as raw:
        await listen_without_waiting(Socket(raw), path, user)
        assert await Socket(raw).next() == missed
    async with post.socket(user, place) as socket:
        await listen(socket, path, user)
        await happens()
        told = await socket.next()
        assert ("seq" in told) is (told["type"] == "event")


async def listen_without_waiting(socket: Socket, path: str, user: Any) -> None:
    """Ask for the first thing that there is; a pong would come before what was missed."""
    for asked in ASKED.get(path, ())[:1]:
        bot = str(facts.bot(user).bot_id)
        await socket.send(type="subscribe", **{name: value.replace("{bot}", bot) for name, value in asked.items()})


async def test_expiry_and_the_end_of_a_session_close_every_path(
    start_post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_NOTIFIER_WATCH_SECONDS", "0.1")
    clock = ManualClock()
    post = await start_post(clock=clock)

    async def closed(end: Callable[[Any], Any]) -> None:
        user = await post.user()
        sockets = [await post.session.ws_connect(post.base + path.format(id=user.id)) for path in PATHS]
        for raw in sockets:
            await Socket(raw).send(type="auth", token=user.token)
            await Socket(raw).ready()
        async with post.live(user) as events:
            await events.next()
            async with asyncio.timeout(5):
                await end(user)
                for raw in sockets:
                    assert (await Socket(raw).next())["close"] == 4401
                assert (await events.data())["code"] == 4401

    async def logs_out(user: Any) -> None:
        await post.stand.ask("auth", "POST", "/logout", None, json={"refresh_token": user.refresh_token})

    async def waits(user: Any) -> None:
        clock.advance(3601)

    await closed(logs_out)
    await closed(waits)


async def test_a_contracts_prefix_before_a_path_changes_nothing(start_post: Any) -> None:
    post = await start_post()
    user = await post.user()
    api = post.stand.host.running["notifier"].service.api

    async def prefixed(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            scope = {**scope, "root_path": "/".join(scope["path"].split("/")[:3])}
        await api(scope, receive, send)

    server = HttpServer(prefixed, bind("127.0.0.1", 0))
    await server.start()
    base = f"http://127.0.0.1:{server.port}/contracts/crypto"
    for path in PATHS:
        async with post.session.ws_connect(base + path.format(id=user.id), params={"token": user.token}) as raw:
            await Socket(raw).ready()
    asked = {"params": {"token": user.token}, "timeout": aiohttp.ClientTimeout(None)}
    async with post.session.get(f"{base}/api/realtime/events", **asked) as answer:
        assert answer.status == 200
    await server.stop()


@pytest.mark.parametrize("path", ["/api/v1/ws/market", "/ws/market/BTCUSDT", "/api/ws/x", "/ws/v1/x"])
async def test_what_is_no_path_is_none(start_post: Any, path: str) -> None:
    post = await start_post()
    user = await post.user()
    try:
        async with post.socket(user, path) as socket:
            assert (await socket.next())["code"] == "NOT_FOUND"
    except aiohttp.WSServerHandshakeError as refused:
        assert refused.status in (403, 404)  # noqa: PT017 - either will do
