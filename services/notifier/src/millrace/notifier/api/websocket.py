"""The WebSocket of contract crypto: `/ws`. First a token, then subscriptions; resumable by sequence number.

A client that resumes says `resume_from` (the last `seq` it has seen) when it authenticates, and may name its `channels`
there; they are then told in one order. `subscribe` takes a `resume_from` of its own: each channel is told gaplessly.
"""

import asyncio
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.requests import HTTPConnection
from starlette.routing import WebSocketRoute

from millrace.common.db.database import RETRYABLE
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.symbols import parse_symbol
from millrace.common.kernel.timeframes import parse_timeframe
from millrace.common.telemetry import metrics
from millrace.common.web.frames import FRAMES
from millrace.notifier.api.http import bearer
from millrace.notifier.app.desk import Desk
from millrace.notifier.app.stream import TRY_AGAIN, Stream
from millrace.notifier.app.views import CHANNELS, WebSocketWords, message
from millrace.notifier.domain.allowance import Allowance

_MESSAGE_LIMIT = 16_384
_WORDS = WebSocketWords()
_PONG = message({"type": "pong"})
_CLOSES = {Code.RATE_LIMITED: 4429, Code.UNAVAILABLE: TRY_AGAIN}
_SUBPROTOCOL = "bearer"
Message = dict[str, Any]


class Gone(Exception):
    """The client has closed the connection."""


class Session:
    """One connected client."""

    def __init__(self, scope: Any, receive: Any, send: Any, desk: Desk) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._desk = desk
        self._clock = asyncio.get_running_loop().time
        self._allowance = Allowance(desk.settings.burst, desk.settings.rate, self._clock())
        self._resume: int | None = None
        self._joined: set[str] = set()
        self._stream: Stream

    async def run(self) -> None:
        """Authenticate, then serve until either side ends it."""
        await self._receive()
        offered = self._scope.get("subprotocols") or []
        chosen = _SUBPROTOCOL if _SUBPROTOCOL in offered[:1] else None
        await self._send({"type": "websocket.accept", "subprotocol": chosen})
        try:
            opening = await self._opening(offered[1] if chosen and len(offered) > 1 else None)
            direct = self._scope["extensions"].get(FRAMES)
            self._stream = await self._desk.open(str(opening["token"]), _WORDS, direct)
        except Gone:
            return
        except MillraceError as problem:
            await self._refuse(problem.code, problem.message, _CLOSES.get(problem.code, 4401))
            return
        except RETRYABLE:
            await self._refuse(Code.UNAVAILABLE, "try again", TRY_AGAIN)
            return
        try:
            self._begin(opening)
            with metrics.STREAM_CLIENTS.labels("websocket").track_inprogress():
                await self._stream.carry(self._write, self._listen(), self._desk.settings.heartbeat_seconds, _nothing)
        finally:
            self._stream.leave()
        if end := self._stream.ended:
            if end.code == TRY_AGAIN:
                metrics.STREAM_DROPPED.labels("websocket").inc()
            await self._close(end.code, end.reason)

    async def _opening(self, offered: str | None) -> Message:
        token = offered or bearer(HTTPConnection(self._scope))
        if token is not None:
            return {"token": token}
        try:
            async with asyncio.timeout(self._desk.settings.auth_seconds):
                first = _read(await self._next())
        except TimeoutError:
            raise MillraceError(Code.AUTH_REQUIRED, "no token came in time") from None
        if first.get("type") != "auth" or not isinstance(first.get("token"), str):
            raise MillraceError(Code.AUTH_REQUIRED, 'the first message must be {"type": "auth", "token": "..."}')
        return first

    def _begin(self, opening: Message) -> None:
        """Take up what the first message asked for."""
        try:
            self._resume = _position(opening)
            channels = opening.get("channels", [])
            if not isinstance(channels, list):
                raise _wrong("channels must be a list")
            for channel in channels:
                self._subscribe({"channel": channel}, wanted=True)
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
                self._obey(_read(event))
            except MillraceError as problem:
                self._complain(problem)

    def _obey(self, asked: Message) -> None:
        match asked.get("type"):
            case "ping":
                self._stream.say(_PONG)
            case "subscribe":
                self._subscribe(asked, wanted=True)
            case "unsubscribe":
                self._subscribe(asked, wanted=False)
            case "auth" | "pong":
                return
            case other:
                raise _wrong(f"unknown message type {str(other)[:40]!r}")

    def _subscribe(self, asked: Message, *, wanted: bool) -> None:
        channel = asked.get("channel")
        if channel == "market_data":
            self._watch(asked, wanted=wanted)
        elif not isinstance(channel, str) or channel not in CHANNELS:
            known = ", ".join(["market_data", *CHANNELS])
            raise _wrong(f"unknown channel {str(channel)[:40]!r}; there are {known}")
        elif wanted:
            first = self._resume if channel not in self._joined else None
            own = _position(asked)
            self._joined.add(channel)
            self._stream.subscribe(channel, first if own is None else own)
        else:
            self._stream.unsubscribe(channel)

    def _watch(self, asked: Message, *, wanted: bool) -> None:
        spelling, timeframe = asked.get("symbol"), asked.get("timeframe", "1m")
        if not isinstance(spelling, str) or not isinstance(timeframe, str) or len(spelling) > 40:
            raise _wrong("market_data needs a symbol and may have a timeframe")
        market = (str(parse_symbol(spelling)), parse_timeframe(timeframe))
        if not wanted:
            self._stream.unwatch(market)
        elif market not in self._stream.markets and len(self._stream.markets) >= self._desk.settings.markets_per_stream:
            raise MillraceError(Code.RATE_LIMITED, "too many markets on one connection")
        else:
            self._stream.watch(market, spelling)

    def _complain(self, problem: MillraceError) -> None:
        self._stream.say(_error(problem.code, problem.message))

    async def _write(self, frames: bytes) -> None:
        if frames:
            await self._send({"type": FRAMES, "frames": frames})

    async def _refuse(self, code: Code, text: str, close: int) -> None:
        try:
            await self._write(_error(code, text))
        except OSError:
            return
        await self._close(close, text)

    async def _close(self, code: int, reason: str) -> None:
        try:
            async with asyncio.timeout(self._desk.settings.unread_seconds):
                await self._send({"type": "websocket.close", "code": code, "reason": reason[:120]})
        except (OSError, TimeoutError):
            return


def _nothing() -> bytes:
    """The server pings by itself."""
    return b""


def _wrong(text: str) -> MillraceError:
    return MillraceError(Code.VALIDATION_ERROR, text)


def _read(event: Message) -> Message:
    text = event.get("text")
    if text is None:
        raise _wrong("messages are text")
    if len(text) > _MESSAGE_LIMIT:
        raise _wrong("the message is too long")
    try:
        found = orjson.loads(text)
    except ValueError:
        raise _wrong("the message is not valid JSON") from None
    if not isinstance(found, dict):
        raise _wrong("a message must be an object")
    return found


def _position(asked: Message) -> int | None:
    position = asked.get("resume_from")
    if position is None:
        return None
    if type(position) is not int or not 0 <= position < 1 << 62:
        raise _wrong("resume_from must be the seq of a message")
    return position


def _error(code: Code, text: str) -> bytes:
    return message({"type": "error", "code": str(code), "message": text})


def routes(desk: Desk) -> APIRouter:
    """The WebSocket routes; `/api/v1/ws` serves clients that append `/ws` to their base address."""

    class Connect:
        """A WebSocket route as an ASGI app: frames go out as they are."""

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await Session(scope, receive, send, desk).run()

    api = APIRouter()
    api.routes += [WebSocketRoute(path, Connect()) for path in ("/ws", "/api/v1/ws")]
    return api
