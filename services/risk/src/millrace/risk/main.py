"""Wires the risk service."""

from datetime import timedelta
from functools import partial

from millrace.common.auth.approvals import Approvals
from millrace.common.auth.internal import current_principal
from millrace.common.events.portfolio import EquityMarked
from millrace.common.events.trading import AccountOpened, OrderRequested, OrderUpdated
from millrace.common.runtime.service import Context, Service
from millrace.common.web.app import add_routes, create_app
from millrace.risk.adapters.postgres import PostgresAlerts, PostgresBooks, PostgresSwitches
from millrace.risk.api.http import routes
from millrace.risk.app import handlers
from millrace.risk.app.page import Pages
from millrace.risk.config import RiskSettings


def build(context: Context) -> Service:
    """Put the service together."""
    settings = RiskSettings()
    books, alerts = PostgresBooks(settings), PostgresAlerts()
    valid = timedelta(seconds=settings.approval_seconds)
    desk = handlers.Desk(Approvals(context.keys.approval), valid, context.clock)
    pages = Pages(
        books,
        alerts,
        {
            OrderRequested: desk.check_order,
            OrderUpdated: handlers.settle_order,
            EquityMarked: handlers.mark_equity,
        },
    )
    api = create_app("risk", service="risk")
    current = current_principal(context.keys.internal, "risk")
    add_routes(api, routes(context.works, PostgresSwitches(), books, alerts, context.clock, current, settings))
    return Service(
        "risk",
        {
            AccountOpened: partial(handlers.open_book, books=books),
            OrderRequested: pages.hear,
            OrderUpdated: pages.hear,
            EquityMarked: pages.hear,
        },
        concerns={OrderUpdated: handlers.moves_funds},
        api=api,
    )
