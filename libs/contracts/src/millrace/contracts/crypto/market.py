"""Candles and order books, all as text."""

from datetime import datetime
from typing import Any

from pydantic import Field

from millrace.common.kernel.money import plain
from millrace.common.kernel.timeframes import parse_timeframe
from millrace.contracts.canonical.market import AskMarket, Bar, Book, Candles, ListCandles
from millrace.contracts.crypto.wire import CRYPTO, Counted, TimesAsked
from millrace.contracts.names import Access
from millrace.contracts.spelling import canonical_symbol, fixed, joined, moment, price, units
from millrace.contracts.table import Asked, Call, Row, Shape, View

_BASE = "/api/v1/market-data/{symbol:path}"


class CurrentQuery(Asked):
    """The newest candles."""

    timeframe: str = Field("1m", max_length=20)
    limit: int = Field(100, ge=1, le=1000)


class HistoryQuery(TimesAsked):
    """A stretch of time; without ends the newest."""

    timeframe: str = Field(max_length=20)
    limit: int = Field(500, ge=1, le=5000)


class BookQuery(Asked):
    """How many levels."""

    limit: int = Field(100, ge=1, le=1000)


class _Ohlcv(Shape):
    timestamp: str
    open: str
    high: str
    low: str
    close: str
    volume: str


class CurrentCandle(_Ohlcv):
    """With its timeframe and its volume in quote currency."""

    timeframe: str
    quote_volume: str


class PastCandle(_Ohlcv):
    """With how many trades it was made from."""

    trades_count: int


class Current(Counted):
    """The newest candles of a market."""

    symbol: str
    data: list[CurrentCandle]
    has_more: bool


class History(Counted):
    """Candles of a stretch of time."""

    symbol: str
    timeframe: str
    data: list[PastCandle]
    start_time: str
    end_time: str


class OrderBook(Shape):
    """Pairs of price and quantity, best first."""

    symbol: str
    timestamp: str
    bids: list[list[str]]
    asks: list[list[str]]
    last_update_id: int


def _current(call: Call) -> ListCandles:
    spelling, asked = call.path["symbol"].strip(), call.query
    return ListCandles(
        symbol=canonical_symbol(spelling),
        spelling=spelling,
        timeframe=parse_timeframe(asked.timeframe),
        limit=asked.limit,
    )


def _history(call: Call) -> ListCandles:
    asked: HistoryQuery = call.query
    asked.check()
    return _current(call).model_copy(update={"start": asked.start_time, "end": asked.end_time})


def _book(call: Call) -> AskMarket:
    spelling = call.path["symbol"].strip()
    return AskMarket(symbol=canonical_symbol(spelling), spelling=spelling, limit=call.query.limit)


def _ohlcv(found: Candles, bar: Bar) -> dict[str, str]:
    amounts = {
        name: price(getattr(bar, name), found.exchange, found.symbol) for name in ("open", "high", "low", "close")
    }
    return {"timestamp": moment(bar.opened_at), **amounts, "volume": units(bar.volume)}


def _show_current(found: Candles, now: datetime) -> dict[str, Any]:
    data = [
        {**_ohlcv(found, bar), "timeframe": found.timeframe, "quote_volume": fixed(bar.quote_volume)}
        for bar in found.items
    ]
    shown = {"symbol": joined(found.symbol, found.spelling), "data": data, "count": len(data)}
    return {**shown, "has_more": found.has_more}


def _show_history(found: Candles, now: datetime) -> dict[str, Any]:
    data = [{**_ohlcv(found, bar), "trades_count": bar.trades} for bar in found.items]
    return {
        "symbol": joined(found.symbol, found.spelling),
        "timeframe": found.timeframe,
        "data": data,
        "start_time": moment(found.start),
        "end_time": moment(found.end),
        "count": len(data),
    }


def _show_book(found: Book, now: datetime) -> dict[str, Any]:
    sides = {
        side: [[price(at, found.exchange, found.symbol), plain(quantity)] for at, quantity in getattr(found, side)]
        for side in ("bids", "asks")
    }
    shown = {"symbol": joined(found.symbol, found.spelling), "timestamp": moment(found.at)}
    return {**shown, **sides, "last_update_id": found.last_update_id}


def _row(path: str, operation: str, view: View) -> Row:
    return Row("GET", path, CRYPTO, operation, Access.USER, view, category="market_data")


ROWS = (
    _row(_BASE, "market.candles", View(_current, _show_current, Current, query=CurrentQuery)),
    _row(f"{_BASE}/history", "market.candles", View(_history, _show_history, History, query=HistoryQuery)),
    _row(f"{_BASE}/orderbook", "market.book", View(_book, _show_book, OrderBook, query=BookQuery)),
)
