"""The WebSocket paths. First a token, then whatever the path's manners allow; resumable by sequence number.

A client that resumes says `resume_from` (the last `seq` it has seen) when it authenticates, or `?last_event_id=` in the
address; it is then told in one order. Messages carry `seq` only for clients that say so, be it with null.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter
from starlette.requests import HTTPConnection
from starlette.routing import WebSocketRoute

from millrace.common.auth.tokens import Admission
from millrace.common.db.database import RETRYABLE
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.telemetry import metrics
from millrace.common.web.frames import FRAMES, direct
from millrace.contracts.dialects import streams
from millrace.contracts.table import Transport
from millrace.notifier.api import credentials
from millrace.notifier.api.listening import Listening
from millrace.notifier.api.manners import PATHS, Manners
from millrace.notifier.api.messages import Message, error, read, resume_from, wrong
from millrace.notifier.app.desk import Desk
from millrace.notifier.app.stream import TRY_AGAIN, Stream
from millrace.notifier.domain.allowance import Allowance

_REFUSED = 4401
_CLOSES = {Code.RATE_LIMITED: 4429, Code.UNAVAILABLE: TRY_AGAIN, Code.NOT_FOUND: 4404, Code.INVALID_SYMBOL: 4404}


class Gone(Exception):
    """The client has closed the connection."""


class Session:
    """One connected client."""

    def __init__(self, scope: Any, receive: Any, send: Any, desk: Desk, manners: Manners) -> None:
        self._scope = scope
        self._request = HTTPConnection(scope)
        self._receive = receive
        self._send = send
        self._desk = desk
        self._manners = manners
        self._clock = asyncio.get_running_loop().time
        self._allowance = Allowance(desk.settings.burst, desk.settings.rate, self._clock())
        self._stream: Stream
        self._listening: Listening

    async def run(self) -> None:
        """Authenticate, then serve until either side ends it."""
        await self._receive()
        offered, chosen = credentials.offered(self._scope.get("subprotocols") or [])
        await self._send({"type": "websocket.accept", "subprotocol": chosen})
        try:
            opening = await self._opening(offered)
            await self._open(str(opening["token"]))
        except Gone:
            return
        except MillraceError as problem:
            await self._refuse(problem.code, problem.message, _CLOSES.get(problem.code, _REFUSED))
            return
        except RETRYABLE:
            await self._refuse(Code.UNAVAILABLE, "try again", TRY_AGAIN)
            return
        try:
            await self._begin(opening)
            heartbeat, beat = self._desk.settings.heartbeat_seconds, self._manners.beat
            with metrics.STREAM_CLIENTS.labels("websocket").track_inprogress():
                await self._stream.carry(self._write, self._listen(), heartbeat, beat)
        finally:
            self._stream.leave()
        if end := self._stream.ended:
            if end.code == TRY_AGAIN:
                metrics.STREAM_DROPPED.labels("websocket").inc()
            await self._close(end.code, end.reason)

    async def _opening(self, offered: str | None) -> Message:
        token = offered or credentials.bearer(self._request)
        if token is not None:
            return {"token": token}
        try:
            async with asyncio.timeout(self._desk.settings.auth_seconds):
                first = read(await self._next())
        except TimeoutError:
            raise MillraceError(Code.AUTH_REQUIRED, "no token came in time") from None
        if first.get("type") != "auth" or not isinstance(first.get("token"), str):
            raise MillraceError(Code.AUTH_REQUIRED, 'the first message must be {"type": "auth", "token": "..."}')
        return first

    async def _open(self, token: str) -> None:
        admission: Admission = await self._desk.admit(token, credentials.address(self._request))
        await self._manners.check(admission.principal)
        words = self._manners.words
        self._stream = await self._desk.open(admission, words, direct(self._scope))
        limit = self._desk.settings.markets_per_stream
        self._listening = Listening(admission.principal, self._stream, words, limit)

    async def _begin(self, opening: Message) -> None:
        """Take up what the first message asked for."""
        after = credentials.position(self._request.query_params.get("last_event_id"))
        if after is not None:
            opening = {"resume_from": after, **opening}
        if "resume_from" in opening:
            self._manners.words.number()
        try:
            self._listening.resume = resume_from(opening)
        except MillraceError as problem:
            self._complain(problem)
        try:
            await self._manners.begin(self._listening, opening)
        except MillraceError as problem:
            self._complain(problem)

    async def _next(self) -> Message:
        event: Message = await self._receive()
        if event["type"] == "websocket.disconnect":
            raise Gone
        return event

    async def _listen(self) -> None:
        while True:
            try:
                event = await self._next()
            except Gone:
                return
            if not self._allowance.spend(self._clock()):
                self._stream.end(1008, "too many messages")
                return
            try:
                await self._obey(read(event))
            except MillraceError as problem:
                self._complain(problem)

    async def _obey(self, asked: Message) -> None:
        match asked.get("type"):
            case "ping":
                self._stream.say(self._manners.pong())
            case "subscribe":
                await self._manners.subscribe(self._listening, asked, wanted=True)
            case "unsubscribe":
                await self._manners.subscribe(self._listening, asked, wanted=False)
            case "auth" | "pong":
                return
            case other:
                raise wrong(f"unknown message type {str(other)[:40]!r}")

    def _complain(self, problem: MillraceError) -> None:
        self._stream.say(error(problem.code, problem.message))

    async def _write(self, frames: bytes) -> None:
        if frames:
            await self._send({"type": FRAMES, "frames": frames})

    async def _refuse(self, code: Code, text: str, close: int) -> None:
        try:
            await self._write(error(code, text))
        except OSError:
            return
        await self._close(close, text)

    async def _close(self, code: int, reason: str) -> None:
        try:
            async with asyncio.timeout(self._desk.settings.unread_seconds):
                await self._send({"type": "websocket.close", "code": code, "reason": reason[:120]})
        except (OSError, TimeoutError):
            return


def routes(desk: Desk) -> APIRouter:
    """The WebSocket routes: what the contracts declare and nothing else."""
    api = APIRouter()
    declared = (path for path, stream in streams().items() if stream.transport is Transport.WEBSOCKET)
    api.routes += [WebSocketRoute(path, Connect(desk, PATHS[path])) for path in declared]
    return api


class Connect:
    """A WebSocket route as an ASGI app: frames go out as they are."""

    def __init__(self, desk: Desk, make: Callable[[Desk, Mapping[str, str]], Manners]) -> None:
        self._desk = desk
        self._make = make

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        manners = self._make(self._desk, scope["path_params"])
        await Session(scope, receive, send, self._desk, manners).run()
