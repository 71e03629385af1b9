"""Wires the notifier."""

import asyncio

import orjson

from millrace.common.auth.tokens import TokenReader
from millrace.common.db.work import Work
from millrace.common.events.bots import BotChanged
from millrace.common.events.envelope import Envelope
from millrace.common.events.market import CandleClosed
from millrace.common.events.message import Message
from millrace.common.events.portfolio import EquityMarked, PositionChanged
from millrace.common.events.risk import KillSwitchChanged, RiskAlertRaised
from millrace.common.events.trading import AccountOpened, FillBooked, OrderUpdated, SignalRaised
from millrace.common.events.users import SessionEnded, UserDisabled
from millrace.common.runtime.service import Context, Service
from millrace.common.web.app import create_app
from millrace.notifier.api import http, websocket
from millrace.notifier.app.log import UserLog
from millrace.notifier.config import NotifierSettings
from millrace.notifier.domain.hub import Hub

_TOLD = (
    AccountOpened,
    OrderUpdated,
    FillBooked,
    PositionChanged,
    EquityMarked,
    SignalRaised,
    BotChanged,
    RiskAlertRaised,
    KillSwitchChanged,
)


def build(context: Context) -> Service:
    """Put the service together."""
    settings = NotifierSettings()
    hub = Hub()
    log = UserLog(context.database, hub)
    tokens = TokenReader(context.call, context.clock)

    def show(body: bytes) -> None:
        candle = orjson.loads(body)
        hub.show((candle["symbol"], candle["timeframe"]), candle)

    def see_market(_: str, envelope: Envelope) -> None:
        if envelope.type == "market.candle_forming.v1":
            show(envelope.body)

    async def show_candle(work: Work, message: Message[CandleClosed]) -> None:
        work.after_commit(lambda: show(message.envelope.body))

    async def end_session(work: Work, message: Message[SessionEnded]) -> None:
        session = message.event.session_id
        work.after_commit(lambda: _cut(hub, lambda x: x.session_id == session, 4401, "the session has ended"))

    async def end_user(work: Work, message: Message[UserDisabled]) -> None:
        user = message.event.user_id
        work.after_commit(lambda: _cut(hub, lambda x: x.user_id == user, 4401, "the user is disabled"))

    async def start() -> None:
        context.bus.listen("market.ticks.v1", see_market)

    async def drain() -> None:
        _cut(hub, lambda _: True, 1012, "the service restarts; come back and resume")
        async with asyncio.timeout(3):
            while hub.everyone():
                await asyncio.sleep(0.02)

    api = create_app("notifier", service="notifier")
    api.include_router(http.routes(hub, log, tokens, settings))
    api.include_router(websocket.routes(hub, log, tokens, settings))
    return Service(
        "notifier",
        {
            **dict.fromkeys(_TOLD, log.note),
            CandleClosed: show_candle,
            SessionEnded: end_session,
            UserDisabled: end_user,
        },
        api=api,
        start=[start],
        drain=[drain],
    )


def _cut(hub: Hub, which: object, code: int, reason: str) -> None:
    for listener in hub.everyone():
        if callable(which) and which(listener):
            listener.cut(code, reason)
