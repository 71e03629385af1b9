"""How one service asks another: a call in this process, or HTTP (web/http.py). Both look the same."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote, urlencode

import orjson

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.telemetry import tracing
from millrace.common.web.answers import encode


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (names in lower case) and body as they came."""

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
        again = float(answer.headers["retry-after"]) if "retry-after" in answer.headers else None
        said = {"fields": found.get("fields"), "details": found.get("details"), "retry_after": again}
        return MillraceError(Code(found["code"]), str(found["message"]), **said)
    except (AttributeError, KeyError, TypeError, ValueError):
        return MillraceError(Code.INTERNAL, "a service gave an answer that cannot be read")


class ServiceClient(Protocol):
    """A client of one service's HTTP API. Raises UNAVAILABLE when it cannot be reached in time.

    Paths are given as they stand in a URL (percent-encoded); redirects are answers like any other.
    """

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


def pairs(query: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """A query as it is sent: a list is said once for each value, None is left out."""
    found: list[tuple[str, str]] = []
    for name, value in (query or {}).items():
        values = value if isinstance(value, list | tuple) else [value]
        found += [(name, str(v)) for v in values if v is not None]
    return found


def unavailable() -> MillraceError:
    """What a caller is told of a service that does not answer in time."""
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
        with tracing.calling(method, path):
            scope = self._scope(method, path, content, query, {**(headers or {}), **tracing.headers()})
            try:
                async with asyncio.timeout(deadline):
                    return await self._call(scope, content)
            except TimeoutError:
                raise unavailable() from None

    @staticmethod
    def _scope(
        method: str, path: str, content: bytes, query: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        sent = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": urlencode(pairs(query)).encode(),
            "headers": [*sent, (b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))],
            "client": ("127.0.0.1", 0),
            "server": ("in-process", 0),
        }

    async def _call(self, scope: dict[str, Any], content: bytes) -> Answer:
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
                given["headers"] = {k.decode().lower(): v.decode("latin-1") for k, v in message["headers"]}
            else:
                chunks.append(message.get("body", b""))

        await self.app(scope, receive, send)
        return Answer(given["status"], given["headers"], b"".join(chunks))
