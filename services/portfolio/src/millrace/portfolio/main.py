"""Wires the portfolio service."""

from functools import partial

from millrace.common.auth.internal import current_principal
from millrace.common.events.market import CandleClosed
from millrace.common.events.trading import AccountOpened, FillBooked
from millrace.common.runtime.service import Context, Service
from millrace.common.web.app import add_routes, create_app
from millrace.portfolio.adapters.postgres import PostgresBooks
from millrace.portfolio.api.http import routes
from millrace.portfolio.app import handlers


def build(context: Context) -> Service:
    """Put the service together."""
    books = PostgresBooks()
    api = create_app("portfolio", service="portfolio")
    add_routes(api, routes(context.database, current_principal(context.keys.internal, "portfolio")))
    return Service(
        "portfolio",
        {
            AccountOpened: partial(handlers.open_account, books=books),
            FillBooked: partial(handlers.book_fill, books=books),
            CandleClosed: partial(handlers.mark_market, books=books),
        },
        api=api,
    )
