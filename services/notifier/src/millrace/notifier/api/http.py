"""Server-sent events: the user's log from where the client stopped, and then what happens."""

from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.requests import HTTPConnection
from starlette.responses import Response

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.telemetry import metrics
from millrace.notifier.app.desk import Desk
from millrace.notifier.app.stream import TRY_AGAIN, Stream
from millrace.notifier.app.views import EventWords

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]
_WORDS = EventWords()


def bearer(request: HTTPConnection) -> str | None:
    """The token in the `Authorization` header or in `?token=`."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    return request.query_params.get("token")


class EventStream(Response):
    """Carries one stream until either side ends it."""

    def __init__(self, stream: Stream, after: int | None, heartbeat: float) -> None:
        super().__init__()
        self._stream = stream
        self._after = after
        self._heartbeat = heartbeat
        self._beats = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Write what happens as events; say `reconnect` before the end."""
        stream = self._stream

        async def write(data: bytes, *, more: bool = True) -> None:
            await send({"type": "http.response.body", "body": data, "more_body": more})

        async def gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        try:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await write(b"retry: 1000\n\n")
            stream.subscribe("sse", self._after)
            with metrics.STREAM_CLIENTS.labels("sse").track_inprogress():
                await stream.carry(write, gone(), self._heartbeat, self._beat)
        finally:
            stream.leave()
        if stream.ended:
            if stream.ended.code == TRY_AGAIN:
                metrics.STREAM_DROPPED.labels("sse").inc()
            said = orjson.dumps({"code": stream.ended.code, "reason": stream.ended.reason})
            await write(b"retry: 1000\nevent: reconnect\ndata: " + said + b"\n\n", more=False)

    def _beat(self) -> bytes:
        self._beats += 1
        return b"event: heartbeat\ndata: " + orjson.dumps({"counter": self._beats}) + b"\n\n"


def routes(desk: Desk) -> APIRouter:
    """The SSE route."""
    api = APIRouter()

    @api.get("/api/realtime/events")
    async def events(request: Request) -> Response:
        token = bearer(request)
        if token is None:
            raise MillraceError(Code.AUTH_REQUIRED, "a bearer token is required")
        after = _last_id(request.headers.get("last-event-id") or request.query_params.get("last_event_id"))
        return EventStream(await desk.open(token, _WORDS), after, desk.settings.heartbeat_seconds)

    return api


def _last_id(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
