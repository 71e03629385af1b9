"""Prices and candles in contract botplatform."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from libs.contracts.tests.botplatform.cases import asked, row_of
from libs.contracts.tests.samples import NOW, sample
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.botplatform import DIALECT
from millrace.contracts.canonical.market import Bar, Candles, Ticker

TICKER, KLINES = "GET /api/v1/market/ticker/{symbol:path}", "GET /api/v1/market/klines/{symbol:path}"


def answer(ask: str, result: Any) -> Any:
    """The body that a result becomes."""
    return row_of(DIALECT, ask).view.present(result, NOW)


@pytest.mark.parametrize("ask", [TICKER, KLINES])
@pytest.mark.parametrize("written", ["BTCUSDT", "BTC/USDT", "btc-usdt", "BTC_USDT"])
def test_a_market_is_named_in_any_spelling_which_is_kept(ask: str, written: str) -> None:
    command = asked(DIALECT, ask, symbol=written)
    assert (command.symbol, command.spelling, command.exchange) == ("BTC/USDT", written, None)


@pytest.mark.parametrize("ask", [TICKER, KLINES])
@pytest.mark.parametrize("written", ["BTC", "", "BTC/USDT/ETH", "a" * 50, "BTC/BTC", "BTC%2FUSDT"])
def test_what_is_no_pair_is_refused_by_its_field(ask: str, written: str) -> None:
    with pytest.raises(MillraceError) as refused:
        asked(DIALECT, ask, symbol=written)
    assert (refused.value.code, refused.value.status) == (Code.INVALID_SYMBOL, 400)
    assert list(refused.value.fields) == ["symbol"]


def test_a_price_is_text_with_the_markets_places() -> None:
    found = sample(Ticker, price=Decimal(45000), spelling="BTCUSDT")
    assert answer(TICKER, found) == {"symbol": "BTCUSDT", "price": "45000.00", "timestamp": "2026-01-02T03:04:05Z"}


@pytest.mark.parametrize(
    ("price", "exchange", "symbol", "text"),
    [
        ("45000.5", "binance", "BTC/USDT", "45000.50"),
        ("45000.123", "binance", "BTC/USDT", "45000.123"),
        ("900000.00", "luno", "BTC/ZAR", "900000"),
        ("0.00001234", "kraken", "SHIB/USD", "0.00001234"),
    ],
)
def test_a_price_loses_no_digit(price: str, exchange: str, symbol: str, text: str) -> None:
    assert answer(TICKER, sample(Ticker, price=Decimal(price), exchange=exchange, symbol=symbol))["price"] == text


def test_a_symbol_is_told_as_it_was_asked_for_else_joined() -> None:
    assert answer(TICKER, sample(Ticker, spelling="BTC/USDT"))["symbol"] == "BTC/USDT"
    assert answer(TICKER, sample(Ticker, spelling=None))["symbol"] == "BTCUSDT"
    assert answer(KLINES, sample(Candles, spelling=None))["symbol"] == "BTCUSDT"


def test_candles_are_hourly_and_five_hundred_unless_asked_otherwise() -> None:
    command = asked(DIALECT, KLINES)
    assert (command.timeframe, command.limit, command.start, command.end) == ("1h", 500, None, None)
    other = asked(DIALECT, KLINES, query={"interval": "4h", "limit": "1000"})
    assert (other.timeframe, other.limit) == ("4h", 1000)


@pytest.mark.parametrize("interval", ["1m", "5m", "15m", "1h", "4h", "6h", "1d", "3d", "1w"])
def test_the_intervals_of_all_contracts_are_known(interval: str) -> None:
    assert asked(DIALECT, KLINES, query={"interval": interval}).timeframe == interval
    assert asked(DIALECT, KLINES, query={"interval": f" {interval} "}).timeframe == interval


@pytest.mark.parametrize("interval", ["2h", "1M", "hour", "0m"])
def test_an_interval_that_is_none_is_refused_by_its_field(interval: str) -> None:
    with pytest.raises(MillraceError) as refused:
        asked(DIALECT, KLINES, query={"interval": interval})
    assert (refused.value.code, refused.value.status) == (Code.INVALID_TIMEFRAME, 400)
    assert list(refused.value.fields) == ["interval"]


@pytest.mark.parametrize("wrong", [{"limit": "0"}, {"limit": "1001"}, {"interval": ""}, {"interval": "x" * 11}])
def test_candles_are_bounded(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        asked(DIALECT, KLINES, query=wrong)


def test_a_candle_is_text_by_the_time_it_opened() -> None:
    bar = sample(
        Bar,
        open=Decimal("45000"),
        high=Decimal("45500.0"),
        low=Decimal("44800.00"),
        close=Decimal("45200.000"),
        volume=Decimal("1234.560000000000000000"),
    )
    body = answer(KLINES, sample(Candles, items=(bar,), spelling="BTCUSDT", timeframe="1h"))
    assert body == {
        "symbol": "BTCUSDT",
        "interval": "1h",
        "data": [
            {
                "timestamp": "2026-01-02T03:04:05Z",
                "open": "45000.00",
                "high": "45500.00",
                "low": "44800.00",
                "close": "45200.00",
                "volume": "1234.56",
            }
        ],
    }


def test_candles_keep_their_order_and_may_be_none() -> None:
    bars = tuple(sample(Bar, close=Decimal(n)) for n in (3, 1, 2))
    assert [bar["close"] for bar in answer(KLINES, sample(Candles, items=bars))["data"]] == ["3.00", "1.00", "2.00"]
    assert answer(KLINES, sample(Candles, items=()))["data"] == []
