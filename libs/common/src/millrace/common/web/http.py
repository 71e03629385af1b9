"""How a service asks another that runs in a process of its own."""

from collections.abc import Mapping
from typing import Any

import aiohttp

from millrace.common.telemetry import tracing
from millrace.common.web.answers import encode
from millrace.common.web.client import Answer, pairs, unavailable


class Http:
    """Asks over a socket. Only GET is tried again, once, on a broken connection."""

    def __init__(self, base_url: str, session: aiohttp.ClientSession) -> None:
        self._base = base_url.rstrip("/")
        self._session = session

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        deadline: float = 10.0,
    ) -> Answer:
        try:
            with tracing.calling(method, path):
                async with self._session.request(
                    method,
                    self._base + path,
                    data=None if json is None else encode(json),
                    params=pairs(query),
                    headers={"content-type": "application/json", **(headers or {}), **tracing.headers()},
                    timeout=aiohttp.ClientTimeout(deadline),
                    allow_redirects=False,
                    middlewares=() if method == "GET" else (_Once(),),
                ) as answer:
                    found = {name.lower(): value for name, value in answer.headers.items()}
                    return Answer(answer.status, found, await answer.read())
        except (aiohttp.ClientError, TimeoutError):
            raise unavailable() from None


class _Once:
    """aiohttp sends whatever HTTP calls idempotent again when a connection breaks, a DELETE too; this forbids it."""

    def __init__(self) -> None:
        self._sent = False

    async def __call__(self, request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        if self._sent:
            raise aiohttp.ClientConnectionError("not sent again")
        self._sent = True
        return await send(request)
