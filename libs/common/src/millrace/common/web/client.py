"""How one service asks another: a call in this process, or HTTP. Both look the same."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

import aiohttp
import orjson

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.web.answers import encode


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body as they came."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, parsed."""
        return orjson.loads(self.body) if self.body else None

    def value(self) -> Any:
        """The body of a success; the service's own error, raised again, of anything else."""
        if self.status < 400:
            return self.json()
        raise error_of(self)


def error_of(answer: Answer) -> MillraceError:
    """The error that a service answered with."""
    try:
        found = answer.json()["error"]
        code = Code(found["code"])
    except (KeyError, TypeError, ValueError):
        return MillraceError(Code.INTERNAL, "a service gave an answer that cannot be read")
    return MillraceError(code, found["message"], fields=found.get("fields"), details=found.get("details"))


class ServiceClient(Protocol):
    """A client of one service's HTTP API. Raises UNAVAILABLE when it cannot be reached in time."""

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
        """Ask, and wait at most `deadline` seconds."""
        ...


def _pairs(query: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, value in (query or {}).items():
        values = value if isinstance(value, list | tuple) else [value]
        pairs += [(name, str(v)) for v in values if v is not None]
    return pairs


def _unavailable() -> MillraceError:
    return MillraceError(Code.UNAVAILABLE, "the service is temporarily unavailable; try again", retry_after=1)


class InProcess:
    """Calls the other service's ASGI app directly, without a socket."""

    def __init__(self, app: Any) -> None:
        self.app = app

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
        content = b"" if json is None else encode(json)
        sent = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": urlencode(_pairs(query)).encode(),
            "headers": [*sent, (b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))],
            "client": ("127.0.0.1", 0),
            "server": ("in-process", 0),
        }
        given: dict[str, Any] = {"status": 500, "headers": {}}
        chunks: list[bytes] = []
        delivered = False

        async def receive() -> dict[str, Any]:
            nonlocal delivered
            if delivered:
                await asyncio.Event().wait()
            delivered = True
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                given["status"] = message["status"]
                given["headers"] = {k.decode(): v.decode() for k, v in message["headers"]}
            else:
                chunks.append(message.get("body", b""))

        try:
            async with asyncio.timeout(deadline):
                await self.app(scope, receive, send)
        except TimeoutError:
            raise _unavailable() from None
        return Answer(given["status"], given["headers"], b"".join(chunks))


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
        sent = {"content-type": "application/json", **(headers or {})}
        content = None if json is None else encode(json)
        for last in (method != "GET", True):
            try:
                async with self._session.request(
                    method,
                    self._base + path,
                    data=content,
                    params=_pairs(query),
                    headers=sent,
                    timeout=aiohttp.ClientTimeout(deadline),
                ) as answer:
                    return Answer(answer.status, dict(answer.headers), await answer.read())
            except (aiohttp.ClientError, TimeoutError):
                if last:
                    raise _unavailable() from None
        raise _unavailable()
