"""The embedded bus: a durable log in the services' own PostgreSQL.

A unit of work appends to the log in its own transaction (db/outbox.py), and a reader moves its position in the
transaction that applies what it read: one commit per hop. `bus.ends` gives out gapless positions under a row lock
that is held until the commit, so a reader that has seen position n has seen all before it.

Committed messages are handed to the readers of this process from memory; a reader falls back to the table when it is
behind, after a restart, or when another process appended (looked for twice a second).
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import asyncpg

from millrace.common.bus.port import (
    BusUnavailable,
    Features,
    Listener,
    Outgoing,
    Place,
    ReaderMoved,
    Record,
    Standing,
)
from millrace.common.db.database import RETRYABLE, PlainConnection, close_pool
from millrace.common.db.retention import LETTERS_SECONDS, deleted
from millrace.common.db.work import INBOX, Work, inbox_columns
from millrace.common.events.envelope import ATTRIBUTES, Envelope
from millrace.common.events.topics import CATALOGUE
from millrace.common.kernel.partitions import partition_of

_LOOK_SECONDS = 0.5
_PASSED_SECONDS = 1.0
_KEPT = 1024

_ENDS = "select topic, partition, position from bus.ends where topic = any($1::text[])"
_POSITIONS = "select topic, partition, position from bus.readers where reader = $1"
_READ = """
select topic, partition, position, key, seq, id, type, source, time, tenant, correlation, causation, traceparent,
  stage, body
from bus.log where topic = $1 and partition = $2 and position >= $3 order by position limit $4
"""
# {0} and {1}: reader and names of places; then topics, partitions, positions as they were and as they will be.
_MOVE = """
insert into bus.readers as r (reader, topic, partition, position)
select ${0}, * from unnest(${2}::text[], ${3}::int[], ${5}::bigint[])
on conflict (reader, topic, partition) do update set position = excluded.position
where r.position = (${4}::bigint[])[array_position(${1}::text[], r.topic || '/' || r.partition)]
returning 1
"""
_COMMIT = _MOVE.format(*range(1, 7))
_ACCEPT = f"""
with moved as ({_MOVE.format(*range(5, 11))}), noted as ({INBOX})
select m.places, n.* from (select count(*) as places from moved) m left join noted n on true
"""  # noqa: S608 - constants only
# $1, $2: topics and how many seconds their messages are kept; $3, $4: topics and who reads them; $5: the seconds for
# topics that are not declared (dead letters); $6: how many rows of a place. Only the log's beginning is looked at.
_FORGET = """
with kept as (select * from unnest($1::text[], $2::float8[]) as t (topic, seconds)),
declared as (select * from unnest($3::text[], $4::text[]) as t (topic, reader)),
read as (
  select e.topic, e.partition, case when count(d.reader) = 0 then max(e.position) else min(coalesce(r.position, 0)) end
    as position
  from bus.ends e left join declared d using (topic)
  left join bus.readers r on r.reader = d.reader and r.topic = e.topic and r.partition = e.partition
  group by 1, 2),
old as (
  select first.topic, first.partition, first.position from read left join kept using (topic), lateral (
    select l.topic, l.partition, l.position, l.appended_at from bus.log l
    where l.topic = read.topic and l.partition = read.partition and l.position < read.position
    order by l.position limit $6) first
  where first.appended_at < now() - make_interval(secs => coalesce(kept.seconds, $5)))
delete from bus.log l using old
where l.topic = old.topic and l.partition = old.partition and l.position = old.position
"""
_APPEND = """
with moved as (
  insert into bus.ends as e values ($1, $2, 1)
  on conflict (topic, partition) do update set position = e.position + 1 returning position)
insert into bus.log (topic, partition, position, key, seq, id, type, source, time, tenant, correlation, causation,
  traceparent, stage, body)
select $1, $2, position - 1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14 from moved returning position
"""


@contextmanager
def _reaching() -> Iterator[None]:
    try:
        yield
    except RETRYABLE as problem:
        raise BusUnavailable(f"{type(problem).__name__}: {problem}") from problem


class PostgresBus:
    """The log, its readers in this process, and the lossy messages between them."""

    features = Features(joins_transaction=True, survives_restart=True, several_processes=False, carries_bytes=False)

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
            connection_class=PlainConnection,
            server_settings={"role": "millrace_bus", "application_name": "millrace-bus", "timezone": "UTC"},
        )

    async def stop(self) -> None:
        if self._pool is not None:
            await close_pool(self._pool)
            self._pool = None

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        with _reaching():
            async with self.pool.acquire(timeout=10) as connection, connection.transaction():
                for topic, e in messages:
                    partition = partition_of(e.key, _partitions(topic))
                    context = (e.time, e.tenant, e.correlation, e.causation, e.traceparent, e.stage)
                    fields = (e.key, e.seq, e.id, e.type, e.source, *context, e.body)
                    await connection.execute(_APPEND, topic, partition, *fields)
        for reader in self._readers:
            reader.look()

    def deliver(self, appended: Sequence[tuple[str, int, int, Envelope]]) -> None:
        """Hand over what a transaction of this process appended and committed."""
        for topic, partition, position, envelope in appended:
            place = Place(topic, partition)
            self.recent.setdefault(place, {})[position] = envelope
            self.ends[place] = max(self.ends.get(place, 0), position + 1)
        for place in {Place(topic, partition) for topic, partition, _, _ in appended}:
            self._trim(place)
        for reader in self._readers:
            reader.wake()

    def _trim(self, place: Place) -> None:
        """Forget what every reader of this process has applied, and whatever is too much; the table has it all."""
        recent = self.recent[place]
        wanted = min((at for reader in self._readers if (at := reader.applied(place)) is not None), default=None)
        kept = [position for position in recent if wanted is not None and position >= wanted]
        if len(kept) > _KEPT:
            kept = sorted(kept)[_KEPT // 2 :]
        if len(kept) < len(recent):
            self.recent[place] = {position: recent[position] for position in kept}

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

    async def forget(self, batch: int = 200) -> bool:
        """Delete up to `batch` old messages of each place that every declared reader has read; whether it did."""
        declared = [(topic.name, reader) for topic in CATALOGUE.values() for reader in topic.readers]
        async with self.pool.acquire(timeout=10) as connection:
            values = (
                list(CATALOGUE),
                [float(topic.retention_seconds) for topic in CATALOGUE.values()],
                [topic for topic, _ in declared],
                [reader for _, reader in declared],
                LETTERS_SECONDS,
                batch,
            )
            return await deleted(connection, _FORGET, values) > 0

    def leave(self, reader: "PostgresSubscription") -> None:
        """The reader has left, perhaps again."""
        if reader in self._readers:
            self._readers.remove(reader)


class PostgresSubscription:
    """A reader with a position at each place, kept in `bus.readers`."""

    def __init__(self, bus: PostgresBus, group: str, topics: Sequence[str]) -> None:
        self._bus = bus
        self._group = group
        self._topics = list(topics)
        self._places = [Place(topic, p) for topic in topics for p in range(_partitions(topic))]
        self._reads = frozenset(self._places)
        self._next: dict[Place, int] = {}
        self._committed: dict[Place, int] = {}
        self._passed: dict[Place, int] = {}
        self._passed_since = 0.0
        self._news = asyncio.Event()
        self._looked = 0.0

    def wake(self) -> None:
        """There may be something to read."""
        self._news.set()

    def applied(self, place: Place) -> int | None:
        """Everything before this position is applied, as far as it is committed; None for a place it does not read."""
        return self._committed.get(place, 0) if place in self._reads else None

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
                if self._passed:
                    await self.commit({})
                return []
            try:
                async with asyncio.timeout(max(left, 0.001)):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def _refresh(self) -> None:
        with _reaching():
            rows = await self._bus.pool.fetch(_ENDS, self._topics)
        for row in rows:
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
                if not records:  # forgotten before this reader came
                    await self.commit({place: ends[place]})
                found.extend(records)
                self._next[place] = records[-1].position + 1 if records else ends[place]
        return found

    def _from_memory(self, place: Place, start: int, limit: int) -> list[Record]:
        recent = self._bus.recent.get(place, {})
        found: list[Record] = []
        while len(found) < limit and (envelope := recent.get(start + len(found))) is not None:
            found.append(Record(place, start + len(found), envelope))
        return found

    async def _from_table(self, place: Place, start: int, limit: int) -> list[Record]:
        with _reaching():
            rows = await self._bus.pool.fetch(_READ, place.topic, place.partition, start, limit)
        return [Record(place, row["position"], _envelope(row)) for row in rows]

    async def commit(self, positions: Mapping[Place, int], work: Work | None = None) -> None:
        positions = {**self._passed, **positions}
        where = work.connection if work else self._bus.pool
        rows = await where.fetch(_COMMIT, *self._columns(positions))
        self._check(len(rows), positions, work)

    async def accept(
        self, work: Work, said: Sequence[tuple[str, Envelope]], positions: Mapping[Place, int]
    ) -> dict[UUID, bool]:
        positions = {**self._passed, **positions}
        rows = await work.connection.fetch(_ACCEPT, *inbox_columns(said), *self._columns(positions))
        self._check(rows[0]["places"], positions, work)
        return {row["event_id"]: row["blocked"] for row in rows if row["event_id"] is not None}

    def _columns(self, positions: Mapping[Place, int]) -> tuple[Any, ...]:
        return (
            self._group,
            [f"{place.topic}/{place.partition}" for place in positions],
            [place.topic for place in positions],
            [place.partition for place in positions],
            [self._committed.get(place, 0) for place in positions],
            list(positions.values()),
        )

    def _check(self, moved: int, positions: Mapping[Place, int], work: Work | None) -> None:
        if moved != len(positions):
            raise ReaderMoved(f"another process reads as {self._group}")
        if work:
            work.after_commit(lambda: self._moved(positions))
        else:
            self._moved(positions)

    def _moved(self, positions: Mapping[Place, int]) -> None:
        self._committed.update(positions)
        self._passed = {place: n for place, n in self._passed.items() if n > self._committed.get(place, 0)}

    async def pass_over(self, positions: Mapping[Place, int]) -> None:
        """Noted with the next commit, or after a second: half of what a reader polls may be of no concern to it."""
        now = asyncio.get_running_loop().time()
        if not self._passed:
            self._passed_since = now
        self._passed.update(positions)
        if now - self._passed_since > _PASSED_SECONDS:
            await self.commit({})

    async def rewind(self) -> None:
        self._committed, self._passed = await self._positions(), {}
        self._next = dict(self._committed)
        self.look()

    async def _positions(self) -> dict[Place, int]:
        with _reaching():
            rows = await self._bus.pool.fetch(_POSITIONS, self._group)
        return {Place(row["topic"], row["partition"]): row["position"] for row in rows}

    async def lag(self) -> int:
        if not self._looked:
            await self._refresh()
        ends, committed, passed = self._bus.ends, self._committed, self._passed
        return sum(ends.get(p, 0) - max(committed.get(p, 0), passed.get(p, 0)) for p in self._places)

    async def standings(self) -> dict[Place, Standing]:
        await self._refresh()
        committed, ends = await self._positions(), self._bus.ends
        return {place: Standing(committed.get(place, 0), ends.get(place, 0)) for place in self._places}

    async def close(self) -> None:
        if self._passed:
            await self.commit({})
        self._bus.leave(self)


def _envelope(row: asyncpg.Record) -> Envelope:
    return Envelope(**{name: row[name] for name in ATTRIBUTES})


def _partitions(topic: str) -> int:
    return CATALOGUE[topic].partitions if topic in CATALOGUE else 1
