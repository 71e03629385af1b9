"""The embedded bus: a durable hop beside insert + NOTIFY + wake + read, and lossy deliveries a second."""

import time
from datetime import UTC, datetime

from durable import line
from effort import Effort
from figures import Figure, percentile
from floors import bare_notified
from worlds import postgres

from millrace.common.bus.port import Bus
from millrace.common.bus.postgres import PostgresBus
from millrace.common.events.envelope import Envelope
from millrace.common.kernel.ids import new_id

_LISTENERS = 3


def lossy(bus: Bus, count: int) -> float:
    """Millions of deliveries a second of processor time, to three listeners in this process."""
    topic, heard = "market.ticks.v1", 0

    def listener(_: str, envelope: Envelope) -> None:
        nonlocal heard
        heard += 1

    stops = [bus.listen(topic, listener) for _ in range(_LISTENERS)]
    tick = Envelope(new_id(), "market.price_seen.v1", "bench", datetime.now(UTC), "binance:BTC/USDT", b"x" * 200)
    begun = time.process_time()
    for _ in range(count):
        bus.broadcast(topic, tick)
    took = time.process_time() - begun
    for stop in stops:
        stop()
    assert heard == count * _LISTENERS
    return heard / took / 1e6


async def embedded(effort: Effort) -> list[Figure]:
    """All of it; the hops and their floor take turns on one server."""
    ours, bare, deliveries = [], [], []
    async with postgres() as url:
        bus = PostgresBus(url)
        async with line(bus, url) as hop:
            for _ in range(effort.rounds):
                bare.append(await bare_notified(url, effort.some(500)))
                ours.append(await hop.hops(effort.some(500)))
                deliveries.append(lossy(bus, effort.some(1_000_000)))
    p50, p99 = ([percentile(found, share) for found in ours] for share in (0.5, 0.99))
    floors = [[percentile(found, share) for found in bare] for share in (0.5, 0.99)]
    return [
        Figure("embedded: durable hop p50", "ms", p50, floors[0], "<= 2 x the bare hop", 2.0),
        Figure("embedded: durable hop p99", "ms", p99, floors[1]),
        Figure("embedded: lossy deliveries in process", "M/s", deliveries, (), ">= 1 M/s", least=1.0),
    ]
