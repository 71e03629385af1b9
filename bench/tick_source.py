"""Ticks that carry the instant of their broadcast."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from time import monotonic_ns

from millrace.common.bus.port import Bus
from millrace.common.events.envelope import Envelope
from millrace.common.events.market import CandleForming
from millrace.common.kernel.ids import new_id


async def ticking(bus: Bus, per_second: float) -> None:
    """Broadcast for ever; the volume is the machine's monotonic clock, in nanoseconds."""
    loop = asyncio.get_running_loop()
    begun, number, price = loop.time(), 0, Decimal("50123.45")
    prices = {"open": price, "high": price, "low": price, "close": price}
    now = datetime.now(UTC)
    while True:
        await asyncio.sleep(max(0.0, begun + number / per_second - loop.time()))
        number += 1
        event = CandleForming(
            exchange="binance",
            symbol="BTC/USDT",
            timeframe="1m",
            opened_at=now,
            volume=Decimal(monotonic_ns()),
            **prices,
        )
        body = event.model_dump_json().encode()
        bus.broadcast(event.topic, Envelope(new_id(), event.type, "bench", datetime.now(UTC), event.key, body))
