"""The service on a live exchange: a server on loopback that speaks Binance's public REST API."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from millrace.common.events.market import BookSeen, CandleClosed
from millrace.common.events.message import decode
from millrace.common.kernel.clock import ManualClock
from millrace.common.telemetry import metrics
from millrace.common.testing.service import Stand

T0 = datetime(2024, 3, 1, 12, 0, 30, tzinfo=UTC)
NOON = 1709294400000
LIVE = {"feed": "ccxt", "symbols": "BTC/USDT", "poll_seconds": 0.05, "history_bars": 10, "book_depth": 5}
ROWS = "select opened_at, close from candles where timeframe = '1m' order by opened_at"


def at(minute: int) -> int:
    return NOON + minute * 60_000


async def connected(market: Callable[..., Any], exchange: Any, noon: ManualClock) -> Stand:
    """The service after its first round: ten minutes of history, one trade and a book."""
    for minute in range(-11, 1):
        exchange.kline(at(minute), "100", "300", "50", str(100 + minute), "5")
    exchange.trade(1, at(0) + 29_000, "100.5")
    exchange.book = {"lastUpdateId": 5, "bids": [["100.4", "1"], ["100.3", "2"]], "asks": [["100.6", "1"]]}
    stand: Stand = await market(clock=noon, exchange_url=exchange.address, **LIVE)
    await stand.host.until(lambda: is_so(stand, lambda health: health["connected"]))
    return stand


async def is_so(stand: Stand, true: Callable[[dict[str, Any]], bool]) -> bool:
    return bool(true((await stand.ask("marketdata", "GET", "/feed")).value()))


async def minutes(stand: Stand) -> list[tuple[int, int]]:
    rows = await stand.rows("marketdata", ROWS)
    return [((row["opened_at"] - T0).total_seconds() // 60 + 1, int(row["close"])) for row in rows]


async def test_history_is_fetched_and_closed_candles_follow(
    market: Callable[..., Any], exchange: Any, noon: ManualClock
) -> None:
    stand = await connected(market, exchange, noon)
    assert await minutes(stand) == [(n, 100 + n) for n in range(-10, 0)]
    exchange.kline(at(1), "100", "300", "50", "101", "5")
    noon.advance(45)
    await stand.host.until(lambda: stored(stand, 11))
    await stand.rest()
    assert [(e.opened_at, e.close) for e in stand.said(CandleClosed)] == [(T0 - timedelta(seconds=30), 100)]
    ticker = (await stand.ask("marketdata", "GET", "/ticker", query={"symbol": "BTC/USDT"})).value()
    assert (ticker["price"], ticker["bid"], ticker["ask"]) == ("100.5", "100.4", "100.6")


async def stored(stand: Stand, count: int) -> bool:
    return len(await stand.rows("marketdata", ROWS)) >= count


async def test_an_exchange_that_is_away_for_minutes_leaves_no_hole(
    market: Callable[..., Any], exchange: Any, noon: ManualClock
) -> None:
    stand = await connected(market, exchange, noon)
    exchange.faults += [lambda: web.Response(status=503)] * 4
    await stand.host.until(lambda: is_so(stand, lambda health: not health["connected"]))
    for minute in range(1, 5):
        exchange.kline(at(minute), "100", "300", "50", str(100 + minute), "5")
    noon.advance(240)
    await stand.host.until(lambda: is_so(stand, lambda health: health["reconnects"] == 1), 20)
    await stand.host.until(lambda: stored(stand, 14), 20)
    assert await minutes(stand) == [(n, 100 + n) for n in range(-10, 4)]

    async def shown() -> bool:
        value = metrics.REGISTRY.get_sample_value
        return (value("millrace_marketdata_feed_connected", {"exchange": "binance"}) or 0) == 1 and (
            value("millrace_marketdata_reconnects_total", {"exchange": "binance"}) or 0
        ) >= 1

    await stand.host.until(shown)


async def test_an_exchange_that_is_away_at_the_start_does_not_keep_the_service_from_starting(
    market: Callable[..., Any], exchange: Any, noon: ManualClock
) -> None:
    for minute in range(-11, 1):
        exchange.kline(at(minute), "100", "300", "50", str(100 + minute), "5")
    exchange.faults += [lambda: web.Response(status=503)] * 3
    stand = await market(clock=noon, exchange_url=exchange.address, **LIVE)
    await stand.host.until(lambda: stored(stand, 10), 20)
    assert await minutes(stand) == [(n, 100 + n) for n in range(-10, 0)]


async def test_books_are_told_best_first(market: Callable[..., Any], exchange: Any, noon: ManualClock) -> None:
    heard: list[Any] = []
    stand = await connected(market, exchange, noon)
    stand.bus.listen("market.books.v1", lambda _, envelope: heard.append(decode(envelope).event))
    exchange.book = {"lastUpdateId": 9, "bids": [["100.7", "1"]], "asks": [["100.8", "1"]]}

    async def told() -> bool:
        noon.advance(0.1)
        return any(isinstance(event, BookSeen) and event.last_update_id == 9 for event in heard)

    await stand.host.until(told)
    assert not any(event.bids[0] >= event.asks[0] for event in heard)


async def test_a_crossed_book_is_not_told(market: Callable[..., Any], exchange: Any, noon: ManualClock) -> None:
    stand = await connected(market, exchange, noon)
    exchange.book = {"lastUpdateId": 9, "bids": [["100.9", "1"]], "asks": [["100.8", "1"]]}

    async def hidden() -> bool:
        return bool((await stand.ask("marketdata", "GET", "/book", query={"symbol": "BTC/USDT"})).status == 404)

    await stand.host.until(hidden)
