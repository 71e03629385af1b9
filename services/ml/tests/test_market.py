"""Candles are asked of the real market, page by page."""

from datetime import timedelta

import pytest

from millrace.common.auth.principal import Principal
from millrace.common.kernel.errors import Code, MillraceError
from millrace.ml.adapters import market
from millrace.ml.adapters.market import MarketCandles
from millrace.ml.app.ports import Series
from services.ml.tests.conftest import BTC, FIRST, HOUR, House, hours


def asking(house: House) -> MarketCandles:
    host = house.stand.host
    return MarketCandles(host.client, host.keys().internal, Principal(house.user.user_id, "ml", "viewer"))


async def test_the_last_candles_before_an_instant(house: House) -> None:
    found = await asking(house).last(BTC, FIRST + 10 * HOUR, 3)
    assert [candle.opened_at for candle in found] == [FIRST + n * HOUR for n in (7, 8, 9)]
    row = hours()[9]
    last = found[-1]
    assert (last.exchange, last.symbol, last.timeframe) == tuple(BTC)
    assert (last.open, last.high, last.low, last.close, last.volume) == row[4:9]


async def test_a_long_time_is_read_in_pages(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(market, "_PAGE", 7)
    found = await asking(house).between(BTC, FIRST + HOUR, FIRST + 31 * HOUR, 1000)
    assert [candle.opened_at for candle in found] == [FIRST + n * HOUR for n in range(1, 31)]


async def test_no_more_than_asked_for_are_read_and_those_are_the_newest(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(market, "_PAGE", 4)
    found = await asking(house).between(BTC, FIRST, FIRST + 30 * HOUR, 10)
    assert [candle.opened_at for candle in found] == [FIRST + n * HOUR for n in range(20, 30)]


async def test_a_time_without_candles_has_none(house: House) -> None:
    past = FIRST - timedelta(days=900)
    assert await asking(house).between(BTC, past, past + 9 * HOUR, 100) == []


async def test_the_markets_own_refusal_comes_through(house: House) -> None:
    with pytest.raises(MillraceError) as refused:
        await asking(house).last(Series("binance", "DOGE/EUR", "1h"), FIRST, 1)
    assert refused.value.code is Code.INVALID_SYMBOL
