"""A user at the public API."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Self
from uuid import uuid4

import aiohttp
from yarl import URL


class Client:
    """One user's session."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.name = f"user-{uuid4().hex[:12]}"
        self.token = ""

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(self.base)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def register(self) -> dict[str, Any]:
        """Register, keep the token, and wait until the paper account is there."""
        asked = {"username": self.name, "email": f"{self.name}@example.com", "password": "SecurePass123!"}
        status, found = await self.call("POST", "/api/v1/auth/register", asked)
        assert status == 201, found
        self.token = found["access_token"]
        await until(self._funded)
        return found

    async def _funded(self) -> bool:
        found = await self.get("/api/v1/portfolio/balance")
        return bool(found["assets"])

    async def call(self, method: str, path: str | URL, json: Any = None, **options: Any) -> tuple[int, Any]:
        """Status and body."""
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= options.pop("headers", {})
        async with self._session.request(method, path, json=json, headers=headers, **options) as answer:
            text = await answer.text()
            kind = answer.headers.get("content-type", "")
            return answer.status, await answer.json() if text and "json" in kind else text

    async def get(self, path: str) -> Any:
        """The body of a GET that must succeed."""
        status, found = await self.call("GET", path)
        assert status == 200, found
        return found

    async def order(self, **terms: Any) -> dict[str, Any]:
        """Place an order that must be taken."""
        asked = {"symbol": "BTCUSDT", "side": "BUY", "order_type": "MARKET", "quantity": "0.01", **terms}
        status, found = await self.call("POST", "/api/v1/orders", asked)
        assert status == 201, found
        return dict(found)

    async def reason(self, order_id: str) -> str:
        """Why an order was refused, as the console shows it."""
        found = (await self.get("/console/api/orders"))["items"]
        return str(next(order["reason"] for order in found if order["id"] == order_id))

    async def order_with(self, order_id: str, status: str) -> dict[str, Any]:
        """The order, once it has this status."""
        found: dict[str, Any] = {}

        async def there() -> bool:
            found.update(await self.get(f"/api/v1/orders/{order_id}"))
            return bool(found["status"] == status)

        await until(there)
        return found

    def websocket(self) -> Any:
        """The stream of contract crypto, not yet authenticated."""
        return self._session.ws_connect("/ws")


async def until(true: Callable[[], Awaitable[bool]], seconds: float = 15.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not await true():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.02)
