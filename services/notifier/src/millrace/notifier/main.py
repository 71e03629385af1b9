"""Wires the notifier."""

import asyncio

from millrace.common.auth.tokens import TokenReader
from millrace.common.db.work import Work
from millrace.common.events.bots import BotChanged, BotHeld
from millrace.common.events.envelope import Envelope
from millrace.common.events.market import CandleClosed, CandleForming, PriceSeen
from millrace.common.events.message import Message, decode
from millrace.common.events.portfolio import EquityMarked, PositionChanged
from millrace.common.events.risk import KillSwitchChanged, RiskAlertRaised
from millrace.common.events.trading import AccountOpened, FillBooked, OrderUpdated, SignalRaised
from millrace.common.events.users import ApiKeyRevoked, SessionEnded, UserDisabled
from millrace.common.runtime.service import Context, Service
from millrace.common.web.app import add_routes, create_app
from millrace.notifier.adapters.neighbours import Neighbours
from millrace.notifier.api import http, websocket
from millrace.notifier.app.desk import EXPIRED, Desk
from millrace.notifier.app.log import UserLog
from millrace.notifier.config import NotifierSettings
from millrace.notifier.domain.hub import Hub, Quote

_TOLD = (
    AccountOpened,
    OrderUpdated,
    FillBooked,
    PositionChanged,
    EquityMarked,
    SignalRaised,
    BotChanged,
    BotHeld,
    RiskAlertRaised,
    KillSwitchChanged,
)
_SEEN = (CandleForming.type, PriceSeen.type)
_DRAIN_SECONDS = 3.0


def build(context: Context) -> Service:
    """Put the service together."""
    settings = NotifierSettings()
    hub = Hub()
    log = UserLog(context.database, hub)
    tokens = TokenReader(context.call, context.clock)
    facts = Neighbours(context.call, context.keys.internal)
    desk = Desk(hub, log, tokens, context.clock, settings, facts)

    def see_market(_: str, envelope: Envelope) -> None:
        if envelope.key in hub.watched and envelope.type in _SEEN:
            hub.show(envelope.key, Quote(decode(envelope).event))

    async def show_candle(work: Work, message: Message[CandleClosed]) -> None:
        candle = message.event
        market = f"{candle.exchange}:{candle.symbol}:{candle.timeframe}"
        if market in hub.watched:
            work.after_commit(lambda: hub.show(market, Quote(candle)))

    async def end_session(work: Work, message: Message[SessionEnded]) -> None:
        work.after_commit(lambda: _end(hub, message.event, "the session has ended"))

    async def end_key(work: Work, message: Message[ApiKeyRevoked]) -> None:
        work.after_commit(lambda: _end(hub, message.event, "the API key is revoked"))

    async def end_user(work: Work, message: Message[UserDisabled]) -> None:
        work.after_commit(lambda: _end(hub, message.event, "the user is disabled"))

    async def start() -> None:
        context.bus.listen("market.ticks.v1", see_market)

    async def drain() -> None:
        hub.close(1012, "the service restarts; come back and resume")
        async with asyncio.timeout(_DRAIN_SECONDS):
            while hub.everyone():
                await asyncio.sleep(0.02)

    api = create_app("notifier", service="notifier")
    add_routes(api, http.routes(desk), websocket.routes(desk))
    return Service(
        "notifier",
        {
            **dict.fromkeys(_TOLD, log.note),
            CandleClosed: show_candle,
            SessionEnded: end_session,
            ApiKeyRevoked: end_key,
            UserDisabled: end_user,
        },
        api=api,
        start=[start],
        loops=[desk.watch, desk.shorten],
        drain=[drain],
    )


def _end(hub: Hub, event: SessionEnded | ApiKeyRevoked | UserDisabled, reason: str) -> None:
    over = getattr(event, "session_id", None) or getattr(event, "key_id", None)
    for stream in hub.of_user(event.user_id):
        if isinstance(event, UserDisabled) or stream.session_id == over:
            stream.end(EXPIRED, reason)
