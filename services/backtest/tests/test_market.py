"""Stored candles as the marketdata service gives them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from millrace.backtest.adapters import market as module
from millrace.backtest.adapters.market import MarketCandles
from millrace.common.auth.principal import Principal
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.instruments import instrument
from millrace.common.testing.service import Stand
from services.backtest.tests.conftest import START, Store, walk

HOUR = timedelta(hours=1)
BITCOIN = instrument("binance", "BTC/USDT")


@pytest.fixture
def candles(stand: Stand) -> MarketCandles:
    """The market as the service asks it."""
    me = Principal(UUID(int=0), "backtest", "viewer")
    return MarketCandles(stand.host.client, stand.host.keys().internal, me)


def times(*pages: bytes) -> list[Any]:
    """When the candles of some pages opened."""
    return [row["opened_at"] for page in pages for row in orjson.loads(page)["items"]]


async def test_the_range_has_its_start_and_not_its_end_and_what_was_before_is_apart(
    candles: MarketCandles, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store(walk(30))
    monkeypatch.setattr(module, "PAGE", 4)
    found = await candles.read(BITCOIN, "1h", START + 10 * HOUR, START + 21 * HOUR, 3)
    assert [len(times(page)) for page in found.pages] == [3, 4, 4]
    assert times(*found.pages) == [f"2024-01-01T{hour}:00:00Z" for hour in range(10, 21)]
    assert times(*found.past) == [f"2024-01-01T0{hour}:00:00Z" for hour in (7, 8, 9)]
    assert (found.instrument, found.timeframe) == (BITCOIN, "1h")


async def test_nothing_is_asked_for_where_nothing_is_needed(candles: MarketCandles, store: Store) -> None:
    await store(walk(5))
    found = await candles.read(BITCOIN, "1h", START, START + 5 * HOUR, 0)
    assert (len(times(*found.pages)), found.past) == (5, [])


async def test_whether_there_is_a_candle_is_told_of_the_range_alone(candles: MarketCandles, store: Store) -> None:
    await store(walk(5))
    assert await candles.any(BITCOIN, "1h", START + 4 * HOUR, START + 9 * HOUR)
    assert not await candles.any(BITCOIN, "1h", START + 5 * HOUR, START + 9 * HOUR)
    assert not await candles.any(BITCOIN, "1h", START - 9 * HOUR, START)


async def test_what_the_market_refuses_is_said_in_its_words(candles: MarketCandles) -> None:
    with pytest.raises(MillraceError) as refused:
        await candles.read(BITCOIN, "7m", START, START + HOUR, 0)
    assert refused.value.code is Code.INVALID_TIMEFRAME
