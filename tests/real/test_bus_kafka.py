"""The Kafka driver on Apache Kafka: the common suite, and what only a real cluster does."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from millrace.common.bus.kafka import KafkaBus, create_topics
from millrace.common.bus.port import BusUnavailable, Record, Subscription
from millrace.common.events.envelope import Headers
from millrace.common.events.topics import CATALOGUE
from millrace.common.testing.bus_conformance import (
    LOSSY,
    TOPIC,
    TOPICS,
    BusConformance,
    after,
    ids,
    read,
    reading,
    running,
    said,
)

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

DEVSTACK = Path(__file__).parent.parent.parent / "tools" / "devstack" / "devstack"
WANTED = [CATALOGUE[topic] for topic in (*TOPICS, LOSSY)]
MEMBER = """
import asyncio, sys
from millrace.common.bus.kafka import KafkaBus
async def main(servers, prefix, topic):
    bus = KafkaBus(servers, "mortal", prefix=prefix, create_topics=False)
    await bus.start()
    reader = await bus.subscribe("readers", [topic])
    print("joined", flush=True)
    while True:
        await reader.poll(1, 1.0)
asyncio.run(main(*sys.argv[1:]))
"""


async def devstack(*words: str) -> None:
    """Do something to the broker."""
    process = await asyncio.create_subprocess_exec(DEVSTACK, *words)
    assert await process.wait() == 0


class Cluster:
    """Topics of its own on the broker at MILLRACE_TEST_KAFKA, which devstack runs."""

    features = KafkaBus.features

    def __init__(self) -> None:
        self.servers = os.environ["MILLRACE_TEST_KAFKA"]
        self.prefix = f"{uuid4().hex[:8]}."

    def bus(self, instance: str = "0") -> KafkaBus:
        return KafkaBus(self.servers, instance, prefix=self.prefix, create_topics=False, timeout=5.0)

    async def create_topics(self) -> None:
        await create_topics(self.servers, WANTED, 1, self.prefix)

    async def delete_topics(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.servers)
        await admin.start()
        try:
            await admin.delete_topics([t for t in await admin.list_topics() if t.startswith(self.prefix)])
        finally:
            await admin.close()

    async def put_raw(self, topic: str, key: bytes, headers: Headers, body: bytes) -> None:
        async with AIOKafkaProducer(bootstrap_servers=self.servers) as producer:
            await producer.send_and_wait(self.prefix + topic, body, key=key, headers=headers)

    async def away(self) -> None:
        await devstack("kill", "kafka")

    async def back(self) -> None:
        await devstack("up", "kafka")


@pytest.fixture
async def grounds() -> AsyncIterator[Cluster]:
    cluster = Cluster()
    await cluster.create_topics()
    yield cluster
    await cluster.delete_topics()


async def hear(reader: Subscription, until: asyncio.Event, heard: list[Record]) -> None:
    """Read and commit until told otherwise; a broker that is away is waited for."""
    while not until.is_set():
        try:
            if records := await reader.poll(100, 0.2):
                await reader.commit(after(records))
                heard += records
        except BusUnavailable:
            await reader.rewind()
            await asyncio.sleep(0.1)


async def owns(reader: Subscription, partitions: int, seconds: float) -> float:
    """Wait until a member reads from so many partitions; how long that took."""
    begun = time.monotonic()
    async with asyncio.timeout(seconds):
        while len(await reader.standings()) != partitions:
            await reader.poll(1, 0.1)
    return time.monotonic() - begun


class TestKafkaBus(BusConformance):
    async def test_a_second_member_takes_half_of_the_work(self, grounds: Cluster) -> None:
        async with running(grounds) as one, reading(one, topics=[TOPIC]) as first:
            other = grounds.bus("1")
            await other.start()
            second, _ = await asyncio.gather(other.subscribe("readers", [TOPIC]), owns(first, 3, 20))
            messages = [(TOPIC, said(f"{n}")) for n in range(100)]
            await one.publish(messages)
            enough, here, there = asyncio.Event(), list[Record](), list[Record]()
            hearing = asyncio.gather(hear(first, enough, here), hear(second, enough, there))
            async with asyncio.timeout(20):
                while len(here) + len(there) < 100:
                    await asyncio.sleep(0.05)
            enough.set()
            await hearing
            assert len(ids(here) | ids(there)) == len(here) + len(there) == 100
            assert here
            assert there
            await second.close()
            await other.stop()

    async def test_a_member_that_dies_is_replaced_and_its_work_goes_on(self, grounds: Cluster) -> None:
        async with running(grounds) as bus:
            command = [sys.executable, "-c", MEMBER, grounds.servers, grounds.prefix, TOPIC]
            mortal = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220
            assert mortal.stdout is not None
            assert await asyncio.to_thread(mortal.stdout.readline) == "joined\n"
            async with reading(bus, topics=[TOPIC]) as reader:
                await owns(reader, 3, 20)
                mortal.kill()
                mortal.communicate()
                assert await owns(reader, 6, 20) < 15
                await bus.publish([(TOPIC, said(f"{n}")) for n in range(50)])
                await read(reader, 50)

    async def test_a_member_that_leaves_is_replaced(self, grounds: Cluster) -> None:
        async with running(grounds) as bus, reading(bus, topics=[TOPIC]) as reader:
            other = grounds.bus("1")
            await other.start()
            leaver, _ = await asyncio.gather(other.subscribe("readers", [TOPIC]), owns(reader, 3, 20))
            await leaver.close()
            await other.stop()
            assert await owns(reader, 6, 20) < 3  # and not the session's end

    async def test_a_member_that_comes_back_in_time_keeps_its_place(self, grounds: Cluster) -> None:
        async with running(grounds) as bus:
            async with reading(bus) as reader:
                await bus.publish([(TOPIC, said("k", 1))])
                await reader.commit(after(await read(reader, 1)))
            begun = time.monotonic()
            async with running(grounds) as again, reading(again) as reader:
                await again.publish([(TOPIC, said("k", 2))])
                await read(reader, 1)
            assert time.monotonic() - begun < 3

    async def test_topics_are_created_once_and_have_leaders_at_once(self) -> None:
        cluster = Cluster()
        await asyncio.gather(*(cluster.create_topics() for _ in range(3)))
        await cluster.create_topics()
        async with running(cluster) as bus, reading(bus) as reader:
            async with asyncio.timeout(5):
                await bus.publish([(topic, said(f"{n}")) for topic in TOPICS for n in range(30)])
            assert {(r.place.topic, r.place.partition) for r in await read(reader, 60)} == {
                (topic, partition) for topic in TOPICS for partition in range(6)
            }
        await cluster.delete_topics()

    async def test_a_broker_that_is_killed_loses_nothing_that_it_acknowledged(self, grounds: Cluster) -> None:
        messages = [said(f"{n % 5}", n) for n in range(400)]
        enough, heard = asyncio.Event(), list[Record]()
        async with running(grounds) as bus, reading(bus, topics=[TOPIC]) as reader:
            hearing = asyncio.create_task(hear(reader, enough, heard))
            crash: asyncio.Task[None] | None = None
            async with asyncio.timeout(150):
                for start in range(0, 400, 10):
                    if start == 200:
                        crash = asyncio.create_task(devstack("crash", "kafka"))
                    while not await _published(bus, start, messages):
                        await asyncio.sleep(0.1)
                assert crash is not None
                await crash
                while len(ids(heard)) < 400:
                    await asyncio.sleep(0.1)
            enough.set()
            await hearing
        for key in range(5):
            first = dict.fromkeys(r.envelope.seq for r in heard if getattr(r.envelope, "key", "") == f"{key}")
            assert list(first) == [*range(key, 400, 5)], "the first copies of a key's messages are in order"


async def _published(bus: KafkaBus, start: int, messages: list) -> bool:
    try:
        await bus.publish([(TOPIC, envelope) for envelope in messages[start : start + 10]])
    except BusUnavailable:
        return False
    return True
