"""One exchange's public data through ccxt, over a real socket to a local server."""

import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.instruments import Instrument
from millrace.marketdata.adapters.ccxt_market import CcxtMarket, checked_options
from millrace.marketdata.app.feeds import SourceDown

T0 = datetime(2024, 3, 1, 12, 0, tzinfo=UTC)
MILLIS = 1709294400000
BTC = "BTC/USDT"


@pytest.fixture
async def market(exchange: Any) -> AsyncIterator[CcxtMarket]:
    made = CcxtMarket("binance", base_url=exchange.address, options={"timeout": 500, "rateLimit": 1})
    await made.open()
    yield made
    await made.close()


async def test_trades_are_exact_and_oldest_first(exchange: Any, market: CcxtMarket) -> None:
    exchange.trade(8, MILLIS + 1, "61837.64000000", "0.00009000")
    exchange.trade(7, MILLIS + 1, "61837.63000001", "0.30000000")
    seven, eight = await market.trades(BTC, 500)
    assert (seven.price, seven.quantity) == (Decimal("61837.63000001"), Decimal("0.3"))
    assert (eight.trade_id, eight.at) == ("8", datetime(2024, 3, 1, 12, 0, 0, 1000, tzinfo=UTC))


async def test_candles_are_exact(exchange: Any, market: CcxtMarket) -> None:
    exchange.kline(MILLIS, "61837.63", "61900.1", "61800", "61850.00000001", "12.3456789")
    (candle,) = await market.candles(BTC, "1m", T0, 10)
    assert (candle.close, candle.volume, candle.opened_at) == (Decimal("61850.00000001"), Decimal("12.3456789"), T0)


async def test_a_row_that_makes_no_sense_is_dropped_and_the_others_are_kept(exchange: Any, market: CcxtMarket) -> None:
    exchange.kline(MILLIS, "100", "90", "99", "101", "1")
    exchange.kline(MILLIS + 60_000, "100", "102", "99", "101", "1")
    exchange.trade(1, MILLIS, "-5")
    exchange.trade(2, MILLIS, "5")
    assert [c.opened_at.minute for c in await market.candles(BTC, "1m", T0, 10)] == [1]
    assert [t.trade_id for t in await market.trades(BTC, 10)] == ["2"]
    assert market.rejected == 2


async def test_the_book_is_exact_and_cut(exchange: Any, market: CcxtMarket) -> None:
    exchange.book = {
        "lastUpdateId": 77,
        "bids": [["61837.63000000", "3.78826000"], ["61837.62000000", "0.6"]],
        "asks": [["61837.64000000", "1.54698000"]],
    }
    book = await market.book(BTC, 1, T0)
    assert (book.bids, book.asks) == (
        ((Decimal("61837.63"), Decimal("3.78826")),),
        ((Decimal("61837.64"), Decimal("1.54698")),),
    )
    assert (book.last_update_id, book.at) == (77, T0)


async def test_the_filters_are_the_exchange_own(market: CcxtMarket) -> None:
    tick, step, least, fee = map(Decimal, ("0.01", "0.00001", "5", "0.001"))
    assert market.instrument(BTC) == Instrument("binance", BTC, tick, step, least, fee, fee)


async def test_a_market_the_exchange_does_not_have_is_refused(market: CcxtMarket) -> None:
    with pytest.raises(MillraceError) as refused:
        market.instrument("DOGE/MOON")
    assert refused.value.code is Code.INVALID_SYMBOL
    with pytest.raises(MillraceError, match="no market"):
        await market.trades("DOGE/MOON", 5)


@pytest.mark.parametrize(
    "fault",
    [
        lambda: web.Response(status=500, text="oops"),
        lambda: web.Response(status=502, text="<html>bad gateway</html>"),
        lambda: web.Response(text="<html>maintenance</html>"),
        lambda: web.Response(text="{", content_type="application/json"),
        lambda: web.json_response({"code": -1003, "msg": "busy"}, status=400),
        lambda: web.json_response([{"a": 1, "p": "NaN", "q": "1", "T": MILLIS}]),
        lambda: web.json_response([{"a": 1, "p": "0", "q": "1", "T": MILLIS}]),
        lambda: web.json_response([{"a": 1}]),
        lambda: web.json_response([7]),
        lambda: web.json_response(7),
    ],
)
async def test_whatever_else_comes_back_is_a_source_that_is_down(
    exchange: Any, market: CcxtMarket, fault: object
) -> None:
    exchange.faults.append(fault)  # type: ignore[arg-type]
    with pytest.raises(SourceDown):
        await market.trades(BTC, 5)


@pytest.mark.parametrize("status", [418, 429])
async def test_an_exchange_that_asks_to_slow_down_is_left_alone_for_longer(
    exchange: Any, market: CcxtMarket, status: int
) -> None:
    exchange.faults.append(lambda: web.json_response({"code": -1003, "msg": "Too many requests."}, status=status))
    with pytest.raises(SourceDown) as down:
        await market.trades(BTC, 5)
    assert down.value.wait == 30


async def test_a_silent_exchange_is_down(exchange: Any) -> None:
    market = CcxtMarket("binance", base_url="http://127.0.0.1:1", options={"timeout": 500})
    with pytest.raises(SourceDown):
        await market.open()
    await market.close()


@pytest.mark.parametrize(
    "options",
    [
        {"apiKey": "k"},
        {"urls": {"api": "http://evil.example"}},
        {"aiohttp_proxy": "http://evil.example"},
        {"timeout": "5000"},
        {"timeout": True},
        {"timeout": 0},
        {"timeout": 10**9},
        {"sandbox": 1},
    ],
)
def test_options_outside_the_list_never_reach_ccxt(options: dict[str, object]) -> None:
    with pytest.raises(MillraceError) as refused:
        CcxtMarket("binance", options=options)
    assert refused.value.code is Code.VALIDATION_ERROR
    assert list(refused.value.fields) == list(options)


def test_allowed_options_pass() -> None:
    assert checked_options({"timeout": 5000, "sandbox": False}) == {"timeout": 5000, "sandbox": False}


def test_only_known_exchanges_are_loaded() -> None:
    with pytest.raises(MillraceError, match="luno, binance, kucoin, kraken, bybit"):
        CcxtMarket("__import__")


def test_ccxt_is_not_loaded_before_it_is_needed() -> None:
    program = "import sys; from millrace.marketdata.adapters.ccxt import CcxtFeed; sys.exit('ccxt' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
