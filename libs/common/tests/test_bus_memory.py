"""The bus of the tests themselves keeps every promise it makes."""

import pytest

from millrace.common.bus.memory import MemoryBus
from millrace.common.events.envelope import Headers
from millrace.common.testing.bus_conformance import BusConformance


class Memory:
    """One bus: it is its own log."""

    features = MemoryBus.features

    def __init__(self) -> None:
        self._bus = MemoryBus()

    def bus(self) -> MemoryBus:
        return self._bus

    async def put_raw(self, topic: str, key: bytes, headers: Headers, body: bytes) -> None:
        self._bus.put_raw(topic, key, headers, body)

    async def away(self) -> None:
        raise NotImplementedError

    async def back(self) -> None:
        raise NotImplementedError


class TestMemoryBus(BusConformance):
    @pytest.fixture
    def grounds(self) -> Memory:
        return Memory()
