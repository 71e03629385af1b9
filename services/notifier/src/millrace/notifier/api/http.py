"""Server-sent events: the user's log from where the client stopped, and then what happens."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from millrace.common.auth.principal import Principal
from millrace.common.auth.tokens import TokenReader
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.telemetry import metrics
from millrace.notifier.app.log import UserLog
from millrace.notifier.app.stream import Ended, Stream
from millrace.notifier.app.views import server_sent
from millrace.notifier.config import NotifierSettings
from millrace.notifier.domain.hub import Entry, Hub

_HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}


def bearer(request: Any) -> str | None:
    """The token in the `Authorization` header or in `?token=`."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return str(token)
    found: str | None = request.query_params.get("token")
    return found


def routes(hub: Hub, log: UserLog, tokens: TokenReader, settings: NotifierSettings) -> APIRouter:
    """The SSE route."""
    api = APIRouter()

    @api.get("/api/realtime/events")
    async def events(request: Request) -> StreamingResponse:
        token = bearer(request)
        if token is None:
            raise MillraceError(Code.AUTH_REQUIRED, "a bearer token is required")
        user = await tokens.principal(token)
        if hub.count(user.user_id) >= settings.streams_per_user:
            raise MillraceError(Code.RATE_LIMITED, "too many open streams", retry_after=5)
        after = _last_id(request.headers.get("last-event-id") or request.query_params.get("last_event_id"))
        stream = Stream(hub, log, user.user_id, user.session_id, settings.waiting_limit)
        return StreamingResponse(
            _told(stream, log, user, after, settings.heartbeat_seconds),
            media_type="text/event-stream",
            headers=_HEADERS,
        )

    return api


def _last_id(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() and len(text) < 19 else None


async def _told(
    stream: Stream, log: UserLog, user: Principal, after: int | None, heartbeat: float
) -> AsyncIterator[bytes]:
    metrics.STREAM_CLIENTS.labels("sse").inc()
    beats = 0
    try:
        yield b"retry: 1000\n\n"
        first, last = await log.bounds(user.user_id)
        if after is None:
            stream.join(last)
        else:
            if after and first > after + 1:
                yield b"event: resync_required\ndata: " + orjson.dumps({"first": first, "last": last}) + b"\n\n"
            missed = await stream.resync(after)
            if missed:
                yield b"".join(map(_framed, missed))
        async for entries, _ in stream.batches(heartbeat):
            if entries:
                yield b"".join(map(_framed, entries))
            else:
                beats += 1
                yield b"event: heartbeat\ndata: " + orjson.dumps({"counter": beats}) + b"\n\n"
    except Ended as end:
        yield b"event: reconnect\ndata: " + orjson.dumps({"code": end.code, "reason": end.reason}) + b"\n\n"
    finally:
        stream.leave()
        metrics.STREAM_CLIENTS.labels("sse").dec()


def _framed(entry: Entry) -> bytes:
    name, data = server_sent(entry)
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (entry.seq, name.encode(), orjson.dumps(data))
