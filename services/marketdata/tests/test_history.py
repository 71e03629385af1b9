"""Candles of every timeframe, as far back as is asked, through the service's own API."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from millrace.common.kernel import timeframes
from millrace.common.kernel.clock import ManualClock
from millrace.common.testing.service import Stand
from services.marketdata.tests.conftest import Exchange

T0 = datetime(2026, 3, 4, 12, 34, 56, tzinfo=UTC)
ALL = ("1m", "5m", "15m", "1h", "4h", "6h", "1d", "3d", "1w")
PRICES = ("open", "high", "low", "close")
INSERT = """
insert into marketdata.candles select 'binance', 'BTC/USDT', '1d', at, 10, 12, 9, 11, 2
from generate_series('2023-10-18'::timestamptz, '2023-11-30', '1 day') as days(at)
"""


async def quiet(market: Callable[..., Any], at: datetime = T0, **settings: Any) -> Stand:
    """A market that stands still, with some minutes of history."""
    stand: Stand = await market(clock=ManualClock(at), **{"feed": "recorded", "history_bars": 4_000, **settings})
    return stand


async def ask(stand: Stand, timeframe: str, symbol: str = "BTCUSDT", **query: Any) -> Any:
    asked = {"symbol": symbol, "timeframe": timeframe, **query}
    return (await stand.ask("marketdata", "GET", "/candles", query=asked)).value()


async def rows(stand: Stand, timeframe: str, **query: Any) -> list[dict[str, Any]]:
    """The candles of an answer, with times and numbers."""
    found = (await ask(stand, timeframe, **query))["items"]
    for row in found:
        row |= {name: Decimal(row[name]) for name in (*PRICES, "volume", "quote_volume")}
        row["opened_at"] = datetime.fromisoformat(row["opened_at"])
    return list(found)


@pytest.mark.parametrize("symbol", ["BTCUSDT", "ETH/USDT", "BTCZAR", "eth-zar"])
async def test_every_timeframe_answers_up_to_the_present_without_a_hole(
    market: Callable[..., Any], symbol: str
) -> None:
    stand = await quiet(market)
    for timeframe in ALL:
        step = timeframes.length(timeframe)
        found = await rows(stand, timeframe, symbol=symbol, limit=40)
        assert (timeframe, len(found)) == (timeframe, 40)
        assert {b["opened_at"] - a["opened_at"] for a, b in pairwise(found)} == {step}
        assert found[-1]["opened_at"] + step == timeframes.opening(T0, timeframe)
        for row in found:
            assert row["low"] <= min(row["open"], row["close"]) <= max(row["open"], row["close"]) <= row["high"]
            assert row["low"] * row["volume"] * Decimal("0.9") <= row["quote_volume"]
            assert isinstance(row["trades_count"], int)


async def test_there_is_a_year_of_days_and_of_hours_ending_at_the_present(market: Callable[..., Any]) -> None:
    stand = await quiet(market)
    for timeframe, count in (("1d", 365), ("1h", 5_000)):
        found = await rows(stand, timeframe, limit=count)
        assert len(found) == count
        assert found[-1]["opened_at"] == timeframes.opening(T0, timeframe) - timeframes.length(timeframe)
    assert len({row["close"] for row in found}) > 1_000
    hour = timedelta(hours=1)
    before, start = found[0]["opened_at"], timeframes.opening(T0, "1h") - 8_760 * hour
    rest = await rows(stand, "1h", limit=5_000, before=before.isoformat(), **{"from": start.isoformat()})
    assert len(rest) + len(found) == 8_760
    assert rest[-1]["opened_at"] + hour == before


async def test_where_the_stored_candles_begin_a_candle_is_made_of_both(market: Callable[..., Any]) -> None:
    stand = await quiet(market)
    (seam,) = await stand.rows("marketdata", "select min(opened_at) as at from candles where symbol = 'BTC/USDT'")
    assert seam["at"] == T0 - timedelta(seconds=4_000)
    for timeframe, parts in (("1h", "1m"), ("5m", "1m"), ("6h", "1h"), ("1d", "6h"), ("1w", "1d")):
        if timeframes.opening(seam["at"], timeframe) + timeframes.length(timeframe) > T0:
            continue
        opened_at = timeframes.opening(seam["at"], timeframe)
        span = {"from": opened_at.isoformat(), "before": (opened_at + timeframes.length(timeframe)).isoformat()}
        (whole,) = await rows(stand, timeframe, **span)
        small = await rows(stand, parts, **span)
        assert len(small) == timeframes.SECONDS[timeframe] // timeframes.SECONDS[parts]
        assert [whole["open"], whole["close"]] == [small[0]["open"], small[-1]["close"]]
        assert (whole["high"], whole["low"]) == (max(r["high"] for r in small), min(r["low"] for r in small))
        assert whole["volume"] == sum(row["volume"] for row in small)
    around = await rows(stand, "1m", before=(seam["at"] + timedelta(minutes=5)).isoformat(), limit=10)
    assert max(abs(b["open"] - a["close"]) / a["close"] for a, b in pairwise(around)) < Decimal("0.005")


async def test_what_is_computed_is_the_same_after_a_restart_and_is_not_stored(
    market: Callable[..., Any], again: Callable[..., Any]
) -> None:
    stand = await quiet(market)
    before = {timeframe: await ask(stand, timeframe, limit=100) for timeframe in ALL}
    (stored,) = await stand.rows(
        "marketdata", "select count(*) from candles where opened_at < $1", T0 - timedelta(hours=3)
    )
    assert stored["count"] == 0
    later = await again(stand, ManualClock(T0))
    assert {timeframe: await ask(later, timeframe, limit=100) for timeframe in ALL} == before


async def test_pages_lead_back_to_the_beginning_of_the_past(market: Callable[..., Any]) -> None:
    stand = await quiet(market, past_days=20)
    opened: list[str] = []
    page: dict[str, Any] = {"next_before": None, "has_more": True}
    while page["has_more"]:
        page = await ask(stand, "1h", limit=100, before=page["next_before"])
        opened = [row["opened_at"] for row in page["items"]] + opened
    assert opened[0] == "2026-02-09T00:00:00Z"
    assert len(opened) == len(set(opened)) == (T0 - datetime(2026, 2, 9, tzinfo=UTC)) // timedelta(hours=1)
    assert opened == sorted(opened)


async def test_without_a_past_there_is_only_what_is_stored(market: Callable[..., Any]) -> None:
    stand = await quiet(market, past_days=0, history_bars=120)
    assert [(await ask(stand, t))["items"] for t in ("1d", "3d", "1h")] == [[], [], []]
    assert len((await ask(stand, "1m"))["items"]) == 1


async def test_times_are_read_in_every_form_and_a_range_has_its_start_and_not_its_end(
    market: Callable[..., Any],
) -> None:
    stand = await quiet(market)
    start, end = datetime(2026, 2, 2, tzinfo=UTC), datetime(2026, 2, 4, tzinfo=UTC)
    seconds = [int(at.timestamp()) for at in (start, end)]
    forms = (
        ("2026-02-02T00:00:00Z", "2026-02-04T00:00:00Z"),
        ("2026-02-02T02:00:00+02:00", "2026-02-04T00:00:00"),
        ("2026-02-02", "2026-02-04"),
        tuple(seconds),
        tuple(number * 1000 for number in seconds),
    )
    for first, last in forms:
        found = await rows(stand, "6h", before=last, **{"from": first})
        assert [row["opened_at"] for row in found] == [start + n * timedelta(hours=6) for n in range(8)]
    assert [row["opened_at"] for row in await rows(stand, "1d", before="2026-02-04", limit=2)] == [
        start,
        start + timedelta(days=1),
    ]
    page = await ask(stand, "6h", before="2026-02-04", limit=3, **{"from": "2026-02-02"})
    assert (page["has_more"], len(page["items"]), page["items"][-1]["opened_at"]) == (True, 3, "2026-02-03T18:00:00Z")
    page = await ask(stand, "6h", before="2026-02-04", limit=8, **{"from": "2026-02-02"})
    assert (page["has_more"], len(page["items"])) == (False, 8)


async def test_a_range_that_begins_today_and_ends_in_the_future_is_no_error(market: Callable[..., Any]) -> None:
    stand = await quiet(market)
    page = await ask(stand, "1h", before="2999-01-01", **{"from": T0.date().isoformat()})
    assert [len(page["items"]), page["has_more"]] == [12, False]
    ahead = (T0 + timedelta(hours=20)).isoformat()
    assert (await ask(stand, "1h", **{"from": ahead}))["items"] == []


async def test_a_replays_bars_are_folded_and_split_and_have_no_past(
    market: Callable[..., Any], again: Callable[..., Any]
) -> None:
    stand = await again(
        await market(feed="lockstep", symbols="BTCUSDT", bars=1), None, INSERT.replace("'1d'", "'5m'", 1)
    )
    minutes = await rows(stand, "1m")
    assert len(minutes) == 44 * 5
    assert {row["volume"] for row in minutes} == {Decimal("0.4")}
    assert max(row["high"] for row in minutes) == 12
    days = await rows(stand, "1d")
    assert [(row["open"], row["volume"]) for row in days[:2]] == [(10, 2), (10, 2)]
    assert days[0]["opened_at"] == datetime(2023, 10, 18, tzinfo=UTC)
    span = {"from": "2023-10-19T00:02:00Z", "before": "2023-10-19T00:04:00Z"}
    assert [row["opened_at"].minute for row in await rows(stand, "1m", **span)] == [2, 3]
    assert [row["opened_at"].minute for row in await rows(stand, "1m", before=span["before"], limit=2)] == [2, 3]


async def test_weeks_are_folded_from_monday_on_and_only_whole_ones_at_both_ends(
    market: Callable[..., Any], again: Callable[..., Any]
) -> None:
    stand = await again(await quiet(market, feed="none"), ManualClock(T0), INSERT)
    weeks = await rows(stand, "1w")
    assert [row["opened_at"] for row in weeks] == [
        datetime(2023, 10, 23, tzinfo=UTC) + n * timedelta(days=7) for n in range(5)
    ]
    assert {(row["open"], row["high"], row["low"], row["close"], row["volume"]) for row in weeks} == {
        (10, 12, 9, 11, 14)
    }
    triples = await rows(stand, "3d", limit=3)
    assert all(timeframes.opening(row["opened_at"], "3d") == row["opened_at"] for row in triples)
    page = await ask(stand, "1w", limit=2, before="2023-11-13")
    assert [row["opened_at"][:10] for row in page["items"]] == ["2023-10-30", "2023-11-06"]
    assert page["has_more"]
    assert await rows(stand, "1m") == []


async def test_of_a_real_market_nothing_is_made_up(market: Callable[..., Any], exchange: Exchange) -> None:
    for minute in range(10):
        exchange.kline(
            int((T0 - timedelta(minutes=10 - minute, seconds=56)).timestamp() * 1000), "10", "12", "9", "11", "3"
        )
    stand = await quiet(market, feed="ccxt", exchange_url=exchange.address, symbols="BTCUSDT", history_bars=10)
    assert len(await rows(stand, "1m")) == 10
    assert await rows(stand, "1w") == []
    assert await rows(stand, "1s") == []
    listed = (await stand.ask("marketdata", "GET", "/symbols", query={"symbol": "BTCZAR"})).value()["items"]
    assert [(row["active"], row["derived_from"]) for row in listed] == [(False, None)]
    for symbol in ("BTCZAR", "BTCUSDT"):
        answer = await stand.ask("marketdata", "GET", "/book", query={"symbol": symbol})
        assert answer.status == 404
