"""Publishes a service's outbox, in order, at least once.

One relay per schema works at a time: it holds an advisory lock on a connection of its own, so when its process dies
the lock is free at once and another takes over.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from zlib import crc32

import asyncpg
import structlog

from millrace.common.db.database import Connection, Database
from millrace.common.events.envelope import ATTRIBUTES, Envelope

log = structlog.get_logger()

Publish = Callable[[Sequence[tuple[str, Envelope]]], Awaitable[None]]

_BATCH = 500
_IDLE_SECONDS = 0.25
_NEXT = """
select number, topic, key, seq, id, type, source, time, tenant, correlation, causation, traceparent, stage, body
from outbox where published_at is null order by number limit $1
"""
_MARK = "update outbox set published_at = now() where number = any($1::bigint[])"


class Relay:
    """Moves rows from the outbox to the bus until it is stopped."""

    def __init__(self, database: Database, publish: Publish) -> None:
        self._database = database
        self._publish = publish
        self._news = asyncio.Event()
        self.pending = False
        self.published = 0

    def wake(self) -> None:
        """A transaction of this process wrote to the outbox."""
        self.pending = True
        self._news.set()

    async def run(self) -> None:
        """Publish for ever. A lost database or bus is waited for."""
        delay = 0.1
        while True:
            before = self.published
            try:
                await self._lead()
            except Exception as problem:
                log.warning("the relay was interrupted", schema=self._database.schema, error=repr(problem))
                delay = 0.1 if self.published > before else min(delay * 2, 2.0)
                await asyncio.sleep(delay)

    async def _lead(self) -> None:
        async with self._database.pool.acquire() as connection:
            lock = crc32(f"relay/{self._database.schema}".encode())
            while not await connection.fetchval("select pg_try_advisory_lock($1)", lock):
                await asyncio.sleep(_IDLE_SECONDS)
            try:
                while True:
                    self._news.clear()
                    while await self._move(connection):
                        pass
                    self.pending = self._news.is_set()
                    try:
                        async with asyncio.timeout(_IDLE_SECONDS):
                            await self._news.wait()
                    except TimeoutError:
                        continue
            finally:
                # The lock lives as long as the session, so a session that is in doubt must not return to the pool.
                connection.terminate()

    async def _move(self, connection: Connection) -> bool:
        rows = await connection.fetch(_NEXT, _BATCH)
        if not rows:
            return False
        self.pending = True
        await self._publish([(row["topic"], _envelope(row)) for row in rows])
        await connection.execute(_MARK, [row["number"] for row in rows])
        self.published += len(rows)
        return len(rows) == _BATCH


def _envelope(row: asyncpg.Record) -> Envelope:
    return Envelope(**{name: row[name] for name in ATTRIBUTES})
