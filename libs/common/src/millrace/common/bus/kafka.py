"""Apache Kafka by aiokafka: batches, explicit commits, an idempotent producer, static membership."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any
from uuid import UUID

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    CommitFailedError,
    ConsumerStoppedError,
    IllegalStateError,
    KafkaError,
    TopicAlreadyExistsError,
    for_code,
)

from millrace.common.bus.port import BusUnavailable, Features, Listener, Outgoing, Place, Record, Standing
from millrace.common.db.work import Work, accept
from millrace.common.events.envelope import BrokenEnvelope, Envelope, read_envelope
from millrace.common.events.topics import CATALOGUE, DAY, Topic
from millrace.common.kernel.partitions import partition_of

log = structlog.get_logger()

_CLOSE_SECONDS = 2.0
_COMMIT_SECONDS = 20.0  # aiokafka would look for the group's coordinator for ever
_FAILURES = 3  # in a row, until a producer is given up


@contextmanager
def _reaching() -> Iterator[None]:
    """aiokafka's errors as what they mean to callers: wait and try again.

    A plain RuntimeError is uvloop's, for writing to a connection that the broker's death has just closed.
    """
    try:
        yield
    except (KafkaError, ConsumerStoppedError, TimeoutError, OSError, RuntimeError) as problem:
        raise BusUnavailable(f"{type(problem).__name__}: {problem}") from problem


def _check_fetching(consumer: AIOKafkaConsumer) -> None:
    """Raises `BusUnavailable` when the consumer can never read again.

    Its fetching task ends at an error that it did not foresee, and `getmany` waits for it for ever
    (aio-libs/aiokafka#1037).
    """
    task = consumer._fetcher.error_future
    if task.done() and not task.cancelled():
        raise BusUnavailable(f"the fetching task died: {task.exception()!r}")


async def _close(consumer: AIOKafkaConsumer) -> None:
    """Leave the group and close every connection; `stop` alone would raise what the fetching task died of before.

    aiokafka says nothing when a static member leaves, so its partitions would lie idle until the session's end. Without
    its instance the member takes leave by its member id, which the broker accepts of static members too.
    """
    if consumer._coordinator is not None:
        consumer._coordinator._group_instance_id = None
    try:
        await consumer.stop()
    finally:
        await consumer._client.close()


class KafkaBus:
    """A connection to a cluster. `instance` names this process among its group's members.

    `timeout`: seconds until a publication counts as failed; `session`: until a silent member counts as dead.
    """

    features = Features(joins_transaction=False, survives_restart=True, several_processes=True, carries_bytes=True)

    def __init__(
        self,
        servers: str,
        instance: str,
        *,
        prefix: str = "",
        create_topics: bool = True,
        replicas: int = 1,
        timeout: float = 20.0,
        session: float = 6.0,
    ) -> None:
        self._servers = servers
        self._prefix = prefix
        self._instance = instance
        self._create = create_topics
        self._replicas = replicas
        self._timeout = timeout
        self._session = session
        self._producer: AIOKafkaProducer | None = None
        self._failures = 0
        self._listeners: dict[str, list[Listener]] = {}
        self._lossy: dict[tuple[str, str], Envelope] = {}
        self._lossy_news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.sent: dict[Place, int] = {}

    async def start(self) -> None:
        with _reaching():
            if self._create:
                await create_topics(self._servers, CATALOGUE.values(), self._replicas, self._prefix)
            self._producer = await self._produce()
        self._tasks.append(asyncio.create_task(self._send_lossy(), name="kafka-lossy"))

    async def _produce(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._servers,
            acks="all",
            enable_idempotence=True,
            compression_type="lz4",
            linger_ms=0,
            request_timeout_ms=int(self._timeout * 1000),
            retry_backoff_ms=50,
        )
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        return producer

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._producer is not None:
            await self._producer.stop()

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        if self._failures >= _FAILURES:
            await self._replace_producer()
        self._failures += 1
        with _reaching():
            async with asyncio.timeout(self._timeout):  # an idempotent producer tries for ever
                sent = [await self._send(topic, envelope) for topic, envelope in messages]
                results = await asyncio.gather(*sent, return_exceptions=True)
            for record in results:
                if isinstance(record, BaseException):
                    raise record
                self.sent[Place(record.topic.removeprefix(self._prefix), record.partition)] = record.offset + 1
        self._failures = 0

    async def _replace_producer(self) -> None:
        """A producer whose sending task died of an error that aiokafka did not foresee answers with it for ever."""
        with _reaching():
            fresh = await self._produce()
        old, self._producer, self._failures = self._producer, fresh, 0
        log.warning("the Kafka producer was made anew")
        assert old is not None
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await old.stop()
        except Exception as problem:
            log.warning("the old Kafka producer did not close", error=repr(problem))

    async def _send(self, topic: str, envelope: Envelope) -> "asyncio.Future[Any]":
        assert self._producer is not None
        topic = self._prefix + topic
        partitions = await self._producer.partitions_for(topic)
        future: asyncio.Future[Any] = await self._producer.send(
            topic,
            envelope.body,
            key=envelope.key.encode(),
            partition=partition_of(envelope.key, len(partitions)),
            headers=envelope.headers(),
        )
        return future

    def broadcast(self, topic: str, envelope: Envelope) -> None:
        self._lossy[topic, envelope.key + envelope.type] = envelope
        self._lossy_news.set()

    async def _send_lossy(self) -> None:
        while True:
            await self._lossy_news.wait()
            self._lossy_news.clear()
            waiting, self._lossy = self._lossy, {}
            try:
                await asyncio.gather(*[await self._send(topic, e) for (topic, _), e in waiting.items()])
            except Exception as problem:  # a lossy message may be lost, but never in silence
                log.warning("lossy messages were lost", count=len(waiting), error=repr(problem))

    def listen(self, topic: str, listener: Listener) -> Callable[[], None]:
        if topic not in self._listeners:
            self._tasks.append(asyncio.create_task(self._hear(topic), name=f"kafka-hear-{topic}"))
        listeners = self._listeners.setdefault(topic, [])
        listeners.append(listener)
        return lambda: listeners.remove(listener)

    async def _hear(self, topic: str) -> None:
        while True:
            try:
                await self._hear_from_now(topic)
            except (OSError, RuntimeError) as problem:  # aiokafka's errors are RuntimeErrors, and so is uvloop's
                log.warning("lossy messages are not heard", topic=topic, error=repr(problem))
                await asyncio.sleep(1.0)

    async def _hear_from_now(self, topic: str) -> None:
        consumer = AIOKafkaConsumer(self._prefix + topic, bootstrap_servers=self._servers, auto_offset_reset="latest")
        try:
            await consumer.start()
            while True:
                batches = await consumer.getmany(timeout_ms=1000)
                _check_fetching(consumer)
                for record in chain.from_iterable(batches.values()):
                    self._tell(topic, record)
        finally:
            await _close(consumer)

    def _tell(self, topic: str, record: Any) -> None:
        try:
            envelope = read_envelope(record.key, record.headers, record.value)
        except BrokenEnvelope as broken:
            log.warning("unreadable lossy message", topic=topic, error=str(broken))
            return
        for listener in self._listeners.get(topic, ()):
            listener(topic, envelope)

    async def subscribe(self, group: str, topics: Sequence[str]) -> "KafkaSubscription":
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._servers,
            group_id=self._prefix + group,
            group_instance_id=f"{self._prefix}{group}-{self._instance}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_min_bytes=1,
            fetch_max_wait_ms=500,
            retry_backoff_ms=50,
            session_timeout_ms=int(self._session * 1000),
            heartbeat_interval_ms=300,  # members hear of a rebalance at their next heartbeat
            rebalance_timeout_ms=15_000,
        )
        subscription = KafkaSubscription(consumer, self._servers, self._prefix + group, self.sent, topics, self._prefix)
        consumer.subscribe([self._prefix + topic for topic in topics], listener=subscription)
        try:
            with _reaching():
                await consumer.start()
        except BaseException:
            await consumer.stop()
            raise
        return subscription


class KafkaSubscription(ConsumerRebalanceListener):  # type: ignore[misc]
    """A member of a consumer group. Partitions are given up only between batches."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        servers: str,
        group: str,
        sent: Mapping[Place, int],
        topics: Sequence[str],
        prefix: str,
    ) -> None:
        self._consumer = consumer
        self._servers = servers
        self._group = group
        self._prefix = prefix
        self._sent = sent
        self.topics = frozenset(topics)
        self.applied: dict[Place, int] = {}
        self._done = asyncio.Event()
        self._done.set()
        self._first: dict[TopicPartition, int] = {}

    async def on_partitions_revoked(self, revoked: object) -> None:
        """Let the batch in hand finish before the partitions go to somebody else."""
        try:
            async with asyncio.timeout(10):
                await self._done.wait()
        except TimeoutError:
            log.warning("partitions revoked in the middle of a batch")

    async def on_partitions_assigned(self, assigned: object) -> None:
        self._first.clear()

    async def poll(self, limit: int, wait: float) -> list[Record]:
        self._done.set()
        with _reaching():
            batches = await self._consumer.getmany(timeout_ms=int(wait * 1000), max_records=limit)
            _check_fetching(self._consumer)
        if batches:
            self._done.clear()
        for place, records in batches.items():
            self._first.setdefault(place, records[0].offset)
        return [self._record(record) for records in batches.values() for record in records]

    async def commit(self, positions: Mapping[Place, int], work: Work | None = None) -> None:
        offsets = {TopicPartition(self._prefix + p.topic, p.partition): n for p, n in positions.items()}
        try:
            with _reaching():
                async with asyncio.timeout(_COMMIT_SECONDS):
                    await self._consumer.commit(offsets)
        except BusUnavailable as lost:
            if not isinstance(lost.__cause__, CommitFailedError | IllegalStateError):
                raise
            # The partitions belong to another member now; its inbox knows what was applied here.
            log.warning("commit came too late", error=repr(lost))
        self._first.update(offsets)
        self.applied.update(positions)
        self._done.set()

    async def accept(
        self, work: Work, said: Sequence[tuple[str, Envelope]], positions: Mapping[Place, int]
    ) -> dict[UUID, bool]:
        return await accept(work, said)

    async def pass_over(self, positions: Mapping[Place, int]) -> None:
        await self.commit(positions)

    async def rewind(self) -> None:
        for place, offset in self._first.items():
            if place in self._consumer.assignment():
                self._consumer.seek(place, offset)
        self._done.set()

    async def lag(self) -> int:
        # Asking the broker would wait behind the fetch that is always under way; what this process sent is known here.
        mine = [place for place in self._sent if place.topic in self.topics]
        return sum(max(0, self._sent[place] - self.applied.get(place, 0)) for place in mine)

    async def standings(self) -> dict[Place, Standing]:
        assigned = self._consumer.assignment()
        with _reaching():
            found = await _standings(self._servers, self._group, [self._prefix + topic for topic in self.topics])
        # without partitions this member may be surplus, or have fallen out of the group: then all of them concern it
        mine = {p: standing for p, standing in found.items() if not assigned or p in assigned}
        return {Place(p.topic.removeprefix(self._prefix), p.partition): standing for p, standing in mine.items()}

    async def close(self) -> None:
        self._done.set()
        await _close(self._consumer)

    def _record(self, record: Any) -> Record:
        envelope: Envelope | BrokenEnvelope
        try:
            envelope = read_envelope(record.key, record.headers, record.value)
        except BrokenEnvelope as broken:
            envelope = broken
        place = Place(record.topic.removeprefix(self._prefix), record.partition)
        return Record(place, record.offset, envelope)


async def _standings(servers: str, group: str, topics: Sequence[str]) -> dict[TopicPartition, Standing]:
    """Asked by connections of their own: the reader's may be what is broken."""
    asker = AIOKafkaConsumer(bootstrap_servers=servers)
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    try:
        await asker.start()
        await admin.start()
        known = await admin.describe_topics(list(topics))
        places = [TopicPartition(t["topic"], p["partition"]) for t in known for p in t["partitions"]]
        committed = await admin.list_consumer_group_offsets(group, partitions=places)
        begins, ends = await asker.beginning_offsets(places), await asker.end_offsets(places)
        return {p: Standing(max(committed[p].offset, begins[p]), ends[p]) for p in places}
    finally:
        await asker.stop()
        await admin.close()


async def create_topics(servers: str, topics: Iterable[Topic], replicas: int, prefix: str = "") -> None:
    """Create what is missing of the catalogue and of its dead-letter topics, and wait until each has a leader."""
    known = list(topics)
    wanted = [NewTopic(prefix + t.name, t.partitions, replicas, topic_configs=_configs(t)) for t in known]
    wanted += [NewTopic(prefix + t.dead_letters(g), 1, replicas) for t in known if t.durable for g in t.readers]
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        for name, code, *message in (await admin.create_topics(wanted)).topic_errors:
            if code and for_code(code) is not TopicAlreadyExistsError:
                raise for_code(code)(f"topic {name}: {message}")
        names = [topic.name for topic in wanted]
        async with asyncio.timeout(30):
            while not all(map(_led, await admin.describe_topics(names))):
                await asyncio.sleep(0.1)
    finally:
        await admin.close()


def _led(description: dict[str, Any]) -> bool:
    partitions = description["partitions"]
    return bool(partitions) and all(p["leader"] >= 0 for p in partitions)


def _configs(topic: Topic) -> dict[str, str]:
    # Only a closed segment is deleted; a quiet topic would keep its records for weeks, longer than inboxes remember.
    day = min(topic.retention_seconds, DAY) * 1000
    retention = topic.retention_seconds * 1000
    return {"retention.ms": str(retention), "segment.ms": str(day), "compression.type": "producer"}
