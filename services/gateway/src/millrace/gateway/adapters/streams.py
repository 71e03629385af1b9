"""Streams belong to the notifier: in this process they are handed over, else they are carried through."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from starlette._utils import get_route_path
from starlette.datastructures import QueryParams
from starlette.requests import Request

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.web.client import Answer, InProcess, ServiceClient, error_of
from millrace.common.web.errors import Renderer

if TYPE_CHECKING:  # it takes long to import, and is not needed where the notifier runs in this process
    import aiohttp

_BEGINNINGS = ("/ws", "/api/v1/ws", "/api/ws", "/api/realtime/events")
_ASKED = (b"authorization", b"x-api-key", b"last-event-id", b"user-agent", b"traceparent")
_PARAMETERS = ("token", "last_event_id")
_ANSWERED = ("content-type", "cache-control", "x-accel-buffering", "retry-after", "www-authenticate", "x-request-id")
_KEPT = {"x-request-id", "x-trace-id", "x-content-type-options", "allow"}
_COME_BACK = "the service restarts; come back and resume"
_LAST_EVENT = b'retry: 1000\nevent: reconnect\ndata: {"code":1012,"reason":"%s"}\n\n' % _COME_BACK.encode()
_CONNECT_SECONDS = 5.0
_SILENCE_SECONDS = 45.0  # the notifier says something every 15 seconds
_MESSAGE_LIMIT = 1 << 20


class Streams:
    """An ASGI app in front of another: takes the notifier's paths, leaves the rest to `app`."""

    def __init__(self, app: Any, call: Callable[[str], ServiceClient], url: str, render: Renderer) -> None:
        self._app = app
        self._call = call
        self._url = url.rstrip("/")
        self._render = render
        self._session: aiohttp.ClientSession | None = None
        self._draining = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan" or not _streamed(get_route_path(scope)):
            if scope.get("method") == "HEAD":
                await self._head(scope, receive, send)
            else:
                await self._app(scope, receive, send)
            return
        client = self._call("notifier")
        if isinstance(client, InProcess):
            await client.app(scope, receive, self._worded(scope, receive, send) if scope["type"] == "http" else send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._events(scope, receive, send)

    async def _head(self, scope: Any, receive: Any, send: Any) -> None:
        """Answered like GET; the server leaves out the body. Who stands before sees what was found, for the headers."""
        asked = {**scope, "method": "GET"}

        async def told(message: Any) -> None:
            scope.update({**asked, "method": "HEAD"})
            await send(message)

        await self._app(asked, receive, told)

    def _worded(self, scope: Any, receive: Any, send: Any) -> Any:
        """`send`, but an error of the notifier is told as the gateway tells its own."""
        refused: dict[str, Any] = {}
        said = bytearray()

        async def worded(message: Any) -> None:
            if message["type"] == "http.response.start" and message["status"] >= 400:
                refused.update(message)
            elif not refused:
                await send(message)
            else:
                said.extend(message.get("body", b""))
                if not message.get("more_body"):
                    await self._refuse(refused, bytes(said), scope, receive, send)

        return worded

    async def _refuse(self, start: Any, said: bytes, scope: Any, receive: Any, send: Any) -> None:
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in start["headers"]}
        scope.setdefault("request_id", headers.get("x-request-id"))
        answer = self._render(error_of(Answer(start["status"], headers, said)), Request(scope))
        for name in headers.keys() & _KEPT:
            answer.headers[name] = headers[name]
        await answer(scope, receive, send)

    async def drain(self) -> None:
        """Tell the clients whose streams are carried through to come back."""
        self._draining.set()

    async def close(self) -> None:
        """Give back the connections."""
        if self._session is not None:
            await self._session.close()

    def _upstream(self) -> "aiohttp.ClientSession":
        import aiohttp

        if self._session is None:
            timeout = aiohttp.ClientTimeout(None, connect=_CONNECT_SECONDS)
            self._session = aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0))
        return self._session

    async def _events(self, scope: Any, receive: Any, send: Any) -> None:
        import aiohttp

        silence = aiohttp.ClientTimeout(None, connect=_CONNECT_SECONDS, sock_read=_SILENCE_SECONDS)
        started, last = False, b""
        tell = self._worded(scope, receive, send)
        try:
            async with self._upstream().request(
                scope["method"],
                self._url + get_route_path(scope),
                timeout=silence,
                allow_redirects=False,
                **_asked(scope),
            ) as answer:
                kept = [(name.encode(), answer.headers[name].encode()) for name in _ANSWERED if name in answer.headers]
                await tell({"type": "http.response.start", "status": answer.status, "headers": kept})
                started = True
                await _first(_pour(answer, tell), _gone(receive), self._draining.wait())
                last = _LAST_EVENT if self._draining.is_set() and answer.status == 200 else b""
        except (aiohttp.ClientError, TimeoutError):
            if not started:
                problem = MillraceError(Code.UNAVAILABLE, "the stream is temporarily unavailable", retry_after=1)
                await self._render(problem, Request(scope))(scope, receive, send)
                return
            last = _LAST_EVENT
        with suppress(OSError):
            await tell({"type": "http.response.body", "body": last, "more_body": False})

    async def _websocket(self, scope: Any, receive: Any, send: Any) -> None:
        import aiohttp

        await receive()
        protocols = scope.get("subprotocols") or ()
        accepted = False
        try:
            async with asyncio.timeout(2 * _CONNECT_SECONDS):
                socket = await self._upstream().ws_connect(
                    self._url + get_route_path(scope),
                    protocols=protocols,
                    max_msg_size=_MESSAGE_LIMIT,
                    heartbeat=_SILENCE_SECONDS / 3,
                    **_asked(scope),
                )
            async with socket:
                await send({"type": "websocket.accept", "subprotocol": socket.protocol})
                accepted = True
                down = asyncio.ensure_future(_down(socket, send))
                await _first(down, _up(socket, receive), self._draining.wait())
                if down.cancelled() and not self._draining.is_set():
                    return
                code, reason = (1012, _COME_BACK) if self._draining.is_set() else down.result()
                await send({"type": "websocket.close", "code": code, "reason": reason})
        except (aiohttp.ClientError, TimeoutError):
            if not accepted:
                await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": 1012, "reason": _COME_BACK})


def _streamed(path: str) -> bool:
    if {".", ".."} & set(path.split("/")):
        return False
    return any(path == beginning or path.startswith(f"{beginning}/") for beginning in _BEGINNINGS)


def _asked(scope: Any) -> dict[str, Any]:
    """What of a request the notifier needs to know."""
    query = QueryParams(scope.get("query_string", b""))
    headers = {n.decode(): v.decode("latin-1") for n, v in scope["headers"] if n in _ASKED}
    if scope.get("client"):  # an API key may be good for some addresses alone
        headers["x-forwarded-for"] = scope["client"][0]
    return {
        "headers": headers,
        "params": {name: query[name] for name in _PARAMETERS if name in query},
    }


async def _first(*steps: Any) -> None:
    """Run steps at once until one of them is over; its error is raised, the others are given up."""
    tasks = [asyncio.ensure_future(step) for step in steps]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def _gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _pour(answer: "aiohttp.ClientResponse", send: Any) -> None:
    async for chunk in answer.content.iter_any():
        await send({"type": "http.response.body", "body": chunk, "more_body": True})


async def _down(socket: "aiohttp.ClientWebSocketResponse", send: Any) -> tuple[int, str]:
    """Carry messages to the client; the code and reason to close with when there are no more."""
    from aiohttp import WSMsgType

    while True:
        message = await socket.receive()
        if message.type is WSMsgType.TEXT:
            await send({"type": "websocket.send", "text": message.data})
        elif message.type is WSMsgType.CLOSE:
            return (message.data or 1000), (message.extra or "")
        else:  # it went without a word
            return 1012, _COME_BACK


async def _up(socket: "aiohttp.ClientWebSocketResponse", receive: Any) -> None:
    """Carry messages from the client until it is gone."""
    while (message := await receive())["type"] != "websocket.disconnect":
        if message.get("text") is not None:
            await socket.send_str(message["text"])
        else:
            await socket.send_bytes(message.get("bytes") or b"")
    await socket.close()
