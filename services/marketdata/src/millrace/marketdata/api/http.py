"""Routes: candles, symbols, tickers, order books, platforms, the feed's health; and the start of a replay."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.market import Candle
from millrace.common.web.answers import json_response
from millrace.marketdata.app.lockstep import Lockstep
from millrace.marketdata.app.queries import Market


def routes(market: Market, replay: Lockstep | None, current: Any) -> APIRouter:
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
    async def symbols(exchange: str | None = None) -> Response:
        return json_response({"items": market.symbols(exchange)})

    @api.get("/ticker")
    async def ticker(symbol: str, exchange: str | None = None) -> Response:
        return json_response(await market.ticker(exchange, symbol))

    @api.get("/book")
    async def book(
        symbol: str, exchange: str | None = None, limit: Annotated[int, Query(ge=1, le=1000)] = 20
    ) -> Response:
        top = market.book(exchange, symbol, limit)
        return json_response({name: getattr(top, name) for name in top.__slots__})

    @api.get("/platforms")
    async def platforms() -> Response:
        return json_response({"items": market.platforms()})

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
    return {name: getattr(candle, name) for name in Candle.__slots__ if name not in ("exchange", "symbol", "timeframe")}
