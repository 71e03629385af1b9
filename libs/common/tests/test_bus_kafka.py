"""The Kafka driver against a broker that speaks the real protocol; what that one lacks is in tests/real."""

from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer

from millrace.common.bus.kafka import KafkaBus
from millrace.common.events.envelope import Headers
from millrace.common.testing.bus_conformance import LOSSY, TOPICS, BusConformance
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
