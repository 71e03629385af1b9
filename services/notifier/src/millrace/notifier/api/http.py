"""Server-sent events: contract network's, which tell the user's state, and our own, which tell the user's log."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from millrace.common.auth.tokens import Admission
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.telemetry import metrics
from millrace.common.web.frames import direct
from millrace.contracts.network import stream as network
from millrace.notifier.api.credentials import address, bearer, position
from millrace.notifier.app.desk import Desk
from millrace.notifier.app.panel import Panel
from millrace.notifier.app.stream import TRY_AGAIN, Stream
from millrace.notifier.app.views import LogWords, event_text

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]


class EventStream(Response):
    """Carries one stream until either side ends it."""

    def __init__(self, stream: Stream, after: int | None, heartbeat: float, beat: Callable[[int], bytes]) -> None:
        super().__init__()
        self._stream = stream
        self._after = after
        self._heartbeat = heartbeat
        self._beat = beat
        self._beats = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Write what happens as events; say `reconnect` before the end."""
        stream = self._stream
        following = None

        async def write(data: bytes, *, more: bool = True) -> None:
            await send({"type": "http.response.body", "body": data, "more_body": more})

        async def gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        try:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await write(b"retry: 1000\n\n")
            if isinstance(stream, Panel):
                following = asyncio.create_task(stream.follow(self._after))
            else:
                stream.subscribe("log", self._after)
            with metrics.STREAM_CLIENTS.labels("sse").track_inprogress():
                await stream.carry(write, gone(), self._heartbeat, self._next_beat)
        finally:
            stream.leave()
            if following:
                following.cancel()
                with suppress(asyncio.CancelledError):
                    await following
        if stream.ended:
            if stream.ended.code == TRY_AGAIN:
                metrics.STREAM_DROPPED.labels("sse").inc()
            said = orjson.dumps({"code": stream.ended.code, "reason": stream.ended.reason})
            await write(b"retry: 1000\nevent: reconnect\ndata: " + said + b"\n\n", more=False)

    def _next_beat(self) -> bytes:
        self._beats += 1
        return self._beat(self._beats)


def routes(desk: Desk) -> APIRouter:
    """The SSE routes."""
    api = APIRouter()

    def beat(counter: int) -> bytes:
        return event_text("heartbeat", network.heartbeat(counter, desk.clock.now()))

    async def admitted(request: Request) -> Admission:
        token = bearer(request)
        if token is None:
            raise MillraceError(Code.AUTH_REQUIRED, "a bearer token is required")
        return await desk.admit(token, address(request))

    def carried(request: Request, stream: Stream) -> Response:
        after = position(request.headers.get("last-event-id") or request.query_params.get("last_event_id"))
        return EventStream(stream, after, desk.settings.heartbeat_seconds, beat)

    @api.get("/api/realtime/events")
    async def events(request: Request) -> Response:
        return carried(request, await desk.panel(await admitted(request)))

    @api.get("/api/realtime/events/log")
    async def log(request: Request) -> Response:
        return carried(request, await desk.open(await admitted(request), LogWords(), direct(request.scope)))

    return api
