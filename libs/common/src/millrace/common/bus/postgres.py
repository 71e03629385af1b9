"""The embedded bus: a durable log in the services' own PostgreSQL.

A unit of work appends to the log in its own transaction (db/outbox.py), and a reader moves its position in the
transaction that applies what it read: one commit per hop. `bus.ends` gives out gapless positions under a row lock
that is held until the commit, so a reader that has seen position n has seen all before it.

Committed messages are handed to the readers of this process from memory; a reader falls back to the table when it is
behind, after a restart, or when another process appended (looked for twice a second).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import asyncpg

from millrace.common.bus.port import Features, Listener, Outgoing, Place, ReaderMoved, Record
from millrace.common.events.envelope import Envelope
from millrace.common.events.topics import CATALOGUE
from millrace.common.kernel.partitions import partition_of

_LOOK_SECONDS = 0.5
_KEPT = 4096

_ENDS = "select topic, partition, position from bus.ends where topic = any($1::text[])"
_POSITIONS = "select topic, partition, position from bus.readers where reader = $1"
_READ = """
select topic, partition, position, key, seq, id, type, source, time, tenant, correlation, causation, traceparent,
  stage, body
from bus.log where topic = $1 and partition = $2 and position >= $3 order by position limit $4
"""
_MOVE = """
insert into bus.readers as r (reader, topic, partition, position)
select $1, * from unnest($2::text[], $3::int[], $5::bigint[])
on conflict (reader, topic, partition) do update set position = excluded.position
where r.position = ($4::bigint[])[array_position($6::text[], r.topic || '/' || r.partition)]
returning 1
"""
_APPEND = """
with moved as (
  insert into bus.ends as e values ($1, $2, 1)
  on conflict (topic, partition) do update set position = e.position + 1 returning position)
insert into bus.log (topic, partition, position, key, seq, id, type, source, time, tenant, correlation, causation,
  traceparent, stage, body)
select $1, $2, position - 1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14 from moved returning position
"""


class PostgresBus:
    """The log, its readers in this process, and the lossy messages between them."""

    features = Features(joins_transaction=True, survives_restart=True, several_processes=False)

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._listeners: dict[str, list[Listener]] = {}
        self._readers: list[PostgresSubscription] = []
        self.ends: dict[Place, int] = {}
        self.recent: dict[Place, dict[int, Envelope]] = {}

    @property
    def pool(self) -> "asyncpg.Pool[asyncpg.Record]":
        """The open pool."""
        if self._pool is None:
            raise RuntimeError("the bus is not started")
        return self._pool

    async def start(self) -> None:
        self._pool = await asyncpg.create_pool(
            self._url,
            min_size=1,
            max_size=4,
            command_timeout=10,
            server_settings={"role": "millrace_bus", "application_name": "millrace-bus", "timezone": "UTC"},
        )

    async def stop(self) -> None:
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            for topic, e in messages:
                partition = partition_of(e.key, _partitions(topic))
                fields = (e.id, e.type, e.source, e.time, e.tenant, e.correlation, e.causation, e.traceparent, e.stage)
                await connection.execute(_APPEND, topic, partition, e.key, e.seq, *fields, e.body)
        for reader in self._readers:
            reader.look()

    def deliver(self, appended: Sequence[tuple[str, int, int, Envelope]]) -> None:
        """Hand over what a transaction of this process appended and committed."""
        for topic, partition, position, envelope in appended:
            place = Place(topic, partition)
            recent = self.recent.setdefault(place, {})
            recent[position] = envelope
            if len(recent) > _KEPT:
                for old in sorted(recent)[: _KEPT // 2]:
                    del recent[old]
            self.ends[place] = max(self.ends.get(place, 0), position + 1)
        for reader in self._readers:
            reader.wake()

    def broadcast(self, topic: str, envelope: Envelope) -> None:
        for listener in self._listeners.get(topic, ()):
            listener(topic, envelope)

    def listen(self, topic: str, listener: Listener) -> Callable[[], None]:
        listeners = self._listeners.setdefault(topic, [])
        listeners.append(listener)
        return lambda: listeners.remove(listener)

    async def subscribe(self, group: str, topics: Sequence[str]) -> "PostgresSubscription":
        reader = PostgresSubscription(self, group, topics)
        await reader.rewind()
        self._readers.append(reader)
        return reader

    def forget(self, reader: "PostgresSubscription") -> None:
        """The reader has left."""
        self._readers.remove(reader)


class PostgresSubscription:
    """A reader with a position at each place, kept in `bus.readers`."""

    def __init__(self, bus: PostgresBus, group: str, topics: Sequence[str]) -> None:
        self._bus = bus
        self._group = group
        self._topics = list(topics)
        self._places = [Place(topic, p) for topic in topics for p in range(_partitions(topic))]
        self._next: dict[Place, int] = {}
        self._committed: dict[Place, int] = {}
        self._news = asyncio.Event()
        self._looked = 0.0

    def wake(self) -> None:
        """There may be something to read."""
        self._news.set()

    def look(self) -> None:
        """Another connection appended: ask the database at the next poll."""
        self._looked = 0.0
        self._news.set()

    async def poll(self, limit: int, wait: float) -> list[Record]:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait
        while True:
            self._news.clear()
            if loop.time() - self._looked >= _LOOK_SECONDS:
                await self._refresh()
            if found := await self._read(limit):
                return found
            left = min(deadline, self._looked + _LOOK_SECONDS) - loop.time()
            if loop.time() >= deadline:
                return []
            try:
                async with asyncio.timeout(max(left, 0.001)):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def _refresh(self) -> None:
        for row in await self._bus.pool.fetch(_ENDS, self._topics):
            place = Place(row["topic"], row["partition"])
            self._bus.ends[place] = max(self._bus.ends.get(place, 0), row["position"])
        self._looked = asyncio.get_running_loop().time()

    async def _read(self, limit: int) -> list[Record]:
        found: list[Record] = []
        ends = self._bus.ends
        for place in self._places:
            start = self._next.get(place, 0)
            if start < ends.get(place, 0) and len(found) < limit:
                records = self._from_memory(place, start, limit - len(found))
                records = records or await self._from_table(place, start, limit - len(found))
                found.extend(records)
                self._next[place] = start + len(records)
        return found

    def _from_memory(self, place: Place, start: int, limit: int) -> list[Record]:
        recent = self._bus.recent.get(place, {})
        found: list[Record] = []
        while len(found) < limit and (envelope := recent.get(start + len(found))) is not None:
            found.append(Record(place, start + len(found), envelope))
        return found

    async def _from_table(self, place: Place, start: int, limit: int) -> list[Record]:
        rows = await self._bus.pool.fetch(_READ, place.topic, place.partition, start, limit)
        return [Record(place, row["position"], _envelope(row)) for row in rows]

    async def commit(self, positions: Mapping[Place, int], connection: Any = None) -> None:
        places = list(positions)
        rows = await (connection or self._bus.pool).fetch(
            _MOVE,
            self._group,
            [place.topic for place in places],
            [place.partition for place in places],
            [self._committed.get(place, 0) for place in places],
            [positions[place] for place in places],
            [f"{place.topic}/{place.partition}" for place in places],
        )
        if len(rows) != len(places):
            raise ReaderMoved(f"another process reads as {self._group}")
        self._committed.update(positions)

    async def rewind(self) -> None:
        rows = await self._bus.pool.fetch(_POSITIONS, self._group)
        self._committed = {Place(row["topic"], row["partition"]): row["position"] for row in rows}
        self._next = dict(self._committed)
        self.look()

    async def lag(self) -> int:
        if not self._looked:
            await self._refresh()
        return sum(self._bus.ends.get(place, 0) - self._committed.get(place, 0) for place in self._places)

    async def close(self) -> None:
        self._bus.forget(self)


def _envelope(row: asyncpg.Record) -> Envelope:
    return Envelope(**{name: row[name] for name in Envelope.__slots__})


def _partitions(topic: str) -> int:
    return CATALOGUE[topic].partitions if topic in CATALOGUE else 1
