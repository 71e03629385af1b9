"""In front of everything: which contract an address, a port or a header chooses, and what the answer says of it."""

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.requests import HTTPConnection, Request

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.web.app import named
from millrace.common.web.errors import Renderer
from millrace.contracts import select
from millrace.contracts.names import Contract

_VARY = b"X-API-Contract, Authorization"
_HEADER = select.HEADER.encode()


class Dispatch:
    """An ASGI app before another. Writes `contract` (or None) into the scope, and takes the address's beginning off.

    The path stays whole and the beginning becomes the root path, so that pages find their own addresses. `ports` are
    those that speak one contract.
    """

    def __init__(self, app: Any, render: Renderer, ports: Mapping[int, Contract]) -> None:
        self._app = app
        self._render = render
        self._ports = ports

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return

        named(scope)

        async def told(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _headers(message.get("headers", ()), scope)
            await send(message)

        try:
            scope["contract"] = self._chosen(scope)
            _readable(scope)
        except MillraceError as refused:
            if scope["type"] == "websocket":
                await receive()
                await send({"type": "websocket.close", "code": 1008, "reason": refused.message[:120]})
                return
            await self._render(refused, Request(scope))(scope, receive, told)
            return
        await self._app(scope, receive, told)

    def _chosen(self, scope: Any) -> Contract | None:
        contract, beginning = select.by_address(scope["path"])
        scope["root_path"] = scope.get("root_path", "") + beginning
        if contract is None and self._ports:
            contract = self._ports.get((scope.get("server") or ("", 0))[1])
        if contract is not None:
            return contract
        asked = next((value for name, value in scope["headers"] if name == _HEADER), b"").decode("latin-1")
        word = asked or _asked_in_query(HTTPConnection(scope))
        return select.named(word) if word else None


def _headers(given: Iterable[tuple[bytes, bytes]], scope: Any) -> list[tuple[bytes, bytes]]:
    """The headers of an answer, with what every answer tells."""
    answered = scope.get("contract") or scope.get("answered_as") or select.UNION
    told = {b"x-request-id": named(scope).encode(), b"vary": _VARY}
    found = []
    for name, value in given:
        if name == b"vary":
            told[name] = value + b", " + told[name]
        elif name != _HEADER:
            told.pop(name, None)
            found.append((name, value))
    return [*found, *told.items(), (_HEADER, answered.encode())]


def _readable(scope: Any) -> None:
    """After the choice, so that the refusal speaks the chosen contract."""
    if b"%00" in scope.get("query_string", b""):
        raise MillraceError(Code.VALIDATION_ERROR, "the address contains a character that is not allowed")


def _asked_in_query(asked: HTTPConnection) -> str | None:
    """Browsers cannot give a stream a header: `?contract=`."""
    return asked.query_params.get("contract") if b"contract=" in asked.scope.get("query_string", b"") else None
