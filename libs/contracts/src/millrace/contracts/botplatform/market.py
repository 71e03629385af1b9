"""Prices and candles."""

from datetime import datetime
from typing import Any

from pydantic import Field

from millrace.common.kernel.money import plain
from millrace.contracts.botplatform.wire import Amount, TimeframeText, row, symbol, timeframe
from millrace.contracts.canonical.market import AskMarket, Bar, Candles, ListCandles, Ticker
from millrace.contracts.fields import Time
from millrace.contracts.names import Access
from millrace.contracts.spelling import joined, moment, price
from millrace.contracts.table import Asked, Call, Shape, View


class Klines(Asked):
    """Which candles: the newest ones."""

    interval: TimeframeText = "1h"
    limit: int = Field(500, ge=1, le=1000)


class TickerBody(Shape):
    """The last price."""

    symbol: str
    price: Amount
    timestamp: Time


class Kline(Shape):
    """One candle, by the time it opened."""

    timestamp: Time
    open: Amount
    high: Amount
    low: Amount
    close: Amount
    volume: Amount


class KlineList(Shape):
    """Candles, oldest first."""

    symbol: str
    interval: str
    data: list[Kline]


def ticker(found: Ticker, now: datetime) -> dict[str, Any]:
    """The last price."""
    return {
        "symbol": joined(found.symbol, found.spelling),
        "price": price(found.price, found.exchange, found.symbol),
        "timestamp": moment(found.at),
    }


def klines(found: Candles, now: datetime) -> dict[str, Any]:
    """Candles, oldest first."""
    return {
        "symbol": joined(found.symbol, found.spelling),
        "interval": found.timeframe,
        "data": [_kline(bar, found) for bar in found.items],
    }


def _kline(bar: Bar, of: Candles) -> dict[str, str]:
    prices = {"open": bar.open, "high": bar.high, "low": bar.low, "close": bar.close}
    return {
        "timestamp": moment(bar.opened_at),
        **{name: price(value, of.exchange, of.symbol) for name, value in prices.items()},
        "volume": plain(bar.volume),
    }


def _ticker(call: Call) -> AskMarket:
    text = call.path["symbol"].strip()
    return AskMarket(symbol=symbol(text), spelling=text)


def _klines(call: Call) -> ListCandles:
    text, asked = call.path["symbol"].strip(), call.query
    return ListCandles(symbol=symbol(text), spelling=text, timeframe=timeframe(asked.interval), limit=asked.limit)


_MARKET = "/api/v1/market"
ROWS = (
    row("GET", f"{_MARKET}/ticker/{{symbol:path}}", "market.ticker", Access.USER, View(_ticker, ticker, TickerBody)),
    row(
        "GET",
        f"{_MARKET}/klines/{{symbol:path}}",
        "market.candles",
        Access.USER,
        View(_klines, klines, KlineList, query=Klines),
    ),
)
