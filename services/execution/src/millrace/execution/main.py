"""Wires the execution service."""

from datetime import timedelta
from functools import partial

from millrace.common.auth.approvals import Approvals
from millrace.common.auth.internal import current_principal
from millrace.common.events.bots import BotChanged
from millrace.common.events.envelope import Envelope
from millrace.common.events.market import BookSeen, CandleClosed, PriceSeen
from millrace.common.events.message import decode
from millrace.common.events.risk import KillSwitchChanged, OrderApproved, OrderRefused
from millrace.common.events.trading import SignalRaised
from millrace.common.events.users import UserDisabled, UserEnabled, UserRegistered
from millrace.common.runtime.service import Context, Service
from millrace.common.web.app import add_routes, create_app
from millrace.execution.adapters.ccxt_accounts import CcxtAccounts
from millrace.execution.adapters.neighbours import Neighbours
from millrace.execution.adapters.paper import PaperVenue
from millrace.execution.adapters.postgres import PostgresOrders
from millrace.execution.adapters.sealing import Seal
from millrace.execution.api.accounts import account_routes
from millrace.execution.api.groups import group_routes
from millrace.execution.api.http import routes
from millrace.execution.api.trading import trading_routes
from millrace.execution.app import handlers
from millrace.execution.app.account_desk import AccountDesk
from millrace.execution.app.closing import Closing
from millrace.execution.app.exits import StandingExits
from millrace.execution.app.group_trading import GroupTrading
from millrace.execution.app.key_checks import KeyChecks
from millrace.execution.app.leases import Leases
from millrace.execution.app.legs import Legs
from millrace.execution.app.sender import Sender
from millrace.execution.app.unfinished import Unfinished
from millrace.execution.config import ExecutionSettings


def build(context: Context) -> Service:
    """Put the service together."""
    settings = ExecutionSettings()
    database, clock = context.database, context.clock
    alone = not context.bus.features.several_processes
    leases = Leases(database, f"execution-{context.settings.instance}", settings.lease_seconds, alone=alone)
    venue = PaperVenue(database, leases, settings.slippage_ticks)
    orders = PostgresOrders(leases, clock)
    sender = Sender(
        context.works,
        orders,
        venue,
        leases,
        clock,
        deadline=timedelta(seconds=settings.send_deadline_seconds),
        resolve_seconds=settings.resolve_seconds,
    )
    venue.news = sender.book_soon
    approvals, patience = Approvals(context.keys.approval), timedelta(seconds=settings.exit_patience_seconds)
    exits = StandingExits(context.works, orders, approvals, clock, patience, sender.ready)

    def see_market(_: str, envelope: Envelope) -> None:
        match decode(envelope).event:
            case PriceSeen() as seen:
                venue.on_price(seen.exchange, seen.symbol, seen.price, seen.quantity, seen.at)
            case BookSeen() as book:
                venue.on_book(book.exchange, book.symbol, book.bids, book.asks, book.at, book.last_update_id)

    async def start() -> None:
        """Start-up is recovery: lead, rebuild the venue's books; the sender settles what was under way first."""
        await leases.lead()
        await venue.load()
        await sender.retry_parked()
        for topic in ("market.ticks.v1", "market.books.v1"):
            context.bus.listen(topic, see_market)

    legs = Legs(context.works, orders, sender, venue.price, clock, settings.decision_wait_seconds)
    neighbours = Neighbours(context.call, context.keys.internal)
    groups, closing = GroupTrading(legs, neighbours), Closing(legs, timedelta(seconds=settings.terminate_seconds))
    current = current_principal(context.keys.internal, "execution")
    api = create_app("execution", service="execution")
    add_routes(
        api,
        routes(context.works, orders, sender, venue.price, clock, settings.decision_wait_seconds, current),
        account_routes(_account_desk(context, settings, leases, neighbours), venue.price, current),
        group_routes(context.works, clock, current),
        trading_routes(context.works, groups, closing, clock, current),
    )
    return Service(
        "execution",
        {
            UserRegistered: partial(handlers.open_paper_accounts, accounts=orders, settings=settings, leases=leases),
            SignalRaised: partial(handlers.take_signal, orders=orders),
            OrderApproved: partial(handlers.send_order, orders=orders, sender=sender, approvals=approvals, clock=clock),
            OrderRefused: partial(handlers.refuse_order, orders=orders, sender=sender),
            CandleClosed: partial(handlers.match_candle, match=venue.on_candles),
            BotChanged: partial(handlers.end_bot, orders=orders, sender=sender),
            KillSwitchChanged: partial(handlers.obey_kill_switch, orders=orders, sender=sender),
            UserDisabled: partial(handlers.end_user, orders=orders, sender=sender),
            UserEnabled: partial(handlers.readmit_user, orders=orders),
        },
        prepare={
            SignalRaised: partial(handlers.expect_signals, orders=orders),
            OrderApproved: partial(handlers.expect_decisions, orders=orders),
            OrderRefused: partial(handlers.expect_decisions, orders=orders),
        },
        api=api,
        start=[start],
        loops=[sender.run, venue.run, exits.run, Unfinished(context.works, groups, closing).run, leases.keep],
        stop=[leases.release],
        busy=lambda: sender.busy or venue.busy,
    )


def _account_desk(context: Context, settings: ExecutionSettings, leases: Leases, neighbours: Neighbours) -> AccountDesk:
    return AccountDesk(
        works=context.works,
        leases=leases,
        seals=Seal(context.keys.master),
        checks=KeyChecks(CcxtAccounts(settings.exchange_urls), context.clock),
        others=neighbours,
        clock=context.clock,
        settings=settings,
    )
