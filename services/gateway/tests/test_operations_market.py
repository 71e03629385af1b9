"""Prices, candles, books and what can be traded."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical import market
from millrace.gateway.app.operations import HANDLERS
from services.gateway.tests.fakes import AT, NOW, TRADER, Services, asking

PAIR = {"symbol": "BTC/USDT", "spelling": "btc-usdt"}
LATER = "2026-01-02T04:04:05Z"


async def do(operation: str, services: Services, wish: Any) -> Any:
    return await HANDLERS[operation](asking(services), wish)


@pytest.mark.parametrize(("volume", "shown"), [("12.5", Decimal("12.5")), (None, 0)])
async def test_the_last_price_comes_with_the_callers_spelling(volume: str | None, shown: Decimal) -> None:
    answer = {"exchange": "binance", "symbol": "BTC/USDT", "price": "60000.1", "volume_24h": volume, "at": AT}
    services = Services({"marketdata GET /ticker": answer})
    found = await do("market.ticker", services, market.AskMarket(**PAIR))
    assert services.last["query"] == {"symbol": "BTC/USDT", "exchange": None}
    assert services.last["user"] == TRADER
    assert (found.price, found.volume, found.spelling) == (Decimal("60000.1"), shown, "btc-usdt")


def bar(opened_at: str, **changes: Any) -> dict[str, Any]:
    prices = {"open": "1", "high": "3", "low": "0.5", "close": "2", "volume": "10"}
    return {"opened_at": opened_at, **prices, "quote_volume": "20", "trades_count": 7, **changes}


def page(*bars: Any, more: bool = False) -> dict[str, Any]:
    series = {"exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1h"}
    return {**series, "items": bars, "has_more": more, "next_before": None}


async def test_candles_are_asked_for_by_time_and_told_oldest_first() -> None:
    services = Services({"marketdata GET /candles": page(bar(AT), bar(LATER), more=True)})
    wish = market.ListCandles(**PAIR, exchange="binance", timeframe="1h", start=NOW, end=NOW, limit=5000)
    found = await do("market.candles", services, wish)
    assert services.last["query"] == {
        "symbol": "BTC/USDT",
        "exchange": "binance",
        "timeframe": "1h",
        "from": NOW.isoformat(),
        "before": NOW.isoformat(),
        "limit": 5000,
    }
    assert [one.opened_at for one in found.items] == [NOW, NOW + timedelta(hours=1)]
    first = found.items[0]
    assert (first.open, first.high, first.low, first.close) == (1, 3, Decimal("0.5"), 2)
    assert (first.volume, first.quote_volume, first.trades) == (10, 20, 7)
    assert (found.has_more, found.spelling, found.start, found.end) == (True, "btc-usdt", NOW, NOW)


async def test_without_times_the_candles_themselves_say_from_when_to_when() -> None:
    services = Services({"marketdata GET /candles": page(bar(AT), bar(LATER))})
    found = await do("market.candles", services, market.ListCandles(**PAIR))
    assert (found.start, found.end) == (NOW, NOW + timedelta(hours=1))
    assert services.last["query"]["from"] is services.last["query"]["before"] is None


async def test_without_any_candle_it_is_now() -> None:
    found = await do("market.candles", Services({"marketdata GET /candles": page()}), market.ListCandles(**PAIR))
    assert (found.items, found.start, found.end, found.has_more) == ((), NOW, NOW, False)


@pytest.mark.parametrize("ends", [{"end": NOW - timedelta(days=9)}, {"start": NOW + timedelta(hours=1)}])
async def test_without_any_candle_it_does_not_end_before_it_begins(ends: dict[str, Any]) -> None:
    wish = market.ListCandles(**PAIR, **ends)
    found = await do("market.candles", Services({"marketdata GET /candles": page()}), wish)
    assert {name: getattr(found, name) for name in ends} == ends
    assert found.start <= found.end


async def test_a_book_is_told_best_first_with_its_number() -> None:
    answer = {"exchange": "binance", "symbol": "BTC/USDT", "bids": [["1", "2"], ["0.5", "3"]], "asks": [["1.5", "1"]]}
    services = Services({"marketdata GET /book": {**answer, "last_update_id": 9, "at": AT, "simulated": True}})
    found = await do("market.book", services, market.AskMarket(**PAIR, limit=2))
    assert services.last["query"] == {"symbol": "BTC/USDT", "exchange": None, "limit": 2}
    assert found.bids == ((1, 2), (Decimal("0.5"), 3))
    assert (found.asks, found.last_update_id, found.at) == (((Decimal("1.5"), 1),), 9, NOW)


async def test_markets_are_as_many_as_were_asked_for() -> None:
    found = [{"exchange": "binance", "symbol": f"C{n}/USDT", "active": n < 2, "timeframes": []} for n in range(4)]
    services = Services({"marketdata GET /symbols": {"items": found}})
    told = await do("market.symbols", services, market.ListMarkets(exchange="binance", limit=3))
    assert services.last["query"] == {"exchange": "binance"}
    assert [(one.symbol, one.is_active) for one in told.items] == [
        ("C0/USDT", True),
        ("C1/USDT", True),
        ("C2/USDT", False),
    ]


@pytest.mark.parametrize(
    ("operation", "path", "wish"),
    [
        ("market.ticker", "ticker", market.AskMarket(**PAIR)),
        ("market.candles", "candles", market.ListCandles(**PAIR)),
        ("market.book", "book", market.AskMarket(**PAIR)),
        ("market.symbols", "symbols", market.ListMarkets()),
    ],
)
@pytest.mark.parametrize("code", [Code.INVALID_SYMBOL, Code.INVALID_TIMEFRAME, Code.NOT_FOUND, Code.UNAVAILABLE])
async def test_what_is_not_listed_is_refused_in_the_services_words(
    operation: str, path: str, wish: Any, code: Code
) -> None:
    refusal = MillraceError(code, "no")
    with pytest.raises(MillraceError) as refused:
        await do(operation, Services({f"marketdata GET /{path}": refusal}), wish)
    assert refused.value is refusal
