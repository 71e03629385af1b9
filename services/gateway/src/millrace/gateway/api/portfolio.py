"""Positions, balances, trades, equity and market data."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from millrace.common.auth.principal import Principal
from millrace.common.kernel.symbols import parse_symbol
from millrace.common.web.answers import json_response
from millrace.gateway.api.backend import Backend
from millrace.gateway.app import words


def routes(backend: Backend, now: Callable[[], datetime]) -> APIRouter:
    """What users have, and what the market does."""
    api = APIRouter(prefix="/api/v1")
    user_dependency = Annotated[Principal, Depends(backend.user)]

    @api.get("/trading/positions")
    async def positions(
        user: user_dependency,
        symbol: str | None = None,
        status: Literal["open", "closed", "all"] = "open",
        side: Annotated[str | None, Query(pattern="^(?i:long|short|buy|sell)$")] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
    ) -> Response:
        name = str(parse_symbol(symbol)) if symbol else None
        query = {"symbol": name, "status": status, "limit": limit}
        rows = (await backend.ask("portfolio", "GET", "/positions", user, query=query))["items"]
        shown = [words.position(row) for row in rows]
        if side is not None:
            wanted = {"long": "buy", "short": "sell"}.get(side.lower(), side.lower())
            shown = [p for p in shown if p["side"] == wanted]
        return json_response({"positions": shown, "count": len(shown)})

    @api.get("/portfolio/balance")
    async def balance(user: user_dependency) -> Response:
        rows = (await backend.ask("portfolio", "GET", "/balances", user))["items"]
        return json_response(words.balance(rows, now()))

    @api.get("/portfolio/equity")
    async def equity(user: user_dependency, limit: Annotated[int, Query(ge=1, le=5000)] = 500) -> Response:
        rows = (await backend.ask("portfolio", "GET", "/equity", user, query={"limit": limit}))["items"]
        points = [{"timestamp": words.moment(r["at"]), "equity": r["equity"], "drawdown": r["drawdown"]} for r in rows]
        return json_response({"points": points})

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

    _market(api, backend, user_dependency)
    return api


def _market(api: APIRouter, backend: Backend, user_dependency: Any) -> None:
    @api.get("/market-data/symbols")
    async def symbols(user: user_dependency, exchange: str | None = None) -> Response:
        rows = (await backend.ask("marketdata", "GET", "/symbols", user, query={"exchange": exchange}))["items"]
        shown = [
            {
                "symbol": row["symbol"],
                "exchange": row["exchange"],
                "base_currency": row["base"],
                "quote_currency": row["quote"],
                "status": "active",
                "timeframes": row["timeframes"],
            }
            for row in rows
        ]
        return json_response({"symbols": shown})

    @api.get("/market-data/{symbol:path}")
    async def candles(
        user: user_dependency,
        symbol: str,
        timeframe: str = "1m",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Response:
        query = {"symbol": symbol, "timeframe": timeframe, "limit": limit + 1}
        rows = (await backend.ask("marketdata", "GET", "/candles", user, query=query))["items"]
        data = [words.candle(row, timeframe) for row in rows[-limit:]]
        return json_response({"symbol": symbol, "data": data, "count": len(data), "has_more": len(rows) > limit})
