"""Streams belong to the notifier: in this process they are handed over, else they are carried through."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.web.client import InProcess, ServiceClient

_PATHS = ("/ws", "/api/v1/ws", "/api/realtime/events")
_HOP = {b"host", b"connection", b"upgrade", b"content-length", b"transfer-encoding"}


class Streams:
    """An ASGI app in front of another: takes the notifier's paths, leaves the rest to `app`."""

    def __init__(self, app: Any, call: Callable[[str], ServiceClient], url: str) -> None:
        self._app = app
        self._call = call
        self._url = url.rstrip("/")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan" or scope["path"] not in _PATHS:
            await self._app(scope, receive, send)
            return
        client = self._call("notifier")
        if isinstance(client, InProcess):
            await client.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._events(scope, receive, send)

    async def _events(self, scope: Any, receive: Any, send: Any) -> None:
        gone = asyncio.create_task(_gone(receive))
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(None, connect=5)) as session,
                session.get(self._target(scope), headers=_headers(scope)) as answer,
            ):
                kind = answer.headers.get("content-type", "text/event-stream").encode()
                headers = [(b"content-type", kind), (b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no")]
                await send({"type": "http.response.start", "status": answer.status, "headers": headers})
                await _pour(answer, send, gone)
        except aiohttp.ClientError:
            raise MillraceError(Code.UNAVAILABLE, "the stream is temporarily unavailable; try again") from None
        finally:
            gone.cancel()

    async def _websocket(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.ws_connect(self._target(scope), headers=_headers(scope), max_msg_size=65536) as socket,
            ):
                await send({"type": "websocket.accept"})
                down = asyncio.create_task(_down(socket, send))
                up = asyncio.create_task(_up(socket, receive))
                await asyncio.wait({down, up}, return_when=asyncio.FIRST_COMPLETED)
                for task in (down, up):
                    task.cancel()
                await asyncio.gather(down, up, return_exceptions=True)
        except aiohttp.ClientError:
            await send({"type": "websocket.close", "code": 1013, "reason": "try again"})

    def _target(self, scope: Any) -> str:
        query = scope.get("query_string", b"").decode()
        return f"{self._url}{scope['path']}{'?' + query if query else ''}"


def _headers(scope: Any) -> dict[str, str]:
    return {
        name.decode(): value.decode("latin-1")
        for name, value in scope["headers"]
        if name not in _HOP and not name.startswith(b"sec-websocket")
    }


async def _gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _pour(answer: aiohttp.ClientResponse, send: Any, gone: "asyncio.Task[None]") -> None:
    chunks = answer.content.iter_any()
    while True:
        chunk = asyncio.ensure_future(anext(chunks, b""))
        await asyncio.wait({chunk, gone}, return_when=asyncio.FIRST_COMPLETED)
        if gone.done():
            chunk.cancel()
            return
        data = chunk.result()
        await send({"type": "http.response.body", "body": data, "more_body": bool(data)})
        if not data:
            return


async def _down(socket: aiohttp.ClientWebSocketResponse, send: Any) -> None:
    async for message in socket:
        if message.type is aiohttp.WSMsgType.TEXT:
            await send({"type": "websocket.send", "text": message.data})
    await send({"type": "websocket.close", "code": socket.close_code or 1012})


async def _up(socket: aiohttp.ClientWebSocketResponse, receive: Any) -> None:
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            await socket.close(code=message.get("code", 1000))
            return
        await socket.send_str(message.get("text") or (message.get("bytes") or b"").decode())
