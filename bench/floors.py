"""What the parts cost bare: the commit, the durable hop, the Kafka client."""

import asyncio
import os
import time
import uuid

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

_BODY = b"x" * 300
_TABLES = """
create table if not exists public.bench_state (id int primary key, seq bigint not null);
create table if not exists public.bench_outbox (id bigserial primary key, body bytea not null);
create table if not exists public.bench_inbox (id uuid primary key);
insert into public.bench_state select n, 0 from generate_series(0, 15) n on conflict do nothing;
"""
_INSERT = "insert into public.bench_outbox (body) values ($1)"
_ACCEPT = "insert into public.bench_inbox values ($1)"


async def bare_commits(connection: "asyncpg.Connection[asyncpg.Record]", count: int) -> list[float]:
    """Milliseconds of transactions with two inserts."""
    await connection.execute(_TABLES)
    found = []
    for _ in range(count):
        begun = time.perf_counter()
        async with connection.transaction():
            await connection.execute(_ACCEPT, uuid.uuid4())
            await connection.execute(_INSERT, _BODY)
        found.append((time.perf_counter() - begun) * 1000)
    return found


async def bare_hops(url: str, count: int, per_second: float = 100) -> list[float]:
    """Milliseconds of: commit an outbox row, produce it, read it, commit it to an inbox."""
    servers, topic = os.environ["MILLRACE_TEST_KAFKA"], f"bench.{uuid.uuid4().hex[:8]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1)])
    await admin.close()
    pool = await asyncpg.create_pool(url, min_size=2, max_size=2)
    await pool.execute(_TABLES)
    producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True)
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=servers, auto_offset_reset="earliest", fetch_max_wait_ms=500)
    await producer.start()
    await consumer.start()
    begun: dict[bytes, float] = {}
    found: list[float] = []

    async def read() -> None:
        while len(found) < count:
            for messages in (await consumer.getmany(timeout_ms=1000)).values():
                async with pool.acquire() as connection, connection.transaction():
                    for message in messages:
                        await connection.execute(_ACCEPT, uuid.UUID(bytes=message.key))
                now = time.perf_counter()
                found.extend((now - begun[m.key]) * 1000 for m in messages if m.key in begun)

    reader = asyncio.create_task(read())
    first = time.monotonic()
    for number in range(count):
        await asyncio.sleep(max(0.0, first + number / per_second - time.monotonic()))
        key = uuid.uuid4().bytes
        begun[key] = time.perf_counter()
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(_INSERT, _BODY)
        await producer.send_and_wait(topic, _BODY, key=key)
    async with asyncio.timeout(30):
        await reader
    await producer.stop()
    await consumer.stop()
    await pool.close()
    return found
