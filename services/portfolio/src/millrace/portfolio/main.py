"""Wires the portfolio service."""

from functools import partial

from millrace.common.auth.internal import current_principal
from millrace.common.events.market import CandleClosed
from millrace.common.events.trading import AccountClosed, AccountOpened, FillBooked
from millrace.common.runtime.housekeeping import keep_house
from millrace.common.runtime.service import Context, Service
from millrace.common.web.app import add_routes, create_app
from millrace.portfolio.adapters.postgres import PostgresBooks
from millrace.portfolio.adapters.risk import RiskFunds
from millrace.portfolio.adapters.vaults import PostgresVaults
from millrace.portfolio.api.http import routes
from millrace.portfolio.app import handlers
from millrace.portfolio.app.thinning import thin
from millrace.portfolio.app.transfers import Transfers
from millrace.portfolio.config import PortfolioSettings


def build(context: Context) -> Service:
    """Put the service together."""
    settings = PortfolioSettings()
    books = PostgresBooks(settings.usdt_zar)
    funds = RiskFunds(context.call, context.keys.internal)
    moves = Transfers(context.works, context.clock, funds, PostgresVaults())
    current = current_principal(context.keys.internal, "portfolio")
    api = create_app("portfolio", service="portfolio")
    add_routes(api, routes(context.database, current, settings, funds, moves, context.clock.now))
    return Service(
        "portfolio",
        {
            AccountOpened: partial(handlers.open_account, books=books),
            AccountClosed: partial(handlers.close_account, books=books),
            FillBooked: partial(handlers.book_fill, books=books),
            CandleClosed: partial(handlers.mark_market, books=books),
        },
        api=api,
        loops=[
            partial(keep_house, "portfolio", partial(thin, context.database, settings)),
            partial(keep_house, "portfolio", moves.finish, 10.0),
        ],
    )
