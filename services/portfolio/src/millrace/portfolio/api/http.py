"""Routes: what users have. Money changes by messages, and by transfers between wallets."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime
from starlette.responses import Response

from millrace.common.auth.principal import Principal
from millrace.common.db.database import Database
from millrace.common.kernel.symbols import parse_symbol
from millrace.common.web.answers import json_response
from millrace.portfolio.api import performance, transfers, wallets
from millrace.portfolio.api.schemas import ClosedPosition, Currency, Page, Position, Side, Trade
from millrace.portfolio.app import balances as worth
from millrace.portfolio.app import positions as questions
from millrace.portfolio.app import queries
from millrace.portfolio.app.ports import Funds
from millrace.portfolio.app.positions import Scope
from millrace.portfolio.app.transfers import Transfers
from millrace.portfolio.config import PortfolioSettings

Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]


def routes(
    database: Database,
    current: Any,
    settings: PortfolioSettings,
    funds: Funds,
    moves: Transfers,
    now: Callable[[], datetime],
) -> APIRouter:
    """The API of the portfolio service."""
    api = APIRouter()
    user_dependency = Annotated[Principal, Depends(current)]
    _positions(api, database, user_dependency)
    _closed(api, database, user_dependency)
    _trades(api, database, user_dependency)
    wallets.add(api, database, user_dependency, settings, funds)
    performance.add(api, database, user_dependency, settings, now)
    transfers.add(api, database, user_dependency, moves)

    @api.get("/balances")
    async def balances(user: user_dependency) -> Response:
        async with database.as_user(user.user_id) as connection:
            rate = await worth.rates(connection, settings.usdt_zar)
            return json_response(await queries.balances(connection, user.user_id, rate))

    @api.get("/equity")
    async def equity(user: user_dependency, limit: Annotated[int, Query(ge=1, le=5000)] = 500) -> Response:
        async with database.as_user(user.user_id) as connection:
            rate = await worth.rates(connection, settings.usdt_zar)
            return json_response(await queries.equity(connection, user.user_id, limit, rate))

    @api.get("/bots")
    async def bots(user: user_dependency, currency: Currency | None = None) -> Response:
        async with database.as_user(user.user_id) as connection:
            if currency is None:
                return json_response(await queries.bot_results(connection, user.user_id))
            rate = await worth.rates(connection, settings.usdt_zar)
            return json_response(await queries.bot_results_in(connection, user.user_id, currency, rate))

    return api


def scope_of(
    symbol: str | None = None,
    account_id: Annotated[list[UUID] | None, Query(max_length=1000)] = None,
    bot_id: Annotated[list[UUID] | None, Query(max_length=1000)] = None,
) -> Scope:
    """The filters that lists have in common; ids may be repeated."""
    return Scope(account_id, bot_id, None if symbol is None else str(parse_symbol(symbol)))


_Scope = Annotated[Scope, Depends(scope_of)]


def _positions(api: APIRouter, database: Database, user_dependency: Any) -> None:
    @api.get("/positions")
    async def positions(
        user: user_dependency,
        scope: _Scope,
        status: Literal["open", "closed", "all"] = "open",
        side: Side | None = None,
        limit: Limit = 100,
        offset: Offset = 0,
    ) -> Response:
        async with database.as_user(user.user_id) as connection:
            rows, total = await questions.positions(connection, user.user_id, scope, status, side, limit, offset)
        return json_response(Page[Position](items=rows, total=total, limit=limit, offset=offset))


def _closed(api: APIRouter, database: Database, user_dependency: Any) -> None:
    @api.get("/positions/closed")
    async def closed(
        user: user_dependency,
        scope: _Scope,
        since: AwareDatetime | None = None,
        until: AwareDatetime | None = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> Response:
        async with database.as_user(user.user_id) as connection:
            rows, total = await questions.closed(connection, user.user_id, scope, since, until, limit, offset)
        return json_response(Page[ClosedPosition](items=rows, total=total, limit=limit, offset=offset))


def _trades(api: APIRouter, database: Database, user_dependency: Any) -> None:
    @api.get("/trades")
    async def trades(
        user: user_dependency,
        scope: _Scope,
        side: Literal["buy", "sell"] | None = None,
        since: AwareDatetime | None = None,
        until: AwareDatetime | None = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> Response:
        async with database.as_user(user.user_id) as connection:
            rows, total = await questions.trades(connection, user.user_id, scope, side, since, until, limit, offset)
        return json_response(Page[Trade](items=rows, total=total, limit=limit, offset=offset))
