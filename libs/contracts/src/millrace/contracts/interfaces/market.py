"""What can be traded, and candles."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.symbols import parse_symbol
from millrace.common.kernel.timeframes import parse_timeframe
from millrace.contracts.canonical.market import Bar, Candles, ListCandles, ListMarkets, Market, Markets
from millrace.contracts.fields import Exchange, Time
from millrace.contracts.interfaces.wire import refused, row, symbol
from millrace.contracts.names import Access
from millrace.contracts.spelling import Moment, moment, number, slashed
from millrace.contracts.table import Asked, Call, Shape, View


class Symbols(Asked):
    """Of which exchange, and how many."""

    exchange: Exchange | None = None
    limit: int = Field(100, ge=1, le=1000)


class Ohlcv(Asked):
    """Which candles: the newest ones from `start_time` up to and without `end_time`."""

    exchange: Exchange
    interval: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10)]
    start_time: Moment | None = None
    end_time: Moment | None = None
    limit: int = Field(100, ge=1, le=1000)


class SymbolBody(Shape):
    """A pair that can be traded."""

    symbol: str
    exchange: str
    base_currency: str
    quote_currency: str
    status: Literal["active", "inactive"]


class SymbolList(Shape):
    """Pairs that can be traded."""

    symbols: list[SymbolBody]


class CandleBody(Shape):
    """One candle, by the time it opened."""

    timestamp: Time
    open: float
    high: float
    low: float
    close: float
    volume: float


class CandleList(Shape):
    """Candles, oldest first."""

    symbol: str
    exchange: str
    interval: str
    candles: list[CandleBody]


def symbols(found: Markets, now: datetime) -> dict[str, Any]:
    """Pairs that can be traded."""
    return {"symbols": [_symbol(market) for market in found.items]}


def ohlcv(found: Candles, now: datetime) -> dict[str, Any]:
    """Candles, oldest first."""
    return {
        "symbol": slashed(found.symbol, found.spelling),
        "exchange": found.exchange,
        "interval": found.timeframe,
        "candles": [_candle(bar) for bar in found.items],
    }


def _symbol(market: Market) -> dict[str, str]:
    pair = parse_symbol(market.symbol)
    return {
        "symbol": market.symbol,
        "exchange": market.exchange,
        "base_currency": pair.base,
        "quote_currency": pair.quote,
        "status": "active" if market.is_active else "inactive",
    }


def _candle(bar: Bar) -> dict[str, Any]:
    return {
        "timestamp": moment(bar.opened_at),
        "open": number(bar.open),
        "high": number(bar.high),
        "low": number(bar.low),
        "close": number(bar.close),
        "volume": number(bar.volume),
    }


def _timeframe(text: str) -> str:
    try:
        return parse_timeframe(text)
    except MillraceError as wrong:
        raise refused(wrong.code, "interval", "is not a timeframe", wrong.message) from None


def _symbols(call: Call) -> ListMarkets:
    return ListMarkets(exchange=call.query.exchange, limit=call.query.limit)


def _ohlcv(call: Call) -> ListCandles:
    text, asked = call.path["symbol"].strip(), call.query
    if asked.start_time and asked.end_time and asked.end_time <= asked.start_time:
        raise refused(Code.INVALID_DATE_RANGE, "end_time", "must be after start_time")
    return ListCandles(
        symbol=symbol(text),
        spelling=text,
        exchange=asked.exchange,
        timeframe=_timeframe(asked.interval),
        start=asked.start_time,
        end=asked.end_time,
        limit=asked.limit,
    )


_SYMBOLS = "/api/v1/market-data/symbols"
ROWS = (
    row("GET", _SYMBOLS, "market.symbols", Access.USER, View(_symbols, symbols, SymbolList, query=Symbols)),
    row(
        "GET",
        f"{_SYMBOLS}/{{symbol:path}}/ohlcv",
        "market.candles",
        Access.USER,
        View(_ohlcv, ohlcv, CandleList, query=Ohlcv),
    ),
)
