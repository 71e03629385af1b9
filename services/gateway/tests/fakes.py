"""Stands for what is around a part of the gateway: other services, callers and a client of an ASGI app."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel

from millrace.common.auth.principal import Principal
from millrace.common.kernel.clock import ManualClock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.web.answers import encode
from millrace.common.web.client import Answer
from millrace.contracts.names import Contract
from millrace.gateway.api.backend import Backend
from millrace.gateway.api.errors import render
from millrace.gateway.app.asking import Asking
from millrace.gateway.app.once import Kept

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
USER = UUID("00000000-0000-4000-8000-000000000001")
ONE = "00000000-0000-4000-8000-00000000000a"
TWO = "00000000-0000-4000-8000-00000000000b"
THREE = "00000000-0000-4000-8000-00000000000c"
INTENT = UUID("00000000-0000-4000-8000-0000000000ff")
AT = "2026-01-02T03:04:05Z"
TRADER = Principal(USER, "ann", "trader")


def told(model: type[BaseModel], **values: Any) -> Any:
    """JSON as a service sends it; `model` is the service's own, so that no shape is made up."""
    return orjson.loads(encode(model.model_validate(values)))


@dataclass(slots=True)
class Services:
    """All other services: what they were asked, and what they answer.

    `answers` has a value, an error or a function of the call for each `"service METHOD /path"`; the longest beginning
    that fits counts.
    """

    answers: dict[str, Any] = field(default_factory=dict)
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)

    async def __call__(
        self,
        service: str,
        method: str,
        path: str,
        user: Principal | None = None,
        *,
        json: Any = None,
        query: Mapping[str, Any] | None = None,
        deadline: float = 10.0,
    ) -> Any:
        self.calls.append((service, method, path))
        self.sent.append({"user": user, "json": json, "query": dict(query) if query is not None else None})
        return self.answer(f"{service} {method} {path}", len(self.calls))

    def answer(self, asked: str, number: int) -> Any:
        """What is said to this; raised where it is an error."""
        fitting = [known for known in self.answers if asked == known or asked.startswith(f"{known}/")]
        if not fitting:
            raise AssertionError(f"nobody expected {asked}")
        found = self.answers[max(fitting, key=len)]
        found = found(number) if callable(found) else found
        if isinstance(found, Exception):
            raise found
        return orjson.loads(encode(found)) if found is not None else None

    @property
    def last(self) -> dict[str, Any]:
        """What the last question carried."""
        return self.sent[-1]

    def to(self, service: str, method: str, path: str) -> list[dict[str, Any]]:
        """What all questions to one address carried."""
        wanted = (service, method, path)
        return [sent for call, sent in zip(self.calls, self.sent, strict=True) if call == wanted]


def asking(services: Services, user: Principal | None = TRADER, **changes: Any) -> Asking:
    """A request of `user` under way."""
    given: dict[str, Any] = {"now": NOW, "spoken": Contract.BOTPLATFORM, "ip": "192.0.2.7", "device": "mark"}
    return Asking(backend=services, principal=user, **{**given, **changes})


class Tokens:
    """Reads tokens like `trader`, `viewer:crypto` (a role, and the contract that the credential carries)."""

    async def principal(self, token: str, ip: str = "") -> Principal:
        role, _, contract = token.partition(":")
        if role not in ("admin", "trader", "exporter", "viewer"):
            raise MillraceError(Code.AUTH_INVALID, "Invalid or expired token")
        return Principal(USER, "ann", role, contract=contract or None)

    def doubt(self, user_id: UUID) -> None:
        """Nothing is kept that could be doubted."""


class Identities:
    """Signs in the clear."""

    def sign(self, user: Principal, service: str) -> str:
        return f"{user.username} to {service}"


class Once:
    """Does everything, and notes under which keys, and what it was given to keep."""

    def __init__(self) -> None:
        self.keys: list[tuple[str, str]] = []
        self.kept: list[Kept] = []

    async def answer(self, user_id: UUID, route: str, key: str, body: bytes, act: Callable[[UUID], Any]) -> Kept:
        self.keys.append((route, key))
        found: Kept = await act(INTENT)
        self.kept.append(found)
        return found


@dataclass(slots=True)
class Call:
    """A service's client; answers like `Services`."""

    services: Services
    name: str

    async def request(self, method: str, path: str, **options: Any) -> Answer:
        options.pop("headers", None)
        found = await self.services(self.name, method, path, **{"json": None, "query": None, **options})
        return Answer(200, {}, b"" if found is None else encode(found))


def backend(services: Services, once: Any = None) -> Backend:
    """The gateway's own, between fakes."""
    parts: Any = (lambda name: Call(services, name), Identities(), Tokens(), once or Once(), render)
    return Backend(*parts)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a client gets."""

    status: int
    body: Any
    headers: Mapping[str, str]
    cookies: tuple[str, ...]


async def ask(
    app: Any,
    method: str,
    path: str,
    body: Any = None,
    *,
    token: str = "",
    headers: Mapping[str, str] | None = None,
    query: str = "",
    port: int = 8000,
    scope: Mapping[str, Any] | None = None,
) -> Reply:
    """An ASGI app's answer. `body` is sent as it is if it is bytes, else as JSON; `scope` is laid over the scope."""
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    sent = {name.lower(): value for name, value in (headers or {}).items()}
    if token:
        sent["authorization"] = f"Bearer {token}"
    asked = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "client": ("192.0.2.7", 1234),
        "server": ("127.0.0.1", port),
        **(scope or {}),
    }
    messages: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": raw, "more_body": False}

    async def send(message: Any) -> None:
        messages.append(message)

    await app(asked, receive, send)
    told = [(name.decode().lower(), value.decode()) for name, value in messages[0]["headers"]]
    content = b"".join(message.get("body", b"") for message in messages[1:])
    found = dict(told)
    is_json = "json" in found.get("content-type", "") and content
    cookies = tuple(value for name, value in told if name == "set-cookie")
    return Reply(messages[0]["status"], json.loads(content) if is_json else content, found, cookies)


def clock() -> ManualClock:
    """Stands still."""
    return ManualClock()
