"""Market data in the shapes of the contracts: symbols, candles, tickers, order books."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from millrace.common.auth.principal import Principal
from millrace.common.kernel.symbols import parse_symbol
from millrace.common.web.answers import json_response
from millrace.gateway.api.backend import Backend
from millrace.gateway.app import words

_AMOUNTS = ("open", "high", "low", "close", "volume")
Limit = Annotated[int, Query(ge=1, le=1000)]


def routes(backend: Backend) -> APIRouter:
    """What the market does. A symbol may hold a slash, so the longer paths stand before the shorter."""
    api = APIRouter(prefix="/api/v1")
    user_dependency = Annotated[Principal, Depends(backend.user)]
    _botplatform(api, backend, user_dependency)
    _crypto(api, backend, user_dependency)
    _interfaces(api, backend, user_dependency)
    return api


async def _candles(backend: Backend, user: Principal, symbol: str, **query: Any) -> dict[str, Any]:
    span = {name: value.isoformat() for name, value in query.items() if isinstance(value, datetime)}
    asked = {"symbol": symbol, **query, **span}
    found: dict[str, Any] = await backend.ask("marketdata", "GET", "/candles", user, query=asked)
    return found


def _botplatform(api: APIRouter, backend: Backend, user_dependency: Any) -> None:
    @api.get("/market-data/symbols")
    async def symbols(user: user_dependency, exchange: str | None = None, limit: Limit = 100) -> Response:
        rows = (await backend.ask("marketdata", "GET", "/symbols", user, query={"exchange": exchange}))["items"]
        return json_response({"symbols": [_listed(row) for row in rows[:limit]]})

    @api.get("/market-data/symbols/{symbol:path}/ohlcv")
    async def ohlcv(
        user: user_dependency,
        symbol: str,
        exchange: str,
        interval: str,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        limit: Limit = 100,
    ) -> Response:
        query = {"exchange": exchange, "timeframe": interval, "from": start_time, "before": end_time, "limit": limit}
        found = await _candles(backend, user, symbol, **query)
        rows = [_bar(row) for row in found["items"]]
        return json_response({"symbol": symbol, "exchange": exchange, "interval": interval, "candles": rows})


def _crypto(api: APIRouter, backend: Backend, user_dependency: Any) -> None:
    @api.get("/market-data/{symbol:path}/history")
    async def history(
        user: user_dependency,
        symbol: str,
        timeframe: str,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        limit: Annotated[int, Query(ge=1, le=5000)] = 500,
    ) -> Response:
        query = {"timeframe": timeframe, "from": start_time, "before": end_time, "limit": limit}
        found = await _candles(backend, user, symbol, **query)
        rows = [{**_bar(row), "trades_count": None} for row in found["items"]]
        span = {"start_time": rows[0]["timestamp"], "end_time": rows[-1]["timestamp"]} if rows else {}
        answer = {"symbol": symbol, "timeframe": timeframe, "data": rows, "start_time": None, "end_time": None}
        return json_response({**answer, **span, "count": len(rows), "has_more": found["has_more"]})

    @api.get("/market-data/{symbol:path}/orderbook")
    async def orderbook(user: user_dependency, symbol: str, limit: Limit = 100) -> Response:
        query = {"symbol": symbol, "limit": limit}
        found = await backend.ask("marketdata", "GET", "/book", user, query=query)
        shown = {name: found[name] for name in ("bids", "asks", "last_update_id")}
        return json_response({"symbol": symbol, "timestamp": words.moment(found["at"]), **shown})

    @api.get("/market-data/{symbol:path}")
    async def newest(user: user_dependency, symbol: str, timeframe: str = "1m", limit: Limit = 100) -> Response:
        found = await _candles(backend, user, symbol, timeframe=timeframe, limit=limit)
        data = [words.candle(row, timeframe) for row in found["items"]]
        return json_response({"symbol": symbol, "data": data, "count": len(data), "has_more": found["has_more"]})


def _interfaces(api: APIRouter, backend: Backend, user_dependency: Any) -> None:
    @api.get("/market/ticker/{symbol:path}")
    async def ticker(user: user_dependency, symbol: str) -> Response:
        found = await backend.ask("marketdata", "GET", "/ticker", user, query={"symbol": symbol})
        names = [name for name in found if name in ("price", "bid", "ask") or name.endswith("_24h")]
        shown = {name: found[name] for name in names}
        return json_response({"symbol": parse_symbol(symbol).joined, **shown, "timestamp": words.moment(found["at"])})

    @api.get("/market/klines/{symbol:path}")
    async def klines(user: user_dependency, symbol: str, interval: str, limit: Limit = 500) -> Response:
        found = await _candles(backend, user, symbol, timeframe=interval, limit=limit)
        data = [_bar(row) for row in found["items"]]
        return json_response({"symbol": parse_symbol(symbol).joined, "interval": interval, "data": data})


def _listed(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "symbol": row["symbol"],
        "exchange": row["exchange"],
        "base_currency": row["base"],
        "quote_currency": row["quote"],
        "status": "active" if row["active"] else "inactive",
        "timeframes": row["timeframes"],
    }


def _bar(row: dict[str, Any]) -> dict[str, Any]:
    return {"timestamp": words.moment(row["opened_at"]), **{name: row[name] for name in _AMOUNTS}}
