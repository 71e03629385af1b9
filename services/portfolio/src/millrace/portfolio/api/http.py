"""Routes: questions only; money changes by messages."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from millrace.common.auth.principal import Principal
from millrace.common.db.database import Database
from millrace.common.kernel.symbols import parse_symbol
from millrace.common.web.answers import json_response
from millrace.portfolio.app import queries


def routes(database: Database, current: Any) -> APIRouter:
    """The API of the portfolio service."""
    api = APIRouter()
    user_dependency = Annotated[Principal, Depends(current)]

    @api.get("/positions")
    async def positions(
        user: user_dependency,
        symbol: str | None = None,
        status: Literal["open", "closed", "all"] = "open",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    ) -> Response:
        name = _canonical(symbol)
        async with database.as_user(user.user_id) as connection:
            items, total = await queries.positions(connection, user.user_id, name, status, limit, offset)
        return json_response({"items": items, "total": total, "limit": limit, "offset": offset})

    @api.get("/balances")
    async def balances(user: user_dependency) -> Response:
        async with database.as_user(user.user_id) as connection:
            return json_response({"items": await queries.balances(connection, user.user_id)})

    @api.get("/trades")
    async def trades(
        user: user_dependency,
        bot_id: UUID | None = None,
        symbol: str | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 50,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    ) -> Response:
        name = _canonical(symbol)
        async with database.as_user(user.user_id) as connection:
            items, total = await queries.trades(connection, user.user_id, bot_id, name, limit, offset)
        return json_response({"items": items, "total": total, "limit": limit, "offset": offset})

    @api.get("/equity")
    async def equity(user: user_dependency, limit: Annotated[int, Query(ge=1, le=5000)] = 500) -> Response:
        async with database.as_user(user.user_id) as connection:
            return json_response({"items": await queries.equity(connection, user.user_id, limit)})

    @api.get("/bots")
    async def bots(user: user_dependency) -> Response:
        async with database.as_user(user.user_id) as connection:
            return json_response(await queries.bot_results(connection, user.user_id))

    return api


def _canonical(symbol: str | None) -> str | None:
    return None if symbol is None else str(parse_symbol(symbol))
