"""The bus inside one process, for tests. It carries bytes, so it fails where Kafka would."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from millrace.common.bus.port import Features, Listener, Outgoing, Place, Record, Standing
from millrace.common.db.work import Work, accept
from millrace.common.events.envelope import BrokenEnvelope, Envelope, Headers, read_envelope
from millrace.common.events.topics import CATALOGUE
from millrace.common.kernel.partitions import partition_of

Stored = tuple[bytes, Headers, bytes]


class MemoryBus:
    """Everything is a list."""

    features = Features(joins_transaction=False, survives_restart=False, several_processes=False, carries_bytes=True)

    def __init__(self) -> None:
        self._logs: dict[Place, list[Stored]] = {}
        self._groups: dict[str, dict[Place, int]] = {}
        self._listeners: dict[str, list[Listener]] = {}
        self._news = asyncio.Event()

    async def start(self) -> None:
        """Nothing to connect to."""

    async def stop(self) -> None:
        """Nothing to flush."""

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        for topic, envelope in messages:
            place = Place(topic, partition_of(envelope.key, _partitions(topic)))
            self._logs.setdefault(place, []).append((envelope.key.encode(), envelope.headers(), envelope.body))
        self._wake()

    def put_raw(self, topic: str, key: bytes, headers: Headers, body: bytes) -> None:
        """Store a record as a foreign producer might: whatever the bytes."""
        self._logs.setdefault(Place(topic, 0), []).append((key, headers, body))
        self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def broadcast(self, topic: str, envelope: Envelope) -> None:
        for listener in self._listeners.get(topic, ()):
            listener(topic, envelope)

    def listen(self, topic: str, listener: Listener) -> Callable[[], None]:
        listeners = self._listeners.setdefault(topic, [])
        listeners.append(listener)
        return lambda: listeners.remove(listener)

    async def subscribe(self, group: str, topics: Sequence[str]) -> "MemorySubscription":
        return MemorySubscription(self, self._groups.setdefault(group, {}), topics)


class MemorySubscription:
    """A reader with a position in each list."""

    def __init__(self, bus: MemoryBus, committed: dict[Place, int], topics: Sequence[str]) -> None:
        self._bus = bus
        self._committed = committed
        self._places = [Place(topic, p) for topic in topics for p in range(_partitions(topic))]
        self._next = dict(committed)

    async def poll(self, limit: int, wait: float) -> list[Record]:
        news = self._bus._news
        if found := self._read(limit):
            return found
        try:
            async with asyncio.timeout(wait):
                await news.wait()
        except TimeoutError:
            return []
        return self._read(limit)

    def _read(self, limit: int) -> list[Record]:
        found: list[Record] = []
        for place in self._places:
            start = self._next.get(place, 0)
            stored = self._bus._logs.get(place, ())[start : start + limit - len(found)]
            found.extend(Record(place, start + i, _opened(item)) for i, item in enumerate(stored))
            self._next[place] = start + len(stored)
        return found

    async def commit(self, positions: Mapping[Place, int], work: Work | None = None) -> None:
        self._committed.update(positions)

    async def accept(
        self, work: Work, said: Sequence[tuple[str, Envelope]], positions: Mapping[Place, int]
    ) -> dict[UUID, bool]:
        return await accept(work, said)

    async def pass_over(self, positions: Mapping[Place, int]) -> None:
        await self.commit(positions)

    async def rewind(self) -> None:
        self._next = dict(self._committed)

    async def lag(self) -> int:
        return sum(end - committed for committed, end in (await self.standings()).values())

    async def standings(self) -> dict[Place, Standing]:
        logs = self._bus._logs
        return {place: Standing(self._committed.get(place, 0), len(logs.get(place, ()))) for place in self._places}

    async def close(self) -> None:
        """Nothing to leave."""


def _opened(stored: Stored) -> Envelope | BrokenEnvelope:
    try:
        return read_envelope(*stored)
    except BrokenEnvelope as broken:
        return broken


def _partitions(topic: str) -> int:
    return CATALOGUE[topic].partitions if topic in CATALOGUE else 1
