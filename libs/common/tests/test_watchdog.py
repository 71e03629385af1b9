"""A reader that stands still while messages wait is noticed and made anew; one that is fine is left alone."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest

from millrace.common.bus.kafka import KafkaBus
from millrace.common.bus.memory import MemoryBus, MemorySubscription
from millrace.common.bus.port import Record
from millrace.common.events.bots import BotChanged
from millrace.common.runtime.watchdog import ReaderStalled, Watchdog
from millrace.common.telemetry import metrics
from millrace.common.testing.bus_conformance import LOSSY
from millrace.common.testing.desk import SCHEMA, Desk, NewDesk, changed, consuming
from millrace.common.testing.mock_kafka import MockKafka

ONE, OTHER = uuid4(), uuid4()


class StallingBus(MemoryBus):
    """A bus of which each of the first `stalls` readers stops giving messages, without any error."""

    def __init__(self, stalls: int) -> None:
        super().__init__()
        self.stalls = stalls
        self.readers = 0

    async def subscribe(self, group: str, topics: Sequence[str]) -> MemorySubscription:
        self.readers += 1
        reader = await super().subscribe(group, topics)
        if self.readers <= self.stalls:
            reader.poll = _nothing  # type: ignore[method-assign]
        return reader


async def _nothing(limit: int, wait: float) -> list[Record]:
    await asyncio.sleep(wait)
    return []


class Clock:
    """The watchdog's time."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def renewals() -> float:
    return metrics.REGISTRY.get_sample_value("millrace_bus_reader_renewals_total", {"service": SCHEMA}) or 0.0


def lag() -> float | None:
    return metrics.REGISTRY.get_sample_value("millrace_bus_consumer_lag_records", {"service": SCHEMA})


async def stalled_desk(new_desk: NewDesk, stalls: int) -> Desk:
    desk = await new_desk("memory")
    desk.bus = StallingBus(stalls)
    return desk


async def joined(desk: Desk, consumer: Any, readers: int) -> None:
    async def enough() -> bool:
        assert isinstance(desk.bus, StallingBus)
        return desk.bus.readers >= readers and consumer.subscription is not None

    await desk.until(enough)


async def test_a_reader_that_stands_still_is_made_anew_and_then_reads(new_desk: NewDesk) -> None:
    desk, clock, before = await stalled_desk(new_desk, stalls=1), Clock(), renewals()
    async with consuming(desk.consumer()) as consumer:
        watchdog = Watchdog(consumer, stall_seconds=30, now=clock)
        await joined(desk, consumer, 1)
        await desk.say(changed(ONE, "a"), changed(OTHER, "b"))
        for clock.now in (0, 10, 20, 29):
            await watchdog.look()
        assert lag() == 2
        assert renewals() == before
        clock.now = 31
        await watchdog.look()
        assert renewals() == before + 1
        await desk.noted("a", "b")
        await watchdog.look()
        assert lag() == 0


async def test_a_reader_that_cannot_be_mended_ends_the_process(new_desk: NewDesk) -> None:
    desk, clock = await stalled_desk(new_desk, stalls=99), Clock()
    async with consuming(desk.consumer()) as consumer:
        watchdog = Watchdog(consumer, stall_seconds=30, now=clock)
        await desk.say(changed(ONE, "a"))

        async def look_on() -> None:
            for readers in range(1, 10):
                await joined(desk, consumer, readers)
                for _ in range(8):
                    clock.now += 5
                    await watchdog.look()

        with pytest.raises(ReaderStalled, match=r"notifier stands still at bots\.v1/"):
            await look_on()
        assert isinstance(desk.bus, StallingBus)
        assert desk.bus.readers == 4


async def test_a_reader_that_reads_and_one_with_nothing_to_read_are_left_alone(new_desk: NewDesk) -> None:
    desk, clock, before = await stalled_desk(new_desk, stalls=0), Clock(), renewals()
    async with consuming(desk.consumer()) as consumer:
        watchdog = Watchdog(consumer, stall_seconds=30, now=clock)
        for n in range(20):
            clock.now += 20
            await desk.say(changed(ONE, f"{n}"))
            await watchdog.look()
            await desk.until(lambda n=n: _noted(desk, n + 1))
        clock.now += 1000
        await watchdog.look()
    assert renewals() == before


async def test_a_service_that_waits_for_its_database_is_left_alone(new_desk: NewDesk) -> None:
    desk, clock, before = await new_desk("memory"), Clock(), renewals()

    async def unlucky(*_: object) -> None:
        raise ConnectionResetError

    async with consuming(desk.consumer(unlucky)) as consumer:
        watchdog = Watchdog(consumer, stall_seconds=30, now=clock)
        await desk.say(changed(ONE, "a"))
        for _ in range(3):
            seen = consumer.interruptions
            await desk.until(lambda seen=seen: _more(consumer, seen))
            clock.now += 40
            await watchdog.look()
    assert renewals() == before


async def test_a_server_that_cannot_be_asked_says_nothing_about_the_reader(new_desk: NewDesk) -> None:
    desk, clock, before = await stalled_desk(new_desk, stalls=99), Clock(), renewals()
    async with consuming(desk.consumer()) as consumer:
        watchdog = Watchdog(consumer, stall_seconds=30, now=clock)
        await joined(desk, consumer, 1)
        await desk.say(changed(ONE, "a"))
        await watchdog.look()
        assert consumer.subscription is not None
        consumer.subscription.standings = _unreachable  # type: ignore[method-assign]
        clock.now = 100
        await watchdog.look()
    assert renewals() == before


async def test_a_kafka_reader_that_stands_still_is_made_anew_and_then_reads(
    new_desk: NewDesk, mock_kafka: MockKafka
) -> None:
    desk, clock, prefix = await new_desk("memory"), Clock(), f"{uuid4().hex[:8]}."
    topics = (BotChanged.topic, "market.candles.v1", LOSSY)
    mock_kafka.create_topics((prefix + topic for topic in topics), 6)
    bus = KafkaBus(mock_kafka.servers, "0", prefix=prefix, create_topics=False, session=1.0)
    await bus.start()
    desk.bus = bus
    async with consuming(desk.consumer()) as consumer:
        watchdog = Watchdog(consumer, stall_seconds=30, now=clock)
        await desk.say(changed(ONE, "a"))
        await desk.noted("a")
        # what aiokafka#1037 looks like from outside: the task that fetches is gone, and nobody says so
        consumer.subscription._consumer._fetcher._fetch_task.cancel()  # type: ignore[union-attr]
        await desk.say(changed(ONE, "b"), changed(OTHER, "c"))
        await watchdog.look()
        clock.now = 31
        await watchdog.look()
        await desk.noted("a", "b", "c")
    await bus.stop()


async def _noted(desk: Desk, count: int) -> bool:
    return len(await desk.notes()) >= count


async def _more(consumer: Any, seen: int) -> bool:
    return bool(consumer.interruptions > seen)


async def _unreachable() -> None:
    raise ConnectionRefusedError
