"""A process that does not lead any more writes nothing, drops nothing, and ends."""

import asyncio
from datetime import timedelta
from decimal import Decimal

from millrace.common.db.work import Fenced
from millrace.common.events.market import CandleClosed
from millrace.common.kernel.timeframes import opening
from millrace.execution.app.leases import Leases
from services.execution.tests.desk import CLOCK, Desk


async def test_a_candle_heard_after_another_has_taken_over_is_left_to_it(desk: Desk) -> None:
    host = desk.stand.host
    await Leases(host.running["execution"].database, "two", 60.0, alone=True).lead()
    opened_at = opening(CLOCK.now(), "1m") - timedelta(minutes=1)
    prices = dict.fromkeys(("open", "high", "low", "close", "volume"), Decimal(1))
    candle = CandleClosed(exchange="binance", symbol="BTC/USDT", timeframe="1m", opened_at=opened_at, **prices)
    envelope = desk.stand.envelope(candle)
    await desk.stand.bus.publish([(candle.topic, envelope)])
    assert host.failed is not None
    async with asyncio.timeout(10):
        assert isinstance(await asyncio.shield(host.failed), Fenced)
    assert await desk.stand.rows("execution", "select 1 from inbox where event_id = $1", envelope.id) == []
    assert await desk.stand.rows("execution", "select 1 from venue_markets") == []
