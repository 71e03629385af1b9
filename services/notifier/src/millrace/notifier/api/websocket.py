"""The WebSocket of contract crypto: `/ws`. First a token, then subscriptions; resumable by sequence number."""

import asyncio
from contextlib import suppress
from typing import Any

import orjson
from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect, WebSocketState

from millrace.common.auth.principal import Principal
from millrace.common.auth.tokens import TokenReader
from millrace.common.kernel.errors import MillraceError
from millrace.common.kernel.symbols import parse_symbol
from millrace.common.kernel.timeframes import parse_timeframe
from millrace.common.telemetry import metrics
from millrace.notifier.api.http import bearer
from millrace.notifier.app.log import UserLog
from millrace.notifier.app.stream import Ended, Stream
from millrace.notifier.app.views import CHANNELS, whole_seconds
from millrace.notifier.config import NotifierSettings
from millrace.notifier.domain.hub import Entry, Hub

_MESSAGE_LIMIT = 16_384


class Session:
    """One connected client."""

    def __init__(
        self, socket: WebSocket, hub: Hub, log: UserLog, tokens: TokenReader, settings: NotifierSettings
    ) -> None:
        self._socket = socket
        self._hub = hub
        self._log = log
        self._tokens = tokens
        self._settings = settings
        self._channels: set[str] = set()
        self._spelling: dict[tuple[str, str], list[str]] = {}
        self._resume: int | None = None
        self._stream: Stream

    async def run(self) -> None:
        """Authenticate, then serve until either side ends it."""
        await self._socket.accept()
        try:
            user = await self._authenticated()
        except (MillraceError, TimeoutError, ValueError, WebSocketDisconnect) as problem:
            with suppress(RuntimeError, WebSocketDisconnect):
                await self._error("AUTH_INVALID", str(problem) or "authenticate within ten seconds")
                await self._socket.close(4401)
            return
        if self._hub.count(user.user_id) >= self._settings.streams_per_user:
            await self._socket.close(1013, "too many open streams")
            return
        self._stream = Stream(self._hub, self._log, user.user_id, user.session_id, self._settings.waiting_limit)
        metrics.STREAM_CLIENTS.labels("websocket").inc()
        try:
            await self._serve(user)
        finally:
            self._stream.leave()
            metrics.STREAM_CLIENTS.labels("websocket").dec()

    async def _authenticated(self) -> Principal:
        token = bearer(self._socket)
        if token is None:
            async with asyncio.timeout(self._settings.auth_seconds):
                first = await self._read()
            if first.get("type") != "auth" or not isinstance(first.get("token"), str):
                raise ValueError('the first message must be {"type": "auth", "token": "..."}')
            token = first["token"]
            resume = first.get("resume_from")
            self._resume = resume if isinstance(resume, int) and resume >= 0 else None
        return await self._tokens.principal(token)

    async def _read(self) -> dict[str, Any]:
        text = await self._socket.receive_text()
        if len(text) > _MESSAGE_LIMIT:
            raise ValueError("the message is too long")
        found = orjson.loads(text)
        if not isinstance(found, dict):
            raise ValueError("a message must be an object")
        return found

    async def _serve(self, user: Principal) -> None:
        if self._resume is None:
            self._stream.join((await self._log.bounds(user.user_id))[1])
        self._ready = asyncio.Event()
        if self._resume is None:
            self._ready.set()
        writer = asyncio.create_task(self._write())
        reader = asyncio.create_task(self._listen())
        done, pending = await asyncio.wait({writer, reader}, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        for task in done:
            problem = task.exception()
            if isinstance(problem, Ended) and self._socket.client_state is WebSocketState.CONNECTED:
                with suppress(RuntimeError):
                    await self._socket.close(problem.code, problem.reason)
            elif problem is not None and not isinstance(problem, WebSocketDisconnect | RuntimeError | Ended):
                raise problem

    async def _listen(self) -> None:
        while True:
            try:
                await self._obey(await self._read())
            except (MillraceError, ValueError) as problem:
                await self._error(getattr(problem, "code", "INVALID_MESSAGE"), str(problem))

    async def _obey(self, message: dict[str, Any]) -> None:
        match message.get("type"):
            case "ping":
                await self._socket.send_text('{"type":"pong"}')
            case "subscribe":
                await self._subscribe(message, wanted=True)
            case "unsubscribe":
                await self._subscribe(message, wanted=False)
            case "auth":
                return
            case other:
                raise ValueError(f"unknown message type {str(other)[:40]!r}")

    async def _subscribe(self, message: dict[str, Any], *, wanted: bool) -> None:
        channel = message.get("channel")
        if channel == "market_data":
            self._watch(message, wanted=wanted)
        elif channel in CHANNELS:
            (self._channels.add if wanted else self._channels.discard)(channel)
            if self._resume is not None and wanted and not self._ready.is_set():
                self._ready.set()
        else:
            known = ", ".join(["market_data", *CHANNELS])
            raise ValueError(f"unknown channel {str(channel)[:40]!r}; there are {known}")

    def _watch(self, message: dict[str, Any], *, wanted: bool) -> None:
        spelling = str(message.get("symbol", ""))
        market = (str(parse_symbol(spelling)), parse_timeframe(str(message.get("timeframe", "1m"))))
        if wanted:
            self._spelling.setdefault(market, []).append(spelling)
            self._hub.watch(self._stream.listener, market)
        else:
            self._spelling.pop(market, None)
            self._hub.unwatch(self._stream.listener, market)

    async def _write(self) -> None:
        if self._resume is not None:
            await self._ready.wait()
            await asyncio.sleep(0.05)  # subscriptions that follow at once share the replay
            await self._tell(await self._stream.resync(self._resume))
        async for entries, quotes in self._stream.batches(self._settings.heartbeat_seconds):
            await self._tell(entries)
            for quote in quotes:
                for spelling in self._spelling.get((quote["symbol"], quote["timeframe"]), ()):
                    await self._socket.send_text(_market(spelling, quote))

    async def _tell(self, entries: list[Entry]) -> None:
        for entry in entries:
            for channel in sorted(self._channels):
                said = CHANNELS[channel](entry)
                if said is not None:
                    await self._socket.send_text(orjson.dumps(said).decode())
                    metrics.STREAM_SENT.labels("websocket").inc()

    async def _error(self, code: str, message: str) -> None:
        await self._socket.send_text(orjson.dumps({"type": "error", "code": str(code), "message": message}).decode())


def _market(spelling: str, quote: dict[str, Any]) -> str:
    data = {name: quote[name] for name in ("open", "high", "low", "close", "volume")}
    data["timestamp"] = whole_seconds(quote["opened_at"])
    return orjson.dumps(
        {
            "type": "market_data",
            "channel": "market_data",
            "symbol": spelling,
            "timeframe": quote["timeframe"],
            "data": data,
        }
    ).decode()


def routes(hub: Hub, log: UserLog, tokens: TokenReader, settings: NotifierSettings) -> APIRouter:
    """The WebSocket routes; `/api/v1/ws` serves clients that append `/ws` to their base address."""
    api = APIRouter()

    async def connect(socket: WebSocket) -> None:
        await Session(socket, hub, log, tokens, settings).run()

    api.add_api_websocket_route("/ws", connect)
    api.add_api_websocket_route("/api/v1/ws", connect)
    return api
