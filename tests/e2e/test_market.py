"""The market as users see it through the gateway."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from tests.e2e.client import Client


async def test_candles_in_the_shapes_of_the_contracts(client: Client) -> None:
    _, newest = await client.call("GET", "/api/v1/market-data/BTCUSDT?timeframe=1s&limit=5")
    assert (newest["count"], newest["has_more"], newest["data"][0]["timeframe"]) == (5, True, "1s")
    end = newest["data"][-1]["timestamp"]
    start = (datetime.fromisoformat(end) - timedelta(seconds=3)).isoformat().replace("+00:00", "Z")
    span = f"start_time={start}&end_time={end}"
    _, history = await client.call("GET", f"/api/v1/market-data/BTC/USDT/history?timeframe=1s&{span}")
    assert [row["timestamp"] for row in history["data"]] == [row["timestamp"] for row in newest["data"][1:4]]
    assert history["count"] == 3
    assert all(row["trades_count"] > 0 for row in history["data"])
    query = f"exchange=binance&interval=1s&{span}"
    _, ohlcv = await client.call("GET", f"/api/v1/market-data/symbols/BTCUSDT/ohlcv?{query}")
    assert [row["close"] for row in ohlcv["candles"]] == [float(row["close"]) for row in history["data"]]
    _, klines = await client.call("GET", "/api/v1/market/klines/BTC-USDT?interval=1m&limit=3")
    assert (klines["symbol"], klines["interval"], len(klines["data"])) == ("BTC-USDT", "1m", 3)


async def test_a_ticker_and_the_symbols(client: Client) -> None:
    _, ticker = await client.call("GET", "/api/v1/market/ticker/BTCUSDT")
    assert ticker["symbol"] == "BTCUSDT"
    assert Decimal(ticker["price"]) > 0
    _, symbols = await client.call("GET", "/api/v1/market-data/symbols?limit=2")
    assert [(row["symbol"], row["status"]) for row in symbols["symbols"]] == [
        ("BTC/USDT", "active"),
        ("ETH/USDT", "active"),
    ]


async def test_what_is_not_there_is_said_with_a_code(client: Client) -> None:
    for path, status, code in (
        ("market-data/DOGEMOON/orderbook", 400, "INVALID_SYMBOL"),
        ("market-data/BTCUSDT/history?timeframe=7m", 400, "INVALID_TIMEFRAME"),
        ("market-data/BTCUSDT/history?timeframe=1m&limit=5001", 400, "VALIDATION_ERROR"),
        ("market-data/BTCUSDT/history?timeframe=1m&start_time=NaN", 400, "VALIDATION_ERROR"),
    ):
        found, error = await client.call("GET", f"/api/v1/{path}")
        assert (path, found, error["code"]) == (path, status, code)


async def test_a_book_of_a_market_without_one_is_made_around_its_price(client: Client) -> None:
    book = await client.get("/api/v1/market-data/BTCUSDT/orderbook?limit=5")
    bids, asks = ([Decimal(price) for price, _ in book[side]] for side in ("bids", "asks"))
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]
    assert book["last_update_id"] > 0


async def test_a_year_of_days_and_a_month_of_hours_end_now(client: Client) -> None:
    for timeframe, count, seconds in (("1d", 365, 86_400), ("1h", 720, 3600)):
        found = await client.get(f"/api/v1/market-data/BTCUSDT/history?timeframe={timeframe}&limit={count}")
        times = [datetime.fromisoformat(row["timestamp"]) for row in found["data"]]
        assert len(times) == count
        assert {(later - earlier).total_seconds() for earlier, later in pairwise(times)} == {seconds}
        assert datetime.now(UTC) - times[-1] < timedelta(seconds=2 * seconds)
