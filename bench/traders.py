"""Users of a running platform, as fast as they can be made."""

import asyncio
import time
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson


class Trader:
    """A registered user with a WebSocket; remembers when each order's fill was seen there."""

    def __init__(self, base: str, name: str) -> None:
        self.base = base
        self.name = name
        self.filled: dict[str, float] = {}
        self.requested: dict[str, str] = {}
        self._ended: dict[str, asyncio.Event] = {}

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(self.base, json_serialize=lambda v: orjson.dumps(v).decode())
        asked = {"username": self.name, "email": f"{self.name}@example.com", "password": "SecurePass123!"}
        async with self._session.post("/api/v1/auth/register", json=asked) as answer:
            found = await answer.json()
            assert answer.status == 201, found
        self.headers = {"authorization": f"Bearer {found['access_token']}"}
        await self._funded()
        self._socket = await self._session.ws_connect("/ws")
        await self._socket.send_json({"type": "auth", "token": found["access_token"]})
        await self._socket.send_json({"type": "subscribe", "channel": "events"})
        self._reader = asyncio.create_task(self._read())
        await self.fill_of(await self.place("BUY", "0.02"))  # so that a SELL never waits for the BUY before it
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._reader.cancel()
        await self._socket.close()
        await self._session.close()

    async def _funded(self) -> None:
        async with asyncio.timeout(20):
            while True:
                async with self._session.get("/api/v1/portfolio/balance", headers=self.headers) as answer:
                    if answer.status == 200 and (await answer.json())["assets"] and await self._priced():
                        return
                await asyncio.sleep(0.05)

    async def _priced(self) -> bool:
        order = {"symbol": "BTCUSDT", "side": "BUY", "order_type": "MARKET", "quantity": "0.0002"}
        async with self._session.post("/api/v1/orders", json=order, headers=self.headers) as answer:
            return answer.status == 201

    async def _read(self) -> None:
        async for message in self._socket:
            data = orjson.loads(message.data).get("data") or {}
            if data.get("kind") == "order_updated" and data["state"] == "filled":
                order = data["order_id"]
                self.filled[order] = time.time()
                self.requested[order] = data["requested_at"]
                self._waiting(order).set()

    def _waiting(self, order: str) -> asyncio.Event:
        return self._ended.setdefault(order, asyncio.Event())

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """The body of an answer that must be a success."""
        async with self._session.request(method, path, json=body, headers=self.headers) as answer:
            found = await answer.json()
            assert answer.status < 300, found
            return found

    async def place(self, side: str, quantity: str = "0.0002") -> str:
        """Place a market order; returns its id when the platform has taken it."""
        order = {"symbol": "BTCUSDT", "side": side, "order_type": "MARKET", "quantity": quantity}
        found = await self.call("POST", "/api/v1/orders", order)
        assert found["status"] != "rejected", found
        return str(found["id"])

    async def fill_of(self, order: str) -> None:
        """Wait until the WebSocket has told of the fill."""
        async with asyncio.timeout(30):
            await self._waiting(order).wait()
