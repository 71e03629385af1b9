"""What the parts cost bare: the commit, the durable hop on either bus, a message on Kafka, its client's processor time.

Written straight on asyncpg and aiokafka, in the shape the platform would have without being a platform.
"""

import asyncio
import os
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

_BODY = b"x" * 300
_WARM = 50
_TABLES = """
create table if not exists public.bench_outbox (id bigserial primary key, body bytea not null);
create table if not exists public.bench_inbox (id uuid primary key);
"""
_INSERT = "insert into public.bench_outbox (body) values ($1)"
_ACCEPT = "insert into public.bench_inbox values ($1)"
_NEXT = "select id, body from public.bench_outbox where id > $1 order by id"


def kafka() -> str:
    """The brokers' addresses."""
    return os.environ["MILLRACE_TEST_KAFKA"]


async def bare_commits(url: str, count: int) -> list[float]:
    """Milliseconds of transactions with two inserts."""
    connection = await asyncpg.connect(url)
    await connection.execute(_TABLES)
    found = []
    for _ in range(count):
        begun = time.perf_counter()
        async with connection.transaction():
            await connection.execute(_ACCEPT, uuid.uuid4())
            await connection.execute(_INSERT, _BODY)
        found.append((time.perf_counter() - begun) * 1000)
    await connection.close()
    return found


async def bare_notified(url: str, count: int, per_second: float = 100) -> list[float]:
    """Milliseconds of the embedded hop: insert and NOTIFY in a transaction, wake the other connection, let it read."""
    one, two = await asyncpg.connect(url), await asyncpg.connect(url)
    await one.execute(_TABLES)
    news = asyncio.Event()
    await two.add_listener("bench", lambda *_: news.set())
    seen = await two.fetchval("select coalesce(max(id), 0) from public.bench_outbox")
    found = []
    first = time.monotonic()
    for number in range(count):
        await asyncio.sleep(max(0.0, first + number / per_second - time.monotonic()))
        news.clear()
        begun = time.perf_counter()
        async with one.transaction():
            await one.execute(_INSERT, _BODY)
            await one.execute("notify bench")
        await news.wait()
        seen = (await two.fetch(_NEXT, seen))[-1]["id"]
        found.append((time.perf_counter() - begun) * 1000)
    await two.close()
    await one.close()
    return found


@asynccontextmanager
async def bare_clients(partitions: int = 1) -> AsyncIterator[tuple[AIOKafkaProducer, AIOKafkaConsumer, str]]:
    """A producer, a consumer of everything, and the topic between them."""
    topic = f"bench.{uuid.uuid4().hex[:8]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka())
    await admin.start()
    await admin.create_topics([NewTopic(topic, partitions, 1)])
    producer = AIOKafkaProducer(bootstrap_servers=kafka(), acks="all", enable_idempotence=True)
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka(), auto_offset_reset="earliest", fetch_max_wait_ms=500)
    await producer.start()
    await consumer.start()
    try:
        await producer.send_and_wait(topic, b"")
        await consumer.getmany(timeout_ms=1000)
        yield producer, consumer, topic
    finally:
        await producer.stop()
        await consumer.stop()
        await admin.delete_topics([topic])
        await admin.close()


async def bare_hops(url: str | None, count: int, per_second: float = 100) -> list[float]:
    """Milliseconds of: commit an outbox row, produce it, read it, commit it to an inbox.

    Without a database only produce and read: a lossy message. The first ones, on a new topic, do not count.
    """
    pool = await asyncpg.create_pool(url, min_size=2, max_size=2) if url else None
    if pool:
        await pool.execute(_TABLES)
    begun: dict[bytes, float] = {}
    ended: dict[bytes, float] = {}
    total = _WARM + count

    async def read(consumer: AIOKafkaConsumer) -> None:
        while len(ended) < total:
            for messages in (await consumer.getmany(timeout_ms=1000)).values():
                if pool:
                    async with pool.acquire() as connection, connection.transaction():
                        for key in [message.key for message in messages if message.key]:
                            await connection.execute(_ACCEPT, uuid.UUID(bytes=key))
                now = time.perf_counter()
                ended.update((message.key, now) for message in messages if message.key in begun)

    async with bare_clients() as (producer, consumer, topic):
        reader = asyncio.create_task(read(consumer))
        first = time.monotonic()
        for number in range(total):
            await asyncio.sleep(max(0.0, first + number / per_second - time.monotonic()))
            key = uuid.uuid4().bytes
            begun[key] = time.perf_counter()
            if pool:
                async with pool.acquire() as connection, connection.transaction():
                    await connection.execute(_INSERT, _BODY)
            await producer.send(topic, _BODY, key=key)
        async with asyncio.timeout(30):
            await reader
    if pool:
        await pool.close()
    return [(ended[key] - at) * 1000 for key, at in list(begun.items())[_WARM:]]


async def bare_client_cost(count: int, body: bytes) -> float:
    """Microseconds of processor time a message: sent pipelined by the thousand, read by getmany(500)."""
    async with bare_clients(6) as (producer, consumer, topic):
        begun = time.process_time()
        for start in range(0, count, 1000):
            some = range(start, min(start + 1000, count))
            await asyncio.gather(*[await producer.send(topic, body, key=b"%d" % n) for n in some])
        got = 0
        while got < count:
            got += sum(map(len, (await consumer.getmany(timeout_ms=1000, max_records=500)).values()))
        return (time.process_time() - begun) / count * 1e6
