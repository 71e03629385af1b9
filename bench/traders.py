"""Users of a running platform, as cheap for the machine as they can be made: they share it with what is measured."""

import asyncio
import itertools
import os
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson
from wire import Wires

_BOUND = 30.0
_PASSWORD = "SecurePass123!"
_number = itertools.count(1)


class User:
    """A registered user who is signed in, with a WebSocket once it is `connected`."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.name = f"bench-{os.getpid()}-{int(time.time()) % 1_000_000}-{next(_number)}"
        self.id = ""
        self.headers: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(self.base, json_serialize=lambda v: orjson.dumps(v).decode())
        asked = {"username": self.name, "email": f"{self.name}@example.com", "password": _PASSWORD}
        async with self._session.post("/api/v1/auth/register", json=asked) as answer:
            found = await answer.json()
            assert answer.status == 201, found
        self.token = found["access_token"]
        self.headers = {"authorization": f"Bearer {self.token}"}
        self.id = found["user"]["id"]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._session.close()

    async def sign_in(self) -> int:
        """The status of the answer to a login."""
        asked = {"username": self.name, "password": _PASSWORD}
        async with self._session.post("/api/v1/auth/login", json=asked) as answer:
            await answer.read()
            return answer.status

    async def connected(self, **subscription: str) -> aiohttp.ClientWebSocketResponse:
        """A WebSocket that is subscribed."""
        socket = await self._session.ws_connect("/ws")
        await socket.send_json({"type": "auth", "token": self.token})
        await socket.send_json({"type": "subscribe", **subscription})
        await socket.send_json({"type": "ping"})
        async with asyncio.timeout(_BOUND):
            while orjson.loads((await socket.receive()).data)["type"] != "pong":
                pass
        return socket

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """The body of an answer that must be a success."""
        async with self._session.request(method, path, json=body, headers=self.headers) as answer:
            found = await answer.json()
            assert answer.status < 300, found
            return found


class Trader(User):
    """Remembers when it saw each order's fill on its WebSocket, and what instant each order had been asked for."""

    def __init__(self, base: str) -> None:
        super().__init__(base)
        self.filled: dict[str, float] = {}
        self.requested: dict[str, str] = {}
        self._ended: dict[str, asyncio.Event] = {}

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self._wires = Wires(self.base, self.headers)
        self._socket = await self.connected(channel="events")
        self._reader = asyncio.create_task(self._read())
        # coins to sell from, and risk's word that it knows of them: no SELL is refused afterwards
        await self.fill_of(await self._taken("BUY", "0.02"))
        await self.fill_of(await self._taken("SELL"))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._reader.cancel()
        await self._socket.close()
        self._wires.close()
        await super().__aexit__(kind, error, at)

    async def _taken(self, side: str, quantity: str = "0.0002") -> str:
        """An order that is placed until it is taken: the account, the price, the coins may not be known yet."""
        async with asyncio.timeout(_BOUND):
            while not (order := await self._asked(side, quantity))[0]:
                await asyncio.sleep(0.05)
        return order[0]

    async def _asked(self, side: str, quantity: str) -> tuple[str, Any]:
        order = {"symbol": "BTCUSDT", "side": side, "order_type": "MARKET", "quantity": quantity}
        status, found = await self._wires.post("/api/v1/orders", order)
        taken = status == 201 and found["status"] != "rejected"
        return str(found["id"]) if taken else "", found

    async def _read(self) -> None:
        async for message in self._socket:
            if '"filled"' not in message.data:
                continue
            data = orjson.loads(message.data).get("data") or {}
            if data.get("kind") == "order_updated" and data["state"] == "filled":
                order = data["order_id"]
                self.filled[order] = time.time()
                self.requested[order] = data["requested_at"]
                self._waiting(order).set()

    def _waiting(self, order: str) -> asyncio.Event:
        return self._ended.setdefault(order, asyncio.Event())

    async def place(self, side: str, quantity: str = "0.0002") -> str:
        """Place a market order; returns its id when the platform has taken it. A refusal is an error."""
        order, found = await self._asked(side, quantity)
        assert order, found
        return order

    async def fill_of(self, order: str) -> None:
        """Wait until the WebSocket has told of the fill."""
        async with asyncio.timeout(_BOUND):
            await self._waiting(order).wait()


async def many(stack: AsyncExitStack, base: str, count: int) -> Sequence[Trader]:
    """That many traders, who leave with the stack. Registered in turn: hashing passwords is made to be slow."""
    return [await stack.enter_async_context(Trader(base)) for _ in range(count)]
