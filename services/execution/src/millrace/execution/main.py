"""Wires the execution service."""

import os
import socket
from datetime import timedelta
from functools import partial

import structlog

from millrace.common.auth.approvals import Approvals
from millrace.common.auth.internal import current_principal
from millrace.common.db.work import Work
from millrace.common.events.envelope import Envelope
from millrace.common.events.market import CandleClosed, PriceSeen
from millrace.common.events.message import Message, decode
from millrace.common.events.risk import KillSwitchChanged, OrderApproved, OrderRefused
from millrace.common.events.trading import SignalRaised
from millrace.common.events.users import UserRegistered
from millrace.common.runtime.service import Context, Service
from millrace.common.web.app import create_app
from millrace.execution.adapters.paper import PaperVenue
from millrace.execution.adapters.postgres import PostgresOrders
from millrace.execution.api.http import routes
from millrace.execution.app import handlers
from millrace.execution.app.leases import Leases
from millrace.execution.app.sender import Sender
from millrace.execution.config import ExecutionSettings

log = structlog.get_logger()


def build(context: Context) -> Service:
    """Put the service together."""
    settings = ExecutionSettings()
    database, clock = context.database, context.clock
    owner = f"{socket.gethostname()}/{os.getpid()}"
    leases = Leases(database, owner, settings.lease_seconds)
    venue = PaperVenue(database, leases, settings.slippage_ticks)
    orders = PostgresOrders()
    sender = Sender(context.works, orders, venue, leases, clock, timedelta(seconds=settings.send_deadline_seconds))
    venue.news = sender.book_soon
    approvals = Approvals(context.keys.approval)

    async def match_candle(work: Work, message: Message[CandleClosed]) -> None:
        await venue.on_candles([message.event.candle])

    async def open_account(work: Work, message: Message[UserRegistered]) -> None:
        await handlers.open_paper_account(work, message, accounts=orders, settings=settings)
        work.after_commit(recover.soon)

    def see_price(_: str, envelope: Envelope) -> None:
        event = decode(envelope).event
        if isinstance(event, PriceSeen):
            venue.on_price(event.exchange, event.symbol, event.price)

    recover = _Recovery(leases, venue, sender)

    async def start() -> None:
        await recover.start()
        context.bus.listen("market.ticks.v1", see_price)

    current = current_principal(context.keys.internal, "execution")
    api = create_app("execution", service="execution")
    api.include_router(
        routes(context.works, orders, sender, venue.price, clock, settings.decision_wait_seconds, current)
    )
    return Service(
        "execution",
        {
            UserRegistered: open_account,
            SignalRaised: partial(handlers.take_signal, orders=orders),
            OrderApproved: partial(handlers.send_order, orders=orders, sender=sender, approvals=approvals, clock=clock),
            OrderRefused: partial(handlers.refuse_order, orders=orders, sender=sender),
            CandleClosed: match_candle,
            KillSwitchChanged: partial(handlers.obey_kill_switch, sender=sender),
        },
        api=api,
        start=[start],
        loops=[sender.run, recover.run],
        stop=[leases.release],
        busy=lambda: sender.busy,
    )


class _Recovery:
    """Start-up is recovery: take the leases, rebuild the venue's books, settle what was under way."""

    def __init__(self, leases: Leases, venue: PaperVenue, sender: Sender) -> None:
        self._leases = leases
        self._venue = venue
        self._sender = sender

    async def start(self) -> None:
        """Once, before the first message."""
        await self._leases.renew()
        await self._venue.load()
        await self._sender.resolve()

    def soon(self) -> None:
        """An account was opened: own it before its first order."""
        self._leases.soon()

    async def run(self) -> None:
        """Keep the leases; whatever is taken over is rebuilt and settled, and so is what another process left."""
        while True:
            try:
                if await self._leases.due():
                    await self._venue.load()
                await self._sender.resolve()
            except Exception as problem:
                log.warning("orders under way could not be settled yet", error=repr(problem))
