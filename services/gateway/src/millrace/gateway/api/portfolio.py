"""Positions, balances, trades and equity."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from millrace.common.auth.principal import Principal
from millrace.common.kernel.symbols import parse_symbol
from millrace.common.web.answers import json_response
from millrace.gateway.api.backend import Backend
from millrace.gateway.app import words


def routes(backend: Backend, now: Callable[[], datetime]) -> APIRouter:
    """What users have."""
    api = APIRouter(prefix="/api/v1")
    user_dependency = Annotated[Principal, Depends(backend.user)]

    @api.get("/trading/positions")
    async def positions(
        user: user_dependency,
        symbol: str | None = None,
        status: Literal["open", "closed", "all"] = "open",
        side: str | None = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
    ) -> Response:
        name = str(parse_symbol(symbol)) if symbol else None
        wanted = words.position_sides(side) if side is not None else ("buy", "sell")
        query = {"symbol": name, "status": status, "limit": limit}
        rows = (await backend.ask("portfolio", "GET", "/positions", user, query=query))["items"]
        shown = [p for p in map(words.position, rows) if p["side"] in wanted]
        return json_response({"positions": shown, "count": len(shown)})

    @api.get("/portfolio/balance")
    async def balance(user: user_dependency) -> Response:
        return json_response(words.balance(await backend.ask("portfolio", "GET", "/balances", user), now()))

    @api.get("/portfolio/equity")
    async def equity(user: user_dependency, limit: Annotated[int, Query(ge=1, le=5000)] = 500) -> Response:
        found = await backend.ask("portfolio", "GET", "/equity", user, query={"limit": limit})
        return json_response(words.equity(found))

    @api.get("/trades")
    async def trades(
        user: user_dependency,
        limit: Annotated[int, Query(ge=1, le=1000)] = 50,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    ) -> Response:
        query = {"limit": limit, "offset": offset}
        found = await backend.ask("portfolio", "GET", "/trades", user, query=query)
        for row in found["items"]:
            row.update(id=row.pop("fill_id"), symbol=parse_symbol(row["symbol"]).joined, timestamp=row.pop("at"))
        return json_response(found)

    return api
