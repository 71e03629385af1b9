"""Routes: candles, symbols, tickers; and the start of a replay."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.instruments import INSTRUMENTS, instrument
from millrace.common.kernel.market import Candle
from millrace.common.kernel.timeframes import parse_timeframe
from millrace.common.web.answers import json_response
from millrace.marketdata.app.lockstep import Lockstep
from millrace.marketdata.app.ports import Candles


def routes(candles: Candles, offered: Callable[[], Sequence[str]], replay: Lockstep | None, current: Any) -> APIRouter:
    """The API of the marketdata service."""
    api = APIRouter(dependencies=[Depends(current)])

    @api.get("/candles")
    async def read_candles(
        symbol: str,
        timeframe: str,
        exchange: str = "binance",
        start: datetime | None = None,
        before: datetime | None = None,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 500,
    ) -> Response:
        filters = instrument(exchange, symbol)
        found = await candles.read(
            filters.exchange, filters.symbol, parse_timeframe(timeframe), start=start, before=before, limit=limit
        )
        return json_response({"items": [_shown(candle) for candle in found]})

    @api.get("/symbols")
    async def symbols(exchange: str | None = None) -> Response:
        names = ("exchange", "symbol", "base", "quote", "tick_size", "step_size", "min_notional")
        rows = [
            {**{n: getattr(i, n) for n in names}, "timeframes": list(offered())}
            for i in INSTRUMENTS.values()
            if exchange in (None, i.exchange)
        ]
        return json_response({"items": rows})

    @api.get("/ticker")
    async def ticker(symbol: str, exchange: str = "binance") -> Response:
        filters = instrument(exchange, symbol)
        found = await candles.read(filters.exchange, filters.symbol, offered()[0], start=None, before=None, limit=1)
        if not found:
            raise MillraceError(Code.UNAVAILABLE, f"no price of {filters.symbol} is known yet")
        last = found[-1]
        return json_response({"symbol": last.symbol, "price": last.close, "at": last.closed_at})

    @api.post("/replay")
    async def start_replay() -> Response:
        if replay is None:
            raise MillraceError(Code.INVALID_STATE, "this platform does not run in lockstep")
        replay.started.set()
        return json_response({"played": replay.played, "total": replay.total})

    @api.get("/replay")
    async def watch_replay() -> Response:
        if replay is None:
            raise MillraceError(Code.INVALID_STATE, "this platform does not run in lockstep")
        return json_response({"played": replay.played, "total": replay.total})

    return api


def _shown(candle: Candle) -> dict[str, Any]:
    return {name: getattr(candle, name) for name in Candle.__slots__ if name not in ("exchange", "symbol", "timeframe")}
