"""Streams through the gateway are the same whether the notifier is in its process or in another."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

import aiohttp
import orjson
import pytest
from yarl import URL

from millrace.common.events.bots import BotChanged
from millrace.common.runtime.server import HttpServer, bind
from millrace.common.testing.service import Stand, StartService
from tests.e2e.client import Client

AT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Edge:
    """A gateway on a socket, and the services behind it on a stand."""

    stand: Stand
    gateway: Stand
    url: str
    session: aiohttp.ClientSession
    notifier: HttpServer | None = None

    async def user(self) -> tuple[UUID, str]:
        """A new user's id and token."""
        name = f"user-{uuid4().hex[:10]}"
        asked = {"username": name, "email": f"{name}@example.com", "password": "SecurePass123!"}
        async with self.session.post(f"{self.url}/api/v1/auth/register", json=asked) as answer:
            assert answer.status == 201, await answer.text()
            found = await answer.json()
        return UUID(found["user"]["id"]), found["access_token"]

    async def tell(self, user_id: UUID, *names: str) -> None:
        """One entry of the user's log for each name, in order."""
        bot = {"strategy": "hold", "exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1m", "status": "active"}
        ids = {"bot_id": uuid5(user_id, "bot"), "account_id": uuid4(), "user_id": user_id}
        await self.stand.hear(*(BotChanged(**ids, **bot, name=name, changed_at=AT) for name in names), at=AT)

    def socket(self, path: str = "/ws", **options: Any) -> Any:
        """A WebSocket."""
        return self.session.ws_connect(self.url + path, **options)

    def raw_socket(self, path: str, token: str) -> Any:
        """A WebSocket at an address that is sent as it is written."""
        return self.session.ws_connect(URL(f"{self.url}{path}?token={token}", encoded=True))

    def events(self, token: str, last: int | None = None, path: str = "/api/realtime/events/log") -> Any:
        """An SSE stream; our own of the log."""
        headers = {"authorization": f"Bearer {token}"} | ({"last-event-id": str(last)} if last is not None else {})
        timeout = aiohttp.ClientTimeout(None)
        return self.session.get(self.url + path, headers=headers, timeout=timeout)


StartEdge = Callable[[], Awaitable[Edge]]


@pytest.fixture(params=["one process", "two processes"])
async def edge(request: pytest.FixtureRequest, start_service: StartService) -> AsyncIterator[Edge]:
    """Both shapes."""
    servers: dict[str, HttpServer] = {}

    async def serve(name: str, app: Any) -> str:
        servers[name] = HttpServer(app, bind("127.0.0.1", 0))
        await servers[name].start()
        return f"http://127.0.0.1:{servers[name].port}"

    if request.param == "one process":
        stand = gateway = await start_service("auth", "notifier", "gateway")
    else:
        stand = await start_service("auth", "notifier")
        urls = {f"{n}_url": await serve(n, stand.host.running[n].service.api) for n in ("auth", "notifier")}
        gateway = await start_service("gateway", **urls)
    url = await serve("gateway", gateway.host.running["gateway"].service.front)
    async with aiohttp.ClientSession() as session:
        yield Edge(stand, gateway, url, session, servers.get("notifier"))
    for server in reversed(servers.values()):
        await server.stop()


async def read(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    """The next message, or how it was closed."""
    message = await socket.receive(15)
    if message.type is aiohttp.WSMsgType.TEXT:
        return dict(orjson.loads(message.data))
    return {"close": socket.close_code, "reason": message.extra}


async def join(socket: aiohttp.ClientWebSocketResponse, token: str) -> None:
    """Ask for what happens from now on; the pong tells that the stream has begun."""
    await socket.send_json({"type": "auth", "token": token, "channels": ["events"]})
    await socket.send_json({"type": "ping"})
    assert await read(socket) == {"type": "pong"}


async def told(answer: aiohttp.ClientResponse) -> list[str]:
    """The fields of the next event; empty at the end."""
    async with asyncio.timeout(15):
        found = []
        while (line := (await answer.content.readline()).decode()) not in ("", "\n"):
            found.append(line.rstrip("\n"))
    return found


async def test_what_happens_is_told_and_a_resumed_stream_has_no_gap(edge: Edge) -> None:
    user_id, token = await edge.user()
    await edge.tell(user_id, *(f"bot {n}" for n in range(1, 701)))
    async with edge.socket() as socket:
        await socket.send_json({"type": "auth", "token": token, "resume_from": 100, "channels": ["events"]})
        assert [(await read(socket))["seq"] for _ in range(600)] == list(range(101, 701))
        await edge.tell(user_id, "new")
        assert (await read(socket))["data"]["name"] == "new"
    async with edge.events(token, 699) as answer:
        assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert answer.headers["cache-control"] == "no-cache"
        assert await told(answer) == ["retry: 1000"]
        assert [(await told(answer))[0] for _ in range(2)] == ["id: 700", "id: 701"]


async def test_a_bad_token_closes_with_4401_and_answers_401(edge: Edge) -> None:
    async with edge.socket() as socket:
        await socket.send_json({"type": "auth", "token": "nonsense"})
        assert (await read(socket))["code"] == "AUTH_INVALID"
        end = await read(socket)
        assert (end["close"], end["reason"]) == (4401, "Invalid or expired token")
    async with edge.events("nonsense") as answer:
        assert answer.status == 401
        error = await answer.json()
        assert (error["success"], error["error_code"]) == (False, "AUTH_INVALID")


async def test_a_token_may_come_as_subprotocol(edge: Edge) -> None:
    _, token = await edge.user()
    async with edge.socket(protocols=("bearer", token)) as socket:
        await socket.send_json({"type": "ping"})
        assert await read(socket) == {"type": "pong"}
        assert socket.protocol == "bearer"


async def test_a_token_may_come_in_the_address(edge: Edge) -> None:
    user_id, token = await edge.user()
    await edge.tell(user_id, "one")
    url = f"{edge.url}/api/realtime/events/log?token={token}&last_event_id=0&other=%ff"
    async with edge.session.get(url) as answer:
        assert await told(answer) == ["retry: 1000"]
        assert (await told(answer))[0] == "id: 1"


async def test_an_api_key_may_come_in_a_header_of_its_own(edge: Edge) -> None:
    _, token = await edge.user()
    asked = {"json": {"name": "reader", "scopes": ["read"]}, "headers": {"authorization": f"Bearer {token}"}}
    async with edge.session.post(f"{edge.url}/api/v1/auth/api-keys", **asked) as answer:
        headers = {"x-api-key": (await answer.json())["key"]}
    async with edge.socket(headers=headers) as socket:
        await socket.send_json({"type": "ping"})
        assert await read(socket) == {"type": "pong"}
    async with edge.session.get(f"{edge.url}/api/realtime/events/log", headers=headers) as answer:
        assert await told(answer) == ["retry: 1000"]


async def test_binary_messages_floods_and_oversized_frames_are_answered_as_by_the_notifier(edge: Edge) -> None:
    _, token = await edge.user()
    async with edge.socket() as socket:
        await socket.send_json({"type": "auth", "token": token})
        await socket.send_bytes(b"\xff\x00")
        assert (await read(socket))["type"] == "error"
        for _ in range(1000):
            await socket.send_str('{"type":"ping"}')
        while "close" not in (end := await read(socket)):
            assert end == {"type": "pong"}
        assert end == {"close": 1008, "reason": "too many messages"}
    async with edge.socket() as socket:
        await socket.send_str("x" * 70_000)
        assert (await read(socket))["close"] == 1009


async def test_a_client_that_leaves_is_noticed_behind_the_gateway(edge: Edge) -> None:
    from millrace.common.telemetry import metrics

    user_id, token = await edge.user()
    async with edge.socket() as socket, edge.events(token) as answer:
        await join(socket, token)
        await told(answer)
        await edge.tell(user_id, "one")
        assert (await read(socket))["seq"] == 1
        assert metrics.STREAM_CLIENTS.labels("sse")._value.get() == 1

    async def nobody() -> bool:
        return not any(metrics.STREAM_CLIENTS.labels(kind)._value.get() for kind in ("websocket", "sse"))

    await edge.stand.host.until(nobody)


async def test_a_gateway_that_stops_tells_its_streams_to_come_back(edge: Edge) -> None:
    user_id, token = await edge.user()
    async with edge.socket() as socket, edge.events(token) as answer:
        await join(socket, token)
        await told(answer)
        await edge.tell(user_id, "one")
        assert (await read(socket))["seq"] == 1
        await told(answer)
        await edge.gateway.host.drain()
        end = await read(socket)
        assert (end["close"], end["reason"]) == (1012, "the service restarts; come back and resume")
        assert "event: reconnect" in await told(answer)
        assert await told(answer) == []


@pytest.mark.parametrize("edge", ["two processes"], indirect=True)
async def test_a_notifier_that_is_away_is_said_and_its_streams_come_back_later(edge: Edge) -> None:
    user_id, token = await edge.user()
    async with edge.socket() as socket, edge.events(token) as answer:
        await join(socket, token)
        await told(answer)
        await edge.tell(user_id, "one")
        assert (await read(socket))["seq"] == 1
        await told(answer)
        assert edge.notifier
        await edge.notifier.stop()
        assert (await read(socket))["close"] == 1012
        assert "event: reconnect" in await told(answer)
    async with edge.socket() as socket:
        assert (await read(socket))["close"] == 1012
    async with edge.events(token) as answer:
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert (await answer.json())["error_code"] == "PROVIDER_ERROR"


PLACES = (
    *("/ws", "/api/v1/ws", "/ws/v1", "/api/ws", "/api/v1/ws/orders", "/api/v1/ws/market/BTCUSDT"),
    *("/api/v1/ws/market/BTC%2FUSDT", "/ws/{id}", "/api/v1/ws/{id}"),
)


@pytest.mark.parametrize("prefix", ["", "/contracts/{contract}"], ids=["plain", "prefixed"])
async def test_every_path_is_carried_with_a_contracts_prefix_and_without(edge: Edge, prefix: str) -> None:
    user_id, token = await edge.user()
    for contract in ("network", "application", "botplatform", "interfaces", "crypto"):
        for place in PLACES:
            path = prefix.format(contract=contract) + place.format(id=user_id)
            async with edge.raw_socket(path, token) as socket:
                await socket.send_json({"type": "ping"})
                assert (await read(socket))["type"] == "pong", path
        events = prefix.format(contract=contract) + "/api/realtime/events"
        async with edge.events(token, path=events) as answer:
            assert answer.status == 200, events
            assert await told(answer) == ["retry: 1000"]
        if not prefix:
            break


async def test_anothers_address_is_refused_as_one_that_is_not_there(edge: Edge) -> None:
    (_, token), (victim, _) = await edge.user(), await edge.user()
    answers = []
    for named in (victim, uuid4(), "nobody"):
        async with edge.socket(f"/ws/{named}", params={"token": token}) as socket:
            answers.append((await read(socket), await read(socket)))
    assert {answer[1]["close"] for answer in answers} == {4404}
    assert answers[0] == answers[1] == answers[2]


async def test_a_bot_is_told_to_whom_it_belongs_in_three_contracts(edge: Edge) -> None:
    (user_id, token), (_, stranger) = await edge.user(), await edge.user()
    subscribe = {"type": "subscribe", "bot_id": str(uuid5(user_id, "bot"))}
    async with (
        edge.socket("/api/ws", params={"token": token}) as network,
        edge.socket(f"/api/v1/ws/{user_id}", params={"token": token}) as application,
        edge.socket("/api/ws", params={"token": stranger}) as other,
    ):
        await application.send_json(subscribe)
        for socket in (network, application, other):
            await socket.send_json({"type": "ping"})
            assert (await read(socket))["type"] == "pong"
        await edge.tell(user_id, "Alpha")
        one, two = await read(network), await read(application)
        await other.send_json({"type": "ping"})
        assert (await read(other))["type"] == "pong"
    assert (one["type"], one["bot_id"], one["status"]) == ("bot_update", subscribe["bot_id"], "active")
    assert (two["type"], two["data"]["name"], set(two)) == (
        "bot_update",
        "Alpha",
        {"type", "bot_id", "data", "timestamp"},
    )


async def until_told(socket: aiohttp.ClientWebSocketResponse, **wanted: Any) -> dict[str, Any]:
    """The first message that has these values."""
    async with asyncio.timeout(20):
        while not wanted.items() <= (message := await read(socket)).items():
            assert "close" not in message
    return message


async def test_one_order_is_told_in_every_contract_by_a_whole_platform(client: Client) -> None:
    token = {"token": client.token}
    async with (
        aiohttp.ClientSession(client.base) as session,
        session.ws_connect("/api/ws", params=token) as network,
        session.ws_connect("/api/v1/ws/orders", params=token) as botplatform,
        session.ws_connect(f"/api/v1/ws/market/BTC-USDT?token={client.token}") as market,
        session.ws_connect("/ws/v1") as interfaces,
        session.ws_connect("/ws", params=token) as crypto,
        session.get("/api/realtime/events", params=token) as events,
    ):
        await interfaces.send_json({"type": "auth", **token})
        markets = {"stream": "market_data", "symbols": ["BTC/USD"], "exchange": "binance"}
        for asked in (markets, {"stream": "order_updates"}):
            await interfaces.send_json({"type": "subscribe", **asked})
        for channel in ("trading_updates", "portfolio_updates"):
            await crypto.send_json({"type": "subscribe", "channel": channel})
        for socket in (network, botplatform, interfaces, crypto):
            await socket.send_json({"type": "ping"})
            await until_told(socket, type="pong")
        placed = await client.order(quantity="0.01")
        filled = {"order_id": placed["id"], "status": "filled"}
        text = await until_told(botplatform, type="order_update", **filled)
        number = await until_told(interfaces, type="order_update", **filled)
        trade = (await until_told(network, type="trade_executed"))["trade"]
        while (said := (await until_told(crypto, type="trading_update"))["data"])["status"] != "FILLED":
            pass
        assert (text["filled_quantity"], number["filled_quantity"], said["executed_quantity"]) == ("0.01", 0.01, "0.01")
        assert (said["order_id"], number["avg_fill_price"]) == (placed["id"], float(said["avg_price"]))
        booked = (await client.get("/api/trades"))["trades"][0]
        assert (trade["id"], trade["profit"]) == (booked["id"], booked["profit_loss"])
        while (fields := await told(events))[1:2] != ["event: trade_update"]:
            assert fields
        shown = orjson.loads(fields[2].removeprefix("data: "))
        assert (shown["count"], shown["trades"]) == (1, [booked])
        held = (await until_told(crypto, type="portfolio_update"))["data"]
        assert isinstance(held["total_balance"], str)
        flat = await until_told(interfaces, type="market_data", symbol="BTC/USD", exchange="binance")
        ticker = await until_told(market, type="ticker", symbol="BTC-USDT")
        assert (type(flat["price"]), type(ticker["price"])) == (float, str)
