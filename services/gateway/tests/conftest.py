"""The gateway on a socket, with the services behind it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from millrace.common.runtime.server import HttpServer, bind
from millrace.common.runtime.settings import SERVICES
from millrace.common.testing.service import Stand, StartService
from millrace.common.web.http import Http
from millrace.gateway.adapters.streams import Streams
from millrace.gateway.api.errors import render

NOBODY = "http://127.0.0.1:9"


@dataclass(slots=True)
class Door:
    """What a client outside sees."""

    stand: Stand
    port: int
    session: aiohttp.ClientSession
    token: str = ""
    name: str = ""

    async def ask(self, method: str, path: str, json: Any = None, **options: Any) -> tuple[int, Any, Any]:
        """Status, body and headers."""
        headers = ({"authorization": f"Bearer {self.token}"} if self.token else {}) | options.pop("headers", {})
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self.session.request(method, url, json=json, headers=headers, **options) as answer:
            text = await answer.text()
            kind = answer.headers.get("content-type", "")
            return answer.status, await answer.json() if text and "json" in kind else text, answer.headers

    async def register(self) -> Any:
        """Become a new user."""
        self.name = f"user-{uuid4().hex[:10]}"
        body = {"username": self.name, "email": f"{self.name}@example.com", "password": "SecurePass123!"}
        status, found, _ = await self.ask("POST", "/api/v1/auth/register", body)
        assert status == 201, found
        self.token = found["access_token"]
        return found


StartDoor = Callable[..., Awaitable[Door]]


@pytest.fixture
async def start_door(start_service: StartService) -> AsyncIterator[StartDoor]:
    """`await start_door("auth")` starts these services and the gateway; all others are away.

    With `apart=True` the notifier's streams are carried through a socket, as between processes.
    """
    servers: list[HttpServer] = []
    carriers: list[Streams] = []

    async def serve(app: Any) -> int:
        server = HttpServer(app, bind("127.0.0.1", 0))
        await server.start()
        servers.append(server)
        return server.port

    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:

        async def start(*names: str, apart: bool = False, **options: Any) -> Door:
            away = {f"{name}_url": NOBODY for name in SERVICES if name not in names}
            stand = await start_service(*names, "gateway", **away, **options)
            front = stand.host.running["gateway"].service.front
            if apart:
                url = f"http://127.0.0.1:{await serve(stand.host.running['notifier'].service.api)}"
                front = Streams(front, lambda _: Http(url), url, render)
                carriers.append(front)
            return Door(stand, await serve(front), session)

        yield start
        for carrier in carriers:
            await carrier.close()
    for server in servers:
        await server.stop()
