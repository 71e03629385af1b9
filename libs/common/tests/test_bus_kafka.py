"""The Kafka driver against a broker that speaks the real protocol; what that one lacks is in tests/real."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.client import ConnectionGroup
from aiokafka.errors import KafkaError

from millrace.common.bus.kafka import KafkaBus, KafkaSubscription
from millrace.common.bus.port import BusUnavailable
from millrace.common.events.envelope import Headers
from millrace.common.testing.bus_conformance import LOSSY, TOPICS, BusConformance, said
from millrace.common.testing.mock_kafka import MockKafka


class Mock:
    """Topics of its own on the mock broker."""

    features = KafkaBus.features

    def __init__(self, broker: MockKafka) -> None:
        self._broker = broker
        self._prefix = f"{uuid4().hex[:8]}."
        broker.create_topics((self._prefix + topic for topic in (*TOPICS, LOSSY)), 6)

    def bus(self) -> KafkaBus:
        options = {"create_topics": False, "timeout": 2.0, "session": 1.0}
        return KafkaBus(self._broker.servers, "0", prefix=self._prefix, **options)

    async def put_raw(self, topic: str, key: bytes, headers: Headers, body: bytes) -> None:
        async with AIOKafkaProducer(bootstrap_servers=self._broker.servers) as producer:
            await producer.send_and_wait(self._prefix + topic, body, key=key, headers=headers)

    async def away(self) -> None:
        self._broker.down()

    async def back(self) -> None:
        self._broker.up()


class TestKafkaBusOnTheMockBroker(BusConformance):
    @pytest.fixture
    def grounds(self, mock_kafka: MockKafka) -> Mock:
        return Mock(mock_kafka)


class Died(RuntimeError):
    """What uvloop raises when aiokafka writes to a connection that has just closed."""


async def died(*_: Any, **__: Any) -> None:
    raise Died("the handler is closed")


@pytest.fixture
async def bus(mock_kafka: MockKafka) -> AsyncIterator[KafkaBus]:
    bus = Mock(mock_kafka).bus()
    await bus.start()
    yield bus
    await bus.stop()


async def test_a_producer_whose_sending_task_died_is_made_anew(bus: KafkaBus) -> None:
    producer = bus._producer
    assert producer is not None
    producer.client.send = died
    for _ in range(3):
        with pytest.raises(BusUnavailable):
            await bus.publish([(TOPICS[0], said("a"))])
    await bus.publish([(TOPICS[0], said("a"))])
    assert bus._producer is not producer


async def poll_until_it_fails(reader: KafkaSubscription) -> None:
    async with asyncio.timeout(10):
        while True:
            await reader.poll(10, 0.1)


async def test_a_reader_whose_fetching_task_died_answers_with_it_and_leaves_no_connection(bus: KafkaBus) -> None:
    reader = await bus.subscribe("group", TOPICS)
    client = reader._consumer._client
    send = client.send

    async def fetching_dies(*wanted: Any, group: int = ConnectionGroup.DEFAULT) -> Any:
        return await (died() if group == ConnectionGroup.DEFAULT else send(*wanted, group=group))

    client.send = fetching_dies
    for _ in range(2):
        with pytest.raises(BusUnavailable, match="the fetching task died"):
            await poll_until_it_fails(reader)
    with pytest.raises(KafkaError):
        await reader.close()
    assert not any(connection.connected() for connection in client._conns.values())
