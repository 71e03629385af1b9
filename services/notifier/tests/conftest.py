"""The notifier and the auth service on a stand, with a socket of their own, and users who listen."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID, uuid4, uuid5

import aiohttp
import orjson
import pytest

from millrace.common.events.bots import BotChanged
from millrace.common.runtime.server import HttpServer, bind
from millrace.common.testing.service import Stand, StartService

AT = datetime(2026, 1, 1, tzinfo=UTC)
BOUND = 15.0


@dataclass(frozen=True, slots=True)
class User:
    """A registered user and an access token."""

    id: UUID
    token: str
    refresh_token: str


class Post:
    """Tells users things, and connects as them."""

    def __init__(self, stand: Stand, port: int, session: aiohttp.ClientSession) -> None:
        self.stand = stand
        self.port = port
        self.session = session

    async def user(self) -> User:
        """A new one."""
        name = f"user-{uuid4().hex[:10]}"
        asked = {"username": name, "email": f"{name}@example.com", "password": "SecurePass123!"}
        found = (await self.stand.ask("auth", "POST", "/register", None, json=asked)).value()
        return User(UUID(found["user"]["id"]), found["access_token"], found["refresh_token"])

    async def tell(self, user: User, *names: str) -> None:
        """One entry of the user's log for each name."""
        await self.stand.hear(*(changed(user.id, name) for name in names), at=AT)

    @property
    def base(self) -> str:
        """Where the notifier listens."""
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def socket(self, user: User | None = None, path: str = "/ws", **opening: Any) -> AsyncIterator["Socket"]:
        """A WebSocket, authenticated when a user is given."""
        async with self.session.ws_connect(self.base + path, autoping=True) as raw:
            socket = Socket(raw)
            if user is not None:
                await socket.send(type="auth", token=user.token, **opening)
            yield socket

    def events(self, user: User, last: int | None = None) -> Any:
        """Our own stream of the log."""
        return self.live(user, last, "/api/realtime/events/log")

    @asynccontextmanager
    async def live(
        self, user: User, last: int | None = None, path: str = "/api/realtime/events"
    ) -> AsyncIterator["Events"]:
        """An SSE stream; contract network's."""
        headers = {"authorization": f"Bearer {user.token}"} | ({"last-event-id": str(last)} if last is not None else {})
        async with self.session.get(self.base + path, headers=headers, timeout=aiohttp.ClientTimeout(None)) as answer:
            assert answer.status == 200, await answer.text()
            yield Events(answer)


class Socket:
    """A client's end."""

    def __init__(self, raw: aiohttp.ClientWebSocketResponse) -> None:
        self.raw = raw

    async def send(self, **message: Any) -> None:
        """One message."""
        await self.raw.send_str(orjson.dumps(message).decode())

    async def next(self) -> dict[str, Any]:
        """The next message; with `close` and `reason` when there is none."""
        message = await self.raw.receive(BOUND)
        if message.type is aiohttp.WSMsgType.TEXT:
            return dict(orjson.loads(message.data))
        return {"close": self.raw.close_code, "reason": message.extra}

    async def ready(self) -> Self:
        """All that was asked for is in force."""
        await self.send(type="ping")
        while (await self.next()).get("type") != "pong":
            pass
        return self

    async def names(self, count: int) -> list[str]:
        """The names of the next bots told of."""
        return [(await self.next())["data"]["name"] for _ in range(count)]


class Events:
    """A client's end of an SSE stream."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.answer = answer

    async def next(self) -> dict[str, str]:
        """The next event's fields; empty at the end."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(BOUND):
            while line := (await self.answer.content.readline()).decode():
                if line == "\n":
                    return fields
                name, _, value = line.rstrip("\n").partition(": ")
                fields[name] = value
        return fields

    async def data(self) -> Any:
        """The data of the next event that has any."""
        while "data" not in (event := await self.next()):
            assert event, "the stream has ended"
        return orjson.loads(event["data"])


def changed(user_id: UUID, name: str) -> BotChanged:
    """The user's one bot has this name now; what happens to one bot stays in order."""
    return BotChanged(
        bot_id=uuid5(user_id, "bot"),
        user_id=user_id,
        account_id=uuid4(),
        name=name,
        strategy="hold",
        exchange="binance",
        symbol="BTC/USDT",
        timeframe="1m",
        status="active",
        changed_at=AT,
    )


StartPost = Callable[..., Awaitable[Post]]


@pytest.fixture
async def start_post(start_service: StartService) -> AsyncIterator[StartPost]:
    """`await start_post()` starts both services, and others, and listens."""
    servers: list[HttpServer] = []
    async with aiohttp.ClientSession() as session:

        async def start(*others: str, **options: Any) -> Post:
            stand = await start_service("auth", "notifier", *others, **options)
            server = HttpServer(stand.host.running["notifier"].service.api, bind("127.0.0.1", 0))
            await server.start()
            servers.append(server)
            return Post(stand, server.port, session)

        yield start
    for server in servers:
        await server.stop()
