"""Kafka: a durable hop (outbox, relay, broker, inbox), the client's cost of a message, a group member's replacement.

The floors are written straight on aiokafka and asyncpg, against the same broker and database in the same rounds.
"""

import asyncio
import os
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal

import asyncpg
from durable import line
from effort import Effort
from figures import Figure, percentile
from floors import bare_client_cost, bare_hops, kafka
from processes import Child

from millrace.common.bus.inspection import delete_topics
from millrace.common.bus.kafka import KafkaBus
from millrace.common.bus.port import Outgoing
from millrace.common.events.envelope import Envelope
from millrace.common.events.market import CandleClosed
from millrace.common.events.message import decode
from millrace.common.kernel.ids import new_id
from millrace.common.kernel.partitions import partition_of

TOPIC = CandleClosed.topic
GROUPS_TOPIC = "portfolio.v1"
PARTITIONS = 6
SESSION = 6.0
_BOUND = 60.0


@asynccontextmanager
async def own_place() -> AsyncIterator[tuple[str, str]]:
    """A database and a prefix for topics, both gone afterwards."""
    server, name = os.environ["MILLRACE_TEST_POSTGRES"], f"bench_{uuid.uuid4().hex[:8]}"
    connection = await asyncpg.connect(server)
    await connection.execute(f"create database {name}")
    try:
        yield server.rsplit("/", 1)[0] + "/" + name, f"{name}."
    finally:
        await connection.execute(f"drop database if exists {name} with (force)")
        await connection.close()
        await delete_topics(kafka(), f"{name}.")


def candle(number: int) -> CandleClosed:
    """A message of about 200 bytes."""
    price = Decimal("50123.45") + number % 100
    prices = {"open": price, "high": price, "low": price, "close": price, "volume": Decimal("12.345")}
    return CandleClosed(exchange="binance", symbol="BTC/USDT", timeframe="1s", opened_at=datetime.now(UTC), **prices)


def said(event: CandleClosed, key: str, topic: str = TOPIC, source: str = "bench") -> Outgoing:
    """The event as a service sends it."""
    event_id = new_id()
    body = event.model_dump_json().encode()
    return topic, Envelope(event_id, event.type, source, datetime.now(UTC), key, body, None, 1, event_id)


async def client_cost(bus: KafkaBus, count: int) -> float:
    """Microseconds of processor time a message: written, sent by the thousand, read by the poll, validated."""
    subscription = await bus.subscribe(f"bench-{uuid.uuid4().hex[:6]}", [TOPIC])
    while records := await subscription.poll(500, 1):
        await subscription.commit({r.place: r.position + 1 for r in records})
    begun = time.process_time()
    for start in range(0, count, 1000):
        await bus.publish([said(candle(n), str(n)) for n in range(start, min(start + 1000, count))])
    got = 0
    while got < count:
        for record in await subscription.poll(500, 1):
            assert isinstance(record.envelope, Envelope)
            decode(record.envelope)
            got += 1
    took = time.process_time() - begun
    await subscription.close()
    return took / count * 1e6


def one_for_each_partition(source: str) -> list[Outgoing]:
    """Messages that together reach every member of a group."""
    keys = {partition_of(str(n), PARTITIONS): str(n) for n in range(100)}
    return [said(candle(0), keys[partition], GROUPS_TOPIC, source) for partition in range(PARTITIONS)]


async def replaced(bus: KafkaBus, prefix: str, *, dying: bool) -> float:
    """Seconds from a member's leave, or death, until the other one reads what was the member's."""
    group = f"bench-{uuid.uuid4().hex[:6]}"
    subscription = await bus.subscribe(group, [GROUPS_TOPIC])
    heard: dict[str, set[int]] = {}
    news = asyncio.Event()

    async def read() -> None:
        while True:
            records = await subscription.poll(500, 0.5)
            for record in records:
                assert isinstance(record.envelope, Envelope)
                heard.setdefault(record.envelope.source, set()).add(record.place.partition)
            if records:
                await subscription.commit({record.place: record.position + 1 for record in records})
            news.set()

    reader = asyncio.create_task(read())
    try:
        with Child("member.py", kafka(), prefix, group, GROUPS_TOPIC) as member:
            await _shared(bus, member)
            if dying:
                member.process.kill()
            else:
                member.say(leave=True)
            begun = time.monotonic()
            await bus.publish(one_for_each_partition(group))
            async with asyncio.timeout(_BOUND):
                while len(heard.get(group, ())) < PARTITIONS:
                    news.clear()
                    await news.wait()
            return time.monotonic() - begun
    finally:
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
        await subscription.close()


async def _shared(bus: KafkaBus, member: Child) -> None:
    """Wait until the member reads its share."""
    asked = asyncio.create_task(asyncio.to_thread(member.hear))
    async with asyncio.timeout(_BOUND):
        while not asked.done():
            await bus.publish(one_for_each_partition("before"))
            await asyncio.wait([asked], timeout=0.5)
    await asked
    await asyncio.sleep(1)  # what went out before the change of hands has been read


async def measure(effort: Effort) -> list[Figure]:
    """All of it."""
    ours: list[Sequence[float]] = []
    bare: list[Sequence[float]] = []
    cost, floor, left, died = [], [], [], []
    async with own_place() as (url, prefix):
        bus = KafkaBus(kafka(), "bench", prefix=prefix, session=SESSION)
        async with line(bus, url) as hop:
            for _ in range(effort.rounds):
                bare.append(await bare_hops(url, effort.some(800)))
                ours.append(await hop.hops(effort.some(800)))
                floor.append(await bare_client_cost(effort.some(50_000), candle(0).model_dump_json().encode()))
                cost.append(await client_cost(bus, effort.some(50_000)))
                left.append(await replaced(bus, prefix, dying=False))
                died.append(await replaced(bus, prefix, dying=True) - SESSION)
    p50, p99 = ([percentile(found, share) for found in ours] for share in (0.5, 0.99))
    low, high = ([percentile(found, share) for found in bare] for share in (0.5, 0.99))
    return [
        Figure("kafka: durable hop p50", "ms", p50, low, "<= 1.3 x the bare hop", 1.3),
        Figure("kafka: durable hop p99", "ms", p99, high, "<= 1.5 x the bare hop", 1.5),
        Figure("kafka: client's processor time a message", "us", cost, floor, "<= 1.5 x bare aiokafka", 1.5),
        Figure("kafka: a member that leaves is replaced after", "s", left, (), "<= 0.6 s", 0.6),
        Figure("kafka: one that dies, after its session's end", "s", died, (), "<= 1 s", 1.0),
    ]
