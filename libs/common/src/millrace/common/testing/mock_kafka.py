"""Kafka for tests without Java: librdkafka's mock broker, in a process of its own.

It serves produce, fetch and a group of one member. It creates no topics over the protocol, lets no second member join
and keeps about 5 MB per partition; what needs more is tested on a real broker.
"""

import ctypes
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable

import pytest


class MockKafka:
    """A running mock broker."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - this module
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.servers = self._answer()

    def create_topics(self, names: Iterable[str], partitions: int) -> None:
        """Make topics that it does not have yet."""
        for name in names:
            self._say(f"topic {name} {partitions}")

    def down(self) -> None:
        """Drop all connections and refuse new ones."""
        self._say("down")

    def up(self) -> None:
        """Serve again, with everything it had."""
        self._say("up")

    def stop(self) -> None:
        """End the process."""
        self._process.communicate(timeout=10)

    def _say(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        if (answer := self._answer()) != "ok":
            raise RuntimeError(f"the mock broker cannot {command}: {answer}")

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@pytest.fixture(scope="session")
async def mock_kafka() -> AsyncIterator[MockKafka]:
    """One mock broker for the whole run; take topic prefixes of your own."""
    broker = MockKafka()
    yield broker
    broker.stop()


def _serve() -> None:
    from confluent_kafka import cimpl

    kafka = ctypes.CDLL(cimpl.__file__)  # linked to librdkafka, whose mock is only reachable from C
    pointer, number, text = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
    kafka.rd_kafka_new.restype = kafka.rd_kafka_mock_cluster_new.restype = pointer
    kafka.rd_kafka_mock_cluster_bootstraps.restype = text
    kafka.rd_kafka_mock_cluster_new.argtypes = [pointer, number]
    client = kafka.rd_kafka_new(0, None, ctypes.create_string_buffer(512), 512)
    cluster = pointer(kafka.rd_kafka_mock_cluster_new(client, 1))
    kafka.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, number(0))
    print(kafka.rd_kafka_mock_cluster_bootstraps(cluster).decode(), flush=True)
    for line in sys.stdin:
        match line.split():
            case ["topic", name, partitions]:
                code = kafka.rd_kafka_mock_topic_create(cluster, text(name.encode()), int(partitions), 1)
            case ["down"]:
                code = kafka.rd_kafka_mock_broker_set_down(cluster, 1)
            case ["up"]:
                code = kafka.rd_kafka_mock_broker_set_up(cluster, 1)
            case _:
                code = -1
        print("ok" if code == 0 else code, flush=True)


if __name__ == "__main__":
    _serve()
