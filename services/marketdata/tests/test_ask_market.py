"""What the service answers, and what it refuses with a typed error."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from millrace.common.kernel.clock import ManualClock
from millrace.common.kernel.instruments import BOT_LIMIT
from millrace.common.testing.service import Stand

T0 = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
BTC = {"symbol": "BTCUSDT"}
SECONDS = {**BTC, "timeframe": "1s"}
EARLIER = T0 - timedelta(minutes=2)
INSERT = """
insert into marketdata.candles values ('binance', 'BTC/USDT', '1m', '2026-03-02 11:00+00', 100, 999999, 50, 200, 7),
  ('binance', 'BTC/USDT', '1m', '2026-03-01 11:00+00', 1, 99999999, 1, 1, 7)
"""

NONSENSE: tuple[tuple[str, dict[str, Any], str, int], ...] = (
    ("/candles", {"symbol": "DOGE/MOON", "timeframe": "1s"}, "INVALID_SYMBOL", 400),
    ("/candles", {"symbol": "x" * 5000, "timeframe": "1s"}, "INVALID_SYMBOL", 400),
    ("/candles", {**SECONDS, "exchange": "mtgox"}, "INVALID_SYMBOL", 400),
    ("/candles", {**BTC, "timeframe": "7m"}, "INVALID_TIMEFRAME", 400),
    ("/candles", {**SECONDS, "limit": 0}, "VALIDATION_ERROR", 422),
    ("/candles", {**SECONDS, "limit": 10_001}, "VALIDATION_ERROR", 422),
    ("/candles", {**SECONDS, "limit": "1e999999"}, "VALIDATION_ERROR", 422),
    ("/candles", {**SECONDS, "limit": "NaN"}, "VALIDATION_ERROR", 422),
    ("/candles", {**SECONDS, "before": "yesterday"}, "VALIDATION_ERROR", 422),
    ("/candles", {**SECONDS, "before": "inf"}, "VALIDATION_ERROR", 422),
    ("/candles", {**SECONDS, "before": "1e999999"}, "VALIDATION_ERROR", 422),
    ("/candles", {**SECONDS, "from": "2026-01-02", "before": "2026-01-01"}, "INVALID_DATE_RANGE", 400),
    ("/candles", {"timeframe": "1s"}, "VALIDATION_ERROR", 422),
    ("/ticker", {"symbol": "ETHZAR", "exchange": "binance"}, "INVALID_SYMBOL", 400),
    ("/symbols", {"exchange": "mtgox"}, "INVALID_SYMBOL", 400),
    ("/symbols", {"symbol": "DOGEMOON"}, "INVALID_SYMBOL", 400),
    ("/symbols", {"symbol": "ETHZAR", "exchange": "binance"}, "INVALID_SYMBOL", 400),
    ("/symbols", {"limit": 0}, "VALIDATION_ERROR", 422),
    ("/book", {"symbol": "nonsense"}, "INVALID_SYMBOL", 400),
    ("/book", {**BTC, "limit": -1}, "VALIDATION_ERROR", 422),
    ("/book", {**BTC, "limit": 1001}, "VALIDATION_ERROR", 422),
    ("/candles", {**SECONDS, "from": "2999-01-01"}, "INVALID_DATE_RANGE", 400),
    ("/candles", {**SECONDS, "from": (T0 + timedelta(days=1, seconds=1)).isoformat()}, "INVALID_DATE_RANGE", 400),
    ("/replay", {}, "INVALID_STATE", 409),
    ("/candles", {**SECONDS, "before": "0001-01-01T00:00:00+14:00"}, "VALIDATION_ERROR", 422),
)


async def quiet(market: Callable[..., Any], **settings: Any) -> Stand:
    """A market that stands still at noon, with two minutes of history."""
    stand: Stand = await market(clock=ManualClock(T0), **{"feed": "recorded", "history_bars": 120, **settings})
    return stand


async def ask(stand: Stand, path: str, **query: Any) -> Any:
    return (await stand.ask("marketdata", "GET", path, query=query)).value()


async def test_candles_are_given_page_by_page_backwards(market: Callable[..., Any]) -> None:
    stand = await quiet(market)
    pages: list[list[datetime]] = []
    before = T0.isoformat()
    while before:
        page = await ask(stand, "/candles", **SECONDS, before=before, limit=50)
        pages.append([datetime.fromisoformat(item["opened_at"]) for item in page["items"]])
        assert page["has_more"] is (page["next_before"] is not None)
        before = page["next_before"]
    assert [len(page) for page in pages] == [50, 50, 20]
    assert [at for page in reversed(pages) for at in page] == [EARLIER + timedelta(seconds=n) for n in range(120)]


async def test_a_range_holds_its_beginning_and_not_its_end(market: Callable[..., Any]) -> None:
    stand = await quiet(market)
    span = {"from": EARLIER.isoformat(), "before": (EARLIER + timedelta(seconds=3)).isoformat()}
    page = await ask(stand, "/candles", **SECONDS, **span)
    opened = [datetime.fromisoformat(item["opened_at"]) for item in page["items"]]
    assert opened == [EARLIER + timedelta(seconds=n) for n in range(3)]
    assert page["symbol"] == "BTC/USDT"
    without_zone = {name: value.replace("+00:00", "") for name, value in span.items()}
    assert (await ask(stand, "/candles", **SECONDS, **without_zone))["items"] == page["items"]


async def test_what_makes_no_sense_is_refused_with_a_code(market: Callable[..., Any]) -> None:
    stand = await quiet(market)
    for path, query, code, status in NONSENSE:
        answer = await stand.ask("marketdata", "GET", path, query=query)
        assert (path, query, answer.json()["error"]["code"], answer.status) == (path, query, code, status)


async def test_without_a_feed_there_is_no_price_and_no_book(market: Callable[..., Any]) -> None:
    stand = await quiet(market, feed="none")
    for path in ("/ticker", "/book"):
        for symbol in ("BTCUSDT", "BTCZAR"):
            answer = await stand.ask("marketdata", "GET", path, query={"symbol": symbol})
            assert (answer.json()["error"]["code"], answer.status) == ("NOT_FOUND", 404)


async def test_times_at_the_ends_of_the_calendar_are_times(market: Callable[..., Any]) -> None:
    stand = await quiet(market)
    for before, count in (("0001-01-01T00:00:00", 0), ("9999-12-31T23:59:59Z", 120), ("0", 0)):
        assert len((await ask(stand, "/candles", **SECONDS, before=before))["items"]) >= count


async def test_nobody_without_an_identity_is_answered(market: Callable[..., Any]) -> None:
    stand = await quiet(market)
    for path in ("/candles", "/symbols", "/ticker", "/book", "/platforms", "/feed"):
        assert (await stand.ask("marketdata", "GET", path, None, query=SECONDS)).status == 401


async def test_a_ticker_tells_what_became_of_the_price_in_a_day(
    market: Callable[..., Any], again: Callable[..., Any]
) -> None:
    stand = await again(await quiet(market), ManualClock(T0), INSERT)
    found = await ask(stand, "/ticker", **BTC)
    price = Decimal(found["price"])
    assert (Decimal(found["open_24h"]), Decimal(found["high_24h"]), Decimal(found["low_24h"])) == (100, 999999, 50)
    assert Decimal(found["change_24h"]) == price - 100
    assert Decimal(found["change_percent_24h"]) == (price - 100).quantize(Decimal("0.0001"))
    assert (found["bid"], found["symbol"]) == (None, "BTC/USDT")


async def test_a_made_up_market_has_a_book_and_its_ticker_a_bid_and_an_ask(market: Callable[..., Any]) -> None:
    stand = await quiet(market, feed="synthetic")

    async def known() -> bool:
        return bool((await stand.ask("marketdata", "GET", "/book", query=BTC)).status == 200)

    await stand.host.until(known)
    book = await ask(stand, "/book", **BTC, limit=3)
    ticker = await ask(stand, "/ticker", **BTC)
    assert len(book["bids"]) == len(book["asks"]) == 3
    assert Decimal(ticker["bid"]) < Decimal(ticker["price"]) < Decimal(ticker["ask"])
    assert [ticker["bid"], ticker["ask"]] == [book["bids"][0][0], book["asks"][0][0]]


async def test_symbols_of_the_feed_come_first_with_their_timeframes(market: Callable[..., Any]) -> None:
    stand = await quiet(market)
    rows = (await ask(stand, "/symbols"))["items"]
    assert [(r["exchange"], r["symbol"]) for r in rows[:2]] == [("binance", "BTC/USDT"), ("binance", "ETH/USDT")]
    assert {r["status"] for r in rows if r["active"]} == {"active"}
    assert {r["derived_from"] for r in rows[:2]} == {None}
    assert [(r["base_currency"], r["quote_currency"]) for r in rows[:2]] == [("BTC", "USDT"), ("ETH", "USDT")]
    assert rows[0]["timeframes"] == ["1s", "5s", "15s", "1m", "5m", "15m", "1h", "4h", "1d"]
    assert {r["exchange"] for r in rows} == {"luno", "binance", "kucoin", "kraken", "bybit"}
    luno = (await ask(stand, "/symbols", exchange="luno"))["items"]
    assert [(r["symbol"], r["active"], r["supports_paper"]) for r in luno] == [
        ("BTC/ZAR", True, True),
        ("ETH/ZAR", True, True),
    ]
    assert luno[0]["timeframes"] == ["1m", "5m", "15m", "1h", "4h", "1d"]
    assert luno[0]["derived_from"] == "binance BTC/USDT"
    for spelling in ("BTCZAR", "btc/zar", "BTC-ZAR", "XBT_ZAR", "XBTZAR"):
        assert (await ask(stand, "/symbols", symbol=spelling, limit=1))["items"] == luno[:1]


async def test_the_five_platforms_are_listed_and_the_one_listened_to_has_a_status(market: Callable[..., Any]) -> None:
    stand = await quiet(market)
    rows = {row["id"]: row for row in (await ask(stand, "/platforms"))["items"]}
    assert {name: row["status"] for name, row in rows.items()} == {
        "luno": "operational",
        "binance": "operational",
        "kucoin": "operational",
        "kraken": "operational",
        "bybit": "operational",
    }
    assert rows["kucoin"]["credentials"] == ["api_key", "api_secret", "passphrase"]
    assert {name: row["required_fields"] for name, row in rows.items()} == {
        name: row["credentials"] for name, row in rows.items()
    }
    luno = rows["luno"]
    assert (luno["name"], luno["display_name"], luno["type"], luno["region"]) == ("Luno", "Luno", "exchange", "ZA")
    assert (luno["icon"], luno["logo"], luno["color"]) == ("\U0001f1ff\U0001f1e6", "luno.svg", "#3861FB")
    assert (luno["enabled"], luno["supports_paper"], luno["supports_live"]) == (True, True, False)
    assert luno["bot_limit"] == BOT_LIMIT, "as many as the bots service makes"
    assert luno["description"] == "Luno cryptocurrency exchange: BTC/ZAR, ETH/ZAR"
    assert not any(value is None for row in rows.values() for value in row.values())


async def test_where_only_one_exchange_is_real_the_others_are_not_listened_to(market: Callable[..., Any]) -> None:
    stand = await quiet(market, symbols="ETHUSDT", feed="synthetic")
    rows = {row["id"]: (row["status"], row["enabled"]) for row in (await ask(stand, "/platforms"))["items"]}
    assert rows["luno"] == ("operational", True)
    known = (await ask(stand, "/symbols", exchange=" LUNO "))["items"]
    assert [(row["symbol"], row["status"]) for row in known] == [("ETH/ZAR", "active"), ("BTC/ZAR", "inactive")]
    off = await quiet(market, feed="none")
    found = (await ask(off, "/platforms"))["items"]
    assert {(row["status"], row["enabled"]) for row in found} == {("not_listened_to", False)}


async def test_the_feed_tells_how_it_is_doing(market: Callable[..., Any]) -> None:
    stand = await quiet(market)

    async def heard() -> bool:
        return (await ask(stand, "/feed"))["heard_at"] is not None

    await stand.host.until(heard)
    found = await ask(stand, "/feed")
    assert (found["feed"], found["connected"], found["stale"], found["missing_candles"]) == ("recorded", True, False, 0)
    assert {row["symbol"] for row in found["symbols"]} == {"BTC/USDT", "ETH/USDT"}
    assert all(row["late_ticks"] == 0 for row in found["symbols"])
