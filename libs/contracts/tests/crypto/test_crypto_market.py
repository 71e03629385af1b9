"""Candles and order books in contract crypto."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from libs.contracts.tests.crypto.desk import Desk, kinds
from libs.contracts.tests.samples import sample
from millrace.common.kernel.errors import Code
from millrace.contracts.canonical.market import AskMarket, Bar, Book, Candles, ListCandles
from millrace.contracts.crypto import DIALECT

CRYPTO = Desk(DIALECT, "/api/v1/")
CURRENT = "GET market-data/{symbol:path}"
HISTORY, BOOK = f"{CURRENT}/history", f"{CURRENT}/orderbook"
NINE = datetime(2025, 9, 18, 9, tzinfo=UTC)
BAR: dict[str, Any] = {
    "opened_at": NINE,
    "open": Decimal("43250.50"),
    "high": Decimal("43280.75"),
    "low": Decimal("43240.25"),
    "close": Decimal("43275.00"),
    "volume": Decimal("125.45"),
    "quote_volume": Decimal("5425678.25"),
    "trades": 15420,
}


def candles(*bars: Bar, **changes: Any) -> Candles:
    """What a market did."""
    told = {"timeframe": "1m", "start": NINE, "end": NINE, "spelling": "BTCUSDT", "items": bars, "has_more": False}
    return sample(Candles, **{**told, **changes})


def bar(**changes: Any) -> Bar:
    """The document's own candle, with changes."""
    return Bar(**{**BAR, **changes})


def test_the_newest_candles_are_a_hundred_minutes() -> None:
    command = CRYPTO.asks(CURRENT)
    assert command == ListCandles(symbol="BTC/USDT", spelling="BTCUSDT", timeframe="1m", limit=100)
    assert (command.exchange, command.start, command.end) == (None, None, None)


def test_candles_are_asked_for_as_the_document_does() -> None:
    command = CRYPTO.asks(CURRENT, query={"timeframe": "5m", "limit": "1000"})
    assert command == ListCandles(symbol="BTC/USDT", spelling="BTCUSDT", timeframe="5m", limit=1000)


def test_a_stretch_of_the_past_has_a_timeframe_and_two_ends() -> None:
    ends = {"start_time": "2025-09-18T00:00:00Z", "end_time": "2025-09-18T09:00:00Z"}
    command = CRYPTO.asks(HISTORY, query={"timeframe": "1h", **ends})
    assert command == ListCandles(
        symbol="BTC/USDT",
        spelling="BTCUSDT",
        timeframe="1h",
        start=datetime(2025, 9, 18, tzinfo=UTC),
        end=NINE,
        limit=500,
    )


@pytest.mark.parametrize(
    "written",
    [
        "2025-09-18T09:00:00Z",
        "2025-09-18T09:00:00",
        "2025-09-18 09:00",
        "2025-09-18T11:00:00+02:00",
        "2025-09-18T09:00:00.000Z",
        "1758186000",
        1758186000,
        "1758186000000",
        1758186000.0,
    ],
)
@pytest.mark.parametrize("end", ["start_time", "end_time"])
def test_a_time_is_written_in_any_form(written: Any, end: str) -> None:
    command = CRYPTO.asks(HISTORY, query={"timeframe": "1h", end: written})
    assert getattr(command, end.removesuffix("_time")) == NINE


@pytest.mark.parametrize("written", ["", "soon", "2025-13-01", "nan", "0001-01-01T00:00:00+02:00", True])
def test_what_is_no_time_is_refused_by_its_name(written: Any) -> None:
    assert CRYPTO.wrong(HISTORY, query={"timeframe": "1h", "start_time": written}) == ["start_time"]


def test_the_past_needs_a_timeframe() -> None:
    assert CRYPTO.wrong(HISTORY) == ["timeframe"]


@pytest.mark.parametrize("ask", [CURRENT, HISTORY])
@pytest.mark.parametrize("word", ["1m", "5m", "15m", "1h", "4h", "6h", "1d", "3d", "1w"])
def test_every_contracts_timeframe_is_one_here(ask: str, word: str) -> None:
    assert CRYPTO.asks(ask, query={"timeframe": word}).timeframe == word
    if word != "1m":  # an upper-case M is a month
        assert CRYPTO.asks(ask, query={"timeframe": f" {word.upper()} "}).timeframe == word


@pytest.mark.parametrize("ask", [CURRENT, HISTORY])
@pytest.mark.parametrize("word", ["", "1M", "2h", "60", "hour", "1 m"])
def test_what_is_no_timeframe_is_told_which_there_are(ask: str, word: str) -> None:
    refused = CRYPTO.refuses(ask, query={"timeframe": word})
    assert (refused.code, refused.status) == (Code.INVALID_TIMEFRAME, 400)
    assert "1h" in refused.details["supported"]


@pytest.mark.parametrize(
    ("ask", "most"), [(CURRENT, 1000), (HISTORY, 5000), (BOOK, 1000)], ids=["current", "history", "book"]
)
def test_as_many_as_the_document_allows_and_no_more(ask: str, most: int) -> None:
    told = {"timeframe": "1h"} if ask != BOOK else {}
    assert CRYPTO.asks(ask, query={**told, "limit": str(most)}).limit == most
    assert CRYPTO.asks(ask, query={**told, "limit": 1}).limit == 1
    for limit in (most + 1, 0, -1, "many", "1.5", 10**30):
        assert CRYPTO.wrong(ask, query={**told, "limit": limit}) == ["limit"]


@pytest.mark.parametrize("ask", [CURRENT, HISTORY])
def test_a_timeframe_is_bounded(ask: str) -> None:
    assert CRYPTO.wrong(ask, query={"timeframe": "1" * 21}) == ["timeframe"]


@pytest.mark.parametrize("ask", [CURRENT, HISTORY, BOOK])
@pytest.mark.parametrize("written", ["BTCUSDT", "btcusdt", "BTC/USDT", "BTC-USDT", "btc_usdt", "XBTUSDT", " BTCUSDT "])
def test_a_symbol_is_read_in_any_spelling_and_kept(ask: str, written: str) -> None:
    command = CRYPTO.asks(ask, query={"timeframe": "1h"}, symbol=written)
    assert (command.symbol, command.spelling) == ("BTC/USDT", written.strip())


@pytest.mark.parametrize("ask", [CURRENT, HISTORY, BOOK])
@pytest.mark.parametrize("written", ["INVALID", "", "BTC", "USDT", "BTC/USDT/ETH", "BTC/BTC", "../etc", "₿/USDT"])
def test_what_is_no_pair_is_refused(ask: str, written: str) -> None:
    refused = CRYPTO.refuses(ask, query={"timeframe": "1h"}, symbol=written)
    assert (refused.code, refused.status) == (Code.INVALID_SYMBOL, 400)
    assert refused.details == {"symbol": written}


def test_other_questions_are_passed_over() -> None:
    assert CRYPTO.asks(CURRENT, query={"exchange": "luno", "offset": "5"}) == CRYPTO.asks(CURRENT)


def test_a_book_has_a_hundred_levels() -> None:
    assert CRYPTO.asks(BOOK) == AskMarket(symbol="BTC/USDT", spelling="BTCUSDT", limit=100)


def test_the_newest_candles_are_told_as_in_the_document() -> None:
    assert CRYPTO.answers(CURRENT, candles(bar())) == {
        "symbol": "BTCUSDT",
        "data": [
            {
                "timestamp": "2025-09-18T09:00:00Z",
                "timeframe": "1m",
                "open": "43250.50",
                "high": "43280.75",
                "low": "43240.25",
                "close": "43275.00",
                "volume": "125.45",
                "quote_volume": "5425678.25",
            }
        ],
        "count": 1,
        "has_more": False,
    }


def test_the_past_is_told_as_in_the_document() -> None:
    prices = {"open": "43200", "high": "43350.0", "low": "43150", "close": "43275", "volume": "1250.750000"}
    eight = bar(opened_at=NINE.replace(hour=8), **{name: Decimal(text) for name, text in prices.items()})
    found = candles(eight, timeframe="1h", start=NINE.replace(hour=0))
    assert CRYPTO.answers(HISTORY, found) == {
        "symbol": "BTCUSDT",
        "timeframe": "1h",
        "data": [
            {
                "timestamp": "2025-09-18T08:00:00Z",
                "open": "43200.00",
                "high": "43350.00",
                "low": "43150.00",
                "close": "43275.00",
                "volume": "1250.75",
                "trades_count": 15420,
            }
        ],
        "start_time": "2025-09-18T00:00:00Z",
        "end_time": "2025-09-18T09:00:00Z",
        "count": 1,
    }


def test_a_book_is_told_as_in_the_document() -> None:
    bids = ((Decimal("43270"), Decimal("2.5")), (Decimal("43269.5"), Decimal("1.20")))
    asks = ((Decimal("43275.00"), Decimal("1.8")), (Decimal("43275.50"), Decimal("3.1")))
    found = sample(Book, spelling=None, at=NINE, bids=bids, asks=asks, last_update_id=1234567890)
    assert CRYPTO.answers(BOOK, found) == {
        "symbol": "BTCUSDT",
        "timestamp": "2025-09-18T09:00:00Z",
        "bids": [["43270.00", "2.5"], ["43269.50", "1.2"]],
        "asks": [["43275.00", "1.8"], ["43275.50", "3.1"]],
        "last_update_id": 1234567890,
    }


def test_nothing_happened_is_an_empty_list() -> None:
    assert CRYPTO.answers(CURRENT, candles()) == {"symbol": "BTCUSDT", "data": [], "count": 0, "has_more": False}
    assert CRYPTO.answers(HISTORY, candles())["data"] == []
    book = CRYPTO.answers(BOOK, bids=(), asks=())
    assert (book["bids"], book["asks"]) == ([], [])


@pytest.mark.parametrize(("spelling", "shown"), [("btc-usdt", "btc-usdt"), ("BTC/USDT", "BTC/USDT"), (None, "BTCUSDT")])
def test_a_market_is_called_as_it_was_asked_for(spelling: str | None, shown: str) -> None:
    assert CRYPTO.answers(CURRENT, candles(spelling=spelling))["symbol"] == shown
    assert CRYPTO.answers(HISTORY, candles(spelling=spelling))["symbol"] == shown
    assert CRYPTO.answers(BOOK, spelling=spelling)["symbol"] == shown


@pytest.mark.parametrize(
    ("exchange", "symbol", "amount", "shown"),
    [
        ("binance", "BTC/USDT", "43250", "43250.00"),
        ("luno", "BTC/ZAR", "900000.0", "900000"),
        ("binance", "SHIB/USDT", "0.00001234", "0.00001234"),
        ("binance", "SHIB/USDT", "1E+3", "1000.00"),
        ("binance", "BTC/USDT", "0", "0.00"),
    ],
)
def test_prices_have_their_markets_places(exchange: str, symbol: str, amount: str, shown: str) -> None:
    at = Decimal(amount)
    found = candles(bar(open=at), exchange=exchange, symbol=symbol)
    assert CRYPTO.answers(CURRENT, found)["data"][0]["open"] == shown
    book = CRYPTO.answers(BOOK, exchange=exchange, symbol=symbol, bids=((at, Decimal("1E-8")),))
    assert book["bids"] == [[shown, "0.00000001"]]


@pytest.mark.parametrize(
    ("volume", "shown"),
    [
        ("0", "0.00"),
        ("1", "1.00"),
        ("0.000000015", "0.00000002"),
        ("1234.5678", "1234.5678"),
        ("1E+15", f"1{'0' * 15}.00"),
    ],
)
def test_a_volume_has_two_places_or_what_it_needs(volume: str, shown: str) -> None:
    assert CRYPTO.answers(CURRENT, candles(bar(volume=Decimal(volume))))["data"][0]["volume"] == shown


def test_what_an_exchange_does_not_count_is_zero_and_never_missing() -> None:
    unknown = Bar(**{key: value for key, value in BAR.items() if key not in ("quote_volume", "trades")})
    assert CRYPTO.answers(CURRENT, candles(unknown))["data"][0]["quote_volume"] == "0.00"
    assert CRYPTO.answers(HISTORY, candles(unknown))["data"][0]["trades_count"] == 0


def test_candles_stay_in_their_order_and_more_is_said() -> None:
    later = bar(opened_at=NINE.replace(minute=1))
    body = CRYPTO.answers(CURRENT, candles(bar(), later, has_more=True))
    assert [each["timestamp"][14:16] for each in body["data"]] == ["00", "01"]
    assert (body["count"], body["has_more"]) == (2, True)


def test_everything_of_a_market_is_text_but_counts() -> None:
    (told,) = kinds(CRYPTO.answers(HISTORY, candles(bar())))["data"]
    assert set(told.values()) == {"str", "int"}
    assert [key for key, kind in told.items() if kind == "int"] == ["trades_count"]
