"""Routes: candles, symbols, tickers, order books, platforms, how they and the feed are doing; and replays."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.market import Candle
from millrace.common.web.answers import json_response
from millrace.marketdata.app.lockstep import Lockstep
from millrace.marketdata.app.providers import Providers
from millrace.marketdata.app.queries import Market
from millrace.marketdata.domain.folding import turnover

_SHOWN = ("opened_at", "open", "high", "low", "close", "volume")


def routes(market: Market, providers: Providers, replay: Lockstep | None, current: Any) -> APIRouter:
    """The API of the marketdata service."""
    api = APIRouter(dependencies=[Depends(current)])

    @api.get("/candles")
    async def read_candles(
        symbol: str,
        timeframe: str,
        exchange: str | None = None,
        start: Annotated[datetime | None, Query(alias="from")] = None,
        before: datetime | None = None,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 500,
    ) -> Response:
        series, found, more = await market.candles(exchange, symbol, timeframe, start, before, limit)
        page = {"items": [_shown(candle) for candle in found], "has_more": more}
        return json_response({**series._asdict(), **page, "next_before": found[0].opened_at if more else None})

    @api.get("/symbols")
    async def symbols(
        exchange: str | None = None,
        symbol: str | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
    ) -> Response:
        return json_response({"items": market.symbols(exchange, symbol)[:limit]})

    @api.get("/ticker")
    async def ticker(symbol: str, exchange: str | None = None) -> Response:
        return json_response(await market.ticker(exchange, symbol))

    @api.get("/book")
    async def book(
        symbol: str, exchange: str | None = None, limit: Annotated[int, Query(ge=1, le=1000)] = 20
    ) -> Response:
        top, simulated = await market.book(exchange, symbol, limit)
        return json_response({**{name: getattr(top, name) for name in top.__slots__}, "simulated": simulated})

    @api.get("/platforms")
    async def platforms() -> Response:
        return json_response({"items": market.platforms()})

    @api.get("/providers/health")
    async def providers_health() -> Response:
        return json_response({"items": await providers.health()})

    @api.get("/feed")
    async def feed() -> Response:
        return json_response(market.health())

    @api.post("/replay")
    async def start_replay() -> Response:
        played = _replay(replay)
        played.started.set()
        return json_response({"played": played.played, "total": played.total})

    @api.get("/replay")
    async def watch_replay() -> Response:
        played = _replay(replay)
        return json_response({"played": played.played, "total": played.total})

    return api


def _replay(replay: Lockstep | None) -> Lockstep:
    if replay is None:
        raise MillraceError(Code.INVALID_STATE, "this platform does not run in lockstep")
    return replay


def _shown(candle: Candle) -> dict[str, Any]:
    quote_volume, trades = turnover(candle)
    return {**{name: getattr(candle, name) for name in _SHOWN}, "quote_volume": quote_volume, "trades_count": trades}
