"""What the bots ask of the market's past."""

from typing import Any
from uuid import UUID

import pytest

from millrace.bots.adapters.history import MarketHistory
from millrace.common.auth.principal import Principal
from millrace.common.kernel.errors import MillraceError
from millrace.common.testing.service import Stand, StartService

ME = Principal(UUID(int=0), "bots", "viewer")


def history(stand: Stand) -> MarketHistory:
    return MarketHistory(stand.host.client, stand.host.keys().internal, ME)


async def test_the_last_candles_before_an_instant_come_oldest_first(stand: Any, play: Any, bars: Any) -> None:
    await play([bars(n, 100 + n) for n in range(10)], heard=False)
    found = await history(stand).before("binance", "BTC/USDT", "5m", bars(8).opened_at, 3)
    assert found == [bars(n, 100 + n) for n in (5, 6, 7)]


async def test_a_market_service_that_is_away_is_waited_for(start_service: StartService, bars: Any) -> None:
    alone = await start_service("bots")
    with pytest.raises(ConnectionError):
        await history(alone).before("binance", "BTC/USDT", "5m", bars(8).opened_at, 3)


async def test_a_question_that_makes_no_sense_is_not_asked_for_ever(stand: Any, bars: Any) -> None:
    with pytest.raises(MillraceError):
        await history(stand).before("binance", "BTC/USDT", "7m", bars(8).opened_at, 3)
