"""Every feed makes candles of every timeframe, on their grid and without a hole; the rest is told as it passes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from millrace.common.events.envelope import Envelope
from millrace.common.events.market import BookSeen, CandleClosed, CandleForming, PriceSeen
from millrace.common.events.message import decode
from millrace.common.kernel import timeframes
from millrace.common.kernel.clock import ManualClock
from millrace.common.testing.service import Stand

SECOND = timedelta(seconds=1)
FAST = {"bars_per_second": 100, "history_bars": 90}
COUNT = "select count(*) from candles where timeframe = '1s' and opened_at >= $1"
ROWS = "select * from candles where exchange = 'binance' and symbol = $1 and timeframe = $2 order by opened_at"
UNITS = """
select count(*) as markets, count(distinct xmin::text) as units from candles
where exchange = 'binance' and timeframe = '1s' and opened_at > $1 group by opened_at order by opened_at
"""
T0 = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


async def until_closed(stand: Stand, count: int, symbol: str = "BTC/USDT", timeframe: str = "1s") -> list[CandleClosed]:
    """Wait until that many candles of a market have been announced."""

    def said() -> list[CandleClosed]:
        wanted = ("binance", symbol, timeframe)  # the other exchanges' markets follow this one
        return [e for e in stand.said(CandleClosed) if (e.exchange, e.symbol, e.timeframe) == wanted]

    async def enough() -> bool:
        await gather(stand)
        return len(said()) >= count

    await stand.host.until(enough, 40)
    return said()


async def gather(stand: Stand) -> None:
    while records := await stand._ear.poll(500, 0):
        stand.messages += [decode(r.envelope) for r in records if isinstance(r.envelope, Envelope)]


def hear_lossy(stand: Stand) -> list[Any]:
    heard: list[Any] = []
    for topic in ("market.ticks.v1", "market.books.v1"):
        stand.bus.listen(topic, lambda _, envelope: heard.append(decode(envelope).event))
    return heard


async def whole(stand: Stand, symbol: str = "BTC/USDT", timeframe: str = "1s") -> list[dict[str, Any]]:
    """The stored candles of a market, which must have no hole and stand on the grid."""
    rows = await stand.rows("marketdata", ROWS, symbol, timeframe)
    step = timeframes.length(timeframe)
    assert all(timeframes.opening(row["opened_at"], timeframe) == row["opened_at"] for row in rows)
    assert {b["opened_at"] - a["opened_at"] for a, b in pairwise(rows)} <= {step}
    return rows


@pytest.mark.parametrize("tape", ["bars", "ticks"])
async def test_the_markets_candles_of_one_instant_are_told_in_one_unit_of_work(
    market: Callable[..., Any], tape: str
) -> None:
    stand = await market(feed="recorded", tape=tape, **FAST)
    said = await until_closed(stand, 20)
    units = await stand.rows("marketdata", UNITS, said[0].opened_at)
    assert len(units) > 10
    assert all((row["markets"], row["units"]) == (2, 1) for row in units)


@pytest.mark.parametrize(
    ("feed", "tape", "books"),
    [
        ("recorded", "bars", False),
        ("recorded", "ticks", False),
        ("recorded", "trades", False),
        ("recorded", "book", True),
        ("synthetic", "bars", True),
    ],
)
async def test_a_feed_makes_candles_without_a_hole_after_its_history(
    market: Callable[..., Any], feed: str, tape: str, books: bool
) -> None:
    stand = await market(feed=feed, tape=tape, **FAST)
    heard = hear_lossy(stand)
    said = await until_closed(stand, 70)
    assert [b.opened_at - a.opened_at for a, b in pairwise(said)] == [SECOND] * (len(said) - 1)
    rows = await whole(stand)
    assert rows[0]["opened_at"] == said[0].opened_at - 90 * SECOND
    stored = {row["opened_at"]: row for row in rows}
    assert all(event.close == stored[event.opened_at]["close"] for event in said)
    assert any(isinstance(event, PriceSeen) for event in heard)
    assert {event.timeframe for event in heard if isinstance(event, CandleForming)} >= {"1s", "5s", "1m", "1d"}
    tops = [event for event in heard if isinstance(event, BookSeen) and event.exchange == "binance"]
    assert bool(tops) is books
    assert all(top.bids[0][0] < top.asks[0][0] and len(top.bids) <= 20 for top in tops)
    assert [top.last_update_id for top in tops if top.symbol == "BTC/USDT"] == sorted(
        top.last_update_id for top in tops if top.symbol == "BTC/USDT"
    )


async def test_larger_candles_are_what_the_small_ones_make(market: Callable[..., Any]) -> None:
    stand = await market(feed="recorded", **FAST)
    minutes = await until_closed(stand, 1, timeframe="1m")
    small = await whole(stand)
    for minute in minutes:
        parts = [r for r in small if minute.opened_at <= r["opened_at"] < minute.opened_at + 60 * SECOND]
        assert len(parts) == 60
        assert (minute.open, minute.close) == (parts[0]["open"], parts[-1]["close"])
        assert (minute.high, minute.low) == (max(p["high"] for p in parts), min(p["low"] for p in parts))
        assert minute.volume == sum(p["volume"] for p in parts)
    await whole(stand, timeframe="5s")
    await whole(stand, timeframe="1m")


async def test_the_same_seed_makes_the_same_market(market: Callable[..., Any]) -> None:
    closes = []
    for seed in (7, 7, 8):
        stand = await market(feed="synthetic", seed=seed, bars_per_second=50, history_bars=50)
        closes.append([row["close"] for row in await stand.rows("marketdata", ROWS, "ETH/USDT", "1s")][:50])
        await stand.host.stop()
    assert closes[0] == closes[1] != closes[2]


async def test_a_restart_goes_on_where_the_last_run_stopped(
    market: Callable[..., Any], again: Callable[..., Any]
) -> None:
    stand = await market(feed="recorded", **FAST)
    before = await until_closed(stand, 20)
    other = await again(stand)
    after = await until_closed(other, 20)
    rows = await whole(other)
    assert after[0].opened_at > before[-1].opened_at
    assert len(rows) >= 90 + 40


async def test_bars_that_closed_while_the_service_was_down_are_stored_and_the_last_ones_announced(
    market: Callable[..., Any], again: Callable[..., Any]
) -> None:
    stand = await market(feed="recorded", history_bars=100, clock=ManualClock(T0))
    first = (await whole(stand))[0]["opened_at"]
    other = await again(stand, ManualClock(T0 + timedelta(minutes=10)))
    said = await until_closed(other, 30)

    async def repaired() -> bool:
        return len(await other.rows("marketdata", ROWS, "BTC/USDT", "1m")) == 11

    await other.host.until(repaired, 40)
    rows = await whole(other)
    assert (rows[0]["opened_at"], rows[-1]["opened_at"] >= T0 + timedelta(minutes=10) - SECOND) == (first, True)
    assert said[0].opened_at == T0 + timedelta(minutes=10) - 30 * SECOND
    assert next(e.opened_at for e in other.said(CandleClosed) if e.timeframe == "1m") == T0 + timedelta(minutes=9)
    assert (await whole(other, timeframe="1m"))[-1]["opened_at"] == T0 + timedelta(minutes=9)


async def test_nothing_is_played_where_no_feed_is_wanted(market: Callable[..., Any]) -> None:
    stand = await market(feed="none")
    assert await stand.rows("marketdata", COUNT, T0 - timedelta(days=9999)) == [{"count": 0}]
    health = (await stand.ask("marketdata", "GET", "/feed")).value()
    assert (health["feed"], health["connected"]) == ("none", False)
