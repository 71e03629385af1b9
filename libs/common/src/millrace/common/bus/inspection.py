"""Kafka seen from outside the platform: a topic's messages without joining a group, and topics that are done with."""

from collections import deque
from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from millrace.common.bus.port import BusUnavailable
from millrace.common.events.envelope import BrokenEnvelope, Envelope, read_envelope


async def messages(servers: str, topic: str, key: str | None, count: int, follow: bool) -> AsyncIterator[Envelope]:
    """The newest `count` readable messages of a topic, oldest first; then the new ones as they come, with `follow`.

    Raises LookupError when there is no such topic, BusUnavailable when the broker does not answer.
    """
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False, request_timeout_ms=10_000)
    try:
        await consumer.start()
        places = await _places(servers, topic)
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        for place, first in (await consumer.beginning_offsets(places)).items():
            consumer.seek(place, first if key else max(first, ends[place] - count))
        found: deque[Envelope] = deque(maxlen=count)
        while any([await consumer.position(place) < ends[place] for place in places]):
            found.extend(await _read(consumer, key))
        for envelope in sorted(found, key=lambda e: e.time):
            yield envelope
        while follow:
            for envelope in await _read(consumer, key):
                yield envelope
    except KafkaError as problem:
        raise BusUnavailable(f"{type(problem).__name__}: {problem}") from problem
    finally:
        await consumer.stop()


async def _places(servers: str, topic: str) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    try:
        await admin.start()
        if topic not in await admin.list_topics():
            raise LookupError(topic)
        (found,) = await admin.describe_topics([topic])
        return [TopicPartition(topic, each["partition"]) for each in found["partitions"]]
    finally:
        await admin.close()


async def _read(consumer: AIOKafkaConsumer, key: str | None) -> list[Envelope]:
    found: list[Envelope] = []
    for records in (await consumer.getmany(timeout_ms=500)).values():
        for record in records:
            try:
                envelope = read_envelope(record.key, record.headers, record.value)
            except BrokenEnvelope:
                continue
            if key is None or envelope.key == key:
                found.append(envelope)
    return sorted(found, key=lambda e: e.time)


async def delete_topics(servers: str, prefix: str) -> None:
    """Delete every topic whose name begins with `prefix`, which must not be empty."""
    if not prefix:
        raise ValueError("a prefix is needed")
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    try:
        await admin.start()
        await admin.delete_topics([name for name in await admin.list_topics() if name.startswith(prefix)])
    finally:
        await admin.close()
