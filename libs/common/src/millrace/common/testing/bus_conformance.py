"""What every driver of the bus promises. A driver's test module inherits `BusConformance` and provides `grounds`."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Protocol
from uuid import uuid4

import pytest

from millrace.common.bus.port import Bus, BusUnavailable, Features, Place, ReaderMoved, Record, Subscription
from millrace.common.events.envelope import BrokenEnvelope, Envelope, Headers

TOPIC, OTHER, LOSSY = "bots.v1", "trading.fills.v1", "market.ticks.v1"
TOPICS = (TOPIC, OTHER)


class Grounds(Protocol):
    """Where a driver is tested: one log, empty at first."""

    features: Features

    def bus(self) -> Bus:
        """A bus on the log, not started: where the log outlives its clients, another one each time."""
        ...

    async def put_raw(self, topic: str, key: bytes, headers: Headers, body: bytes) -> None:
        """Store a record as a foreign producer might."""
        ...

    async def away(self) -> None:
        """Make the server unreachable."""
        ...

    async def back(self) -> None:
        """Make it reachable again."""
        ...


def said(key: str, seq: int = 1, body: bytes = b"{}") -> Envelope:
    """A message of a key."""
    return Envelope(uuid4(), "test.said.v1", "test", datetime.now(UTC), key, body, seq=seq)


async def read(reader: Subscription, count: int, seconds: float = 30.0) -> list[Record]:
    """The next `count` records, however many polls that takes, and no more than these."""
    found: list[Record] = []
    async with asyncio.timeout(seconds):
        while len(found) < count:
            found += await reader.poll(500, 1.0)
    found += await reader.poll(500, 0.05)
    assert len(found) == count
    return found


def after(records: Sequence[Record]) -> dict[Place, int]:
    """The positions behind these records."""
    return {record.place: record.position + 1 for record in records}


def ids(records: Sequence[Record]) -> set[object]:
    """The messages in records."""
    return {record.envelope.id for record in records if isinstance(record.envelope, Envelope)}


@asynccontextmanager
async def running(grounds: Grounds) -> AsyncIterator[Bus]:
    """A started bus."""
    bus = grounds.bus()
    await bus.start()
    try:
        yield bus
    finally:
        await bus.stop()


@asynccontextmanager
async def reading(bus: Bus, group: str = "readers", topics: Sequence[str] = TOPICS) -> AsyncIterator[Subscription]:
    """A member of a group."""
    reader = await bus.subscribe(group, topics)
    try:
        yield reader
    finally:
        await reader.close()


def _needs(there: bool, what: str) -> None:
    if not there:
        pytest.skip(f"this driver does not {what}")


class BusConformance:
    """The promises. `grounds.features` tells which of them a driver does not make."""

    async def test_messages_of_a_key_come_in_the_order_they_were_published(self, grounds: Grounds) -> None:
        messages = [(TOPIC, said(f"key {n % 7}", n)) for n in range(350)]
        async with running(grounds) as bus, reading(bus) as reader:
            for start in range(0, 350, 50):
                await bus.publish(messages[start : start + 50])
            heard = [record.envelope for record in await read(reader, 350)]
        for key in range(7):
            assert [e.seq for e in heard if isinstance(e, Envelope) and e.key == f"key {key}"] == [*range(key, 350, 7)]

    async def test_a_reader_hears_all_its_topics_and_no_other(self, grounds: Grounds) -> None:
        async with running(grounds) as bus, reading(bus) as both, reading(bus, "narrow", [OTHER]) as narrow:
            await bus.publish([(TOPIC, said("a")), (OTHER, said("a")), (OTHER, said("b"))])
            assert sorted(r.place.topic for r in await read(both, 3)) == [TOPIC, OTHER, OTHER]
            assert [r.place.topic for r in await read(narrow, 2)] == [OTHER, OTHER]

    async def test_an_envelope_arrives_as_it_was_sent(self, grounds: Grounds) -> None:
        bare = said("bare")
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        at, some = datetime(2026, 3, 29, 1, 30, 0, 123456, UTC), uuid4
        full = Envelope(
            some(), "a.b.v1", "tést", at, "ключ", b'{"a":"1.10"}', some(), 7, some(), some(), trace, stage=3
        )
        async with running(grounds) as bus, reading(bus) as reader:
            await bus.publish([(TOPIC, bare), (OTHER, full)])
            heard = {r.place.topic: r.envelope for r in await read(reader, 2)}
        assert heard == {TOPIC: bare, OTHER: full}

    async def test_every_group_hears_everything_from_the_beginning(self, grounds: Grounds) -> None:
        async with running(grounds) as bus:
            await bus.publish([(TOPIC, said(f"{n}")) for n in range(20)])
            async with reading(bus, "one") as one, reading(bus, "two") as two:
                assert ids(await read(one, 20)) == ids(await read(two, 20))

    async def test_what_was_committed_is_not_read_again_after_a_restart(self, grounds: Grounds) -> None:
        messages = [(TOPIC, said("k", n)) for n in range(10)]
        async with running(grounds) as bus:
            await bus.publish(messages)
            async with reading(bus) as reader:
                records = await read(reader, 10)
                await reader.commit(after(records[:4]))
        async with running(grounds) as bus, reading(bus) as reader:
            rest = await read(reader, 6)
        assert [r.envelope for r in rest] == [envelope for _, envelope in messages[4:]]

    async def test_what_was_not_committed_is_delivered_again(self, grounds: Grounds) -> None:
        async with running(grounds) as bus:
            await bus.publish([(TOPIC, said(f"{n}")) for n in range(10)])
            async with reading(bus) as reader:
                first = await read(reader, 10)
            async with reading(bus) as reader:
                assert ids(await read(reader, 10)) == ids(first)

    async def test_a_rewind_gives_the_rest_again_however_many_polls_were_made(self, grounds: Grounds) -> None:
        async with running(grounds) as bus, reading(bus, topics=[TOPIC]) as reader:
            await bus.publish([(TOPIC, said("k", n)) for n in range(10)])
            records = await read(reader, 10)
            await reader.commit(after(records[:3]))
            await reader.rewind()
            again: list[Record] = []
            while len(again) < 7:
                again += await reader.poll(2, 1.0)
            assert [r.position for r in again] == [r.position for r in records[3:]]
            await reader.rewind()
            assert [r.position for r in await read(reader, 7)] == [r.position for r in records[3:]]

    async def test_a_poll_takes_no_more_than_its_limit_and_leaves_the_rest_for_the_next(self, grounds: Grounds) -> None:
        async with running(grounds) as bus, reading(bus) as reader:
            await bus.publish([(TOPICS[n % 2], said(f"{n}")) for n in range(3000)])
            found: list[Record] = []
            async with asyncio.timeout(60):
                while len(found) < 3000:
                    batch = await reader.poll(250, 1.0)
                    assert len(batch) <= 250
                    found += batch
            assert len(ids(found)) == 3000

    async def test_an_empty_poll_waits_as_long_as_it_is_told(self, grounds: Grounds) -> None:
        async with running(grounds) as bus, reading(bus) as reader:
            begun = time.monotonic()
            assert await reader.poll(10, 0.3) == []
            assert 0.28 <= time.monotonic() - begun < 2.0

    async def test_a_message_ends_the_wait(self, grounds: Grounds) -> None:
        async with running(grounds) as bus, reading(bus) as reader:
            polling = asyncio.create_task(reader.poll(10, 30.0))
            done, _ = await asyncio.wait([polling], timeout=0.1)
            assert not done
            await bus.publish([(TOPIC, said("k"))])
            async with asyncio.timeout(5):
                assert len(await polling) == 1

    async def test_a_poll_that_is_cancelled_loses_nothing(self, grounds: Grounds) -> None:
        async with running(grounds) as bus, reading(bus) as reader:
            for patience in (0.05, 0.0):
                polling = asyncio.create_task(reader.poll(10, 30.0))
                await asyncio.wait([polling], timeout=patience)
                polling.cancel()
                await asyncio.gather(polling, return_exceptions=True)
                await bus.publish([(TOPIC, said(f"{n}")) for n in range(10)])
            await reader.rewind()
            await read(reader, 20)

    async def test_lag_and_standings_tell_what_is_not_applied(self, grounds: Grounds) -> None:
        async with running(grounds) as bus, reading(bus) as reader:
            await bus.publish([(TOPIC, said(f"{n}")) for n in range(10)])
            assert await reader.lag() == 10
            records = await read(reader, 10)
            standings = await reader.standings()
            assert sum(end - committed for committed, end in standings.values()) == await reader.lag() == 10
            await reader.commit(after(records))
            standings = await reader.standings()
            assert all(end == committed for committed, end in standings.values())
            assert await reader.lag() == 0

    async def test_what_is_passed_over_is_no_lag_and_is_not_given_again(self, grounds: Grounds) -> None:
        async with running(grounds) as bus:
            await bus.publish([(TOPIC, said("k", n)) for n in range(10)])
            async with reading(bus) as reader:
                records = await read(reader, 10)
                await reader.pass_over(after(records[:4]))
                assert await reader.lag() == 6
            async with reading(bus) as reader:
                assert len(await read(reader, 6)) == 6

    async def test_unreadable_records_come_as_such_and_stop_nobody(self, grounds: Grounds) -> None:
        _needs(grounds.features.carries_bytes, "carry foreign bytes")
        good = said("k")
        headers = good.headers()
        broken: list[tuple[bytes, Headers, bytes]] = [
            (b"", [], b""),
            (b"\xff\xfe", headers, b"{}"),
            (b"k\0", headers, b"{}"),
            (b"k", [h for h in headers if h[0] != "ce_id"], b"{}"),
            (b"k", [(n, b"\xff" if n == "ce_type" else v) for n, v in headers], b"{}"),
            (b"k", [(n, b"9" * 30 if n == "seq" else v) for n, v in headers], b"{}"),
            (b"k", [(n, b"9" * 5000 if n == "seq" else v) for n, v in headers], b"{}"),
            (b"k", [(n, b"0001-01-01T00:00:00+14:00" if n == "ce_time" else v) for n, v in headers], b"{}"),
            (b"k", [*headers, ("stage", b"-1")], b"{}"),
            (b"k", [*headers, ("tenant", b"nobody")], b"{}"),
        ]
        async with running(grounds) as bus, reading(bus, topics=[TOPIC]) as reader:
            for key, names, body in broken:
                await grounds.put_raw(TOPIC, key, names, body)
            await bus.publish([(TOPIC, good)])
            heard = [record.envelope for record in await read(reader, len(broken) + 1)]
        assert [type(e) for e in heard].count(BrokenEnvelope) == len(broken)
        assert good in heard

    async def test_a_lossy_message_reaches_whoever_listens_and_the_latest_wins(self, grounds: Grounds) -> None:
        async with running(grounds) as bus:
            bus.broadcast(LOSSY, said("k"))
            heard: list[Envelope] = []
            stop = bus.listen(LOSSY, lambda _, envelope: heard.append(envelope))
            async with asyncio.timeout(20):
                while not heard:  # the ear may need a moment to open
                    bus.broadcast(LOSSY, said("k"))
                    await asyncio.sleep(0.05)
            for n in range(1000):
                bus.broadcast(LOSSY, said("k", n))
            async with asyncio.timeout(20):
                while heard[-1].seq != 999:
                    await asyncio.sleep(0.02)
            stop()
            count = len(heard)
            bus.broadcast(LOSSY, said("k"))
            await asyncio.sleep(0.1)
            assert len(heard) == count

    async def test_a_reader_that_fell_behind_its_double_must_read_again(self, grounds: Grounds) -> None:
        _needs(grounds.features.joins_transaction, "join transactions")
        async with running(grounds) as bus, reading(bus) as stale, reading(bus) as fresh:
            await bus.publish([(TOPIC, said("k", n)) for n in range(4)])
            records = await read(stale, 4)
            await fresh.commit(after((await read(fresh, 4))[:2]))
            with pytest.raises(ReaderMoved):
                await stale.commit(after(records))
            await stale.rewind()
            assert [r.position for r in await read(stale, 2)] == [2, 3]

    async def test_closing_twice_is_harmless(self, grounds: Grounds) -> None:
        async with running(grounds) as bus, reading(bus) as reader:
            await reader.close()

    async def test_publishing_fails_while_the_bus_is_away_and_works_when_it_is_back(self, grounds: Grounds) -> None:
        _needs(grounds.features.survives_restart, "live outside this process")
        last = said("k", 2)
        async with running(grounds) as bus, reading(bus) as reader:
            await bus.publish([(TOPIC, said("k", 1))])
            await grounds.away()
            bus.broadcast(LOSSY, said("k"))
            with pytest.raises(BusUnavailable):
                await bus.publish([(TOPIC, said("k", 2))])
            await grounds.back()
            async with asyncio.timeout(60):
                while not await _published(bus, last):
                    await asyncio.sleep(0.1)
                heard: list[Record] = []
                while last.id not in ids(heard):
                    try:
                        heard += await reader.poll(10, 1.0)
                    except BusUnavailable:
                        await asyncio.sleep(0.1)


async def _published(bus: Bus, envelope: Envelope) -> bool:
    try:
        await bus.publish([(TOPIC, envelope)])
    except BusUnavailable:
        return False
    return True
