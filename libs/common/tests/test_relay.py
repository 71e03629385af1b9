"""The relay publishes every outbox row at least once, in order, whatever breaks; only one works at a time."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from millrace.common.bus.port import BusUnavailable
from millrace.common.db.database import Database
from millrace.common.db.relay import Publish, Relay
from millrace.common.events.envelope import Envelope
from millrace.common.testing.desk import SCHEMA, Desk, NewDesk, changed
from millrace.common.testing.severed import Severable

ONE = uuid4()
UNPUBLISHED = "select 1 from outbox where published_at is null"


class Wire:
    """Where a relay publishes to; it may be down."""

    def __init__(self) -> None:
        self.sent: list[Envelope] = []
        self.down = False
        self.calls = 0

    async def publish(self, messages: Sequence[tuple[str, Envelope]]) -> None:
        self.calls += 1
        if self.down:
            raise BusUnavailable("down")
        self.sent += [envelope for _, envelope in messages]


@pytest.fixture
async def box(new_desk: NewDesk) -> Desk:
    """A desk whose messages go to its outbox table."""
    return await new_desk("memory")


async def write(box: Desk, count: int, bot: UUID = ONE) -> None:
    """So many messages, each in a transaction of its own."""
    for n in range(count):
        async with box.works.begin() as work:
            work.emit(changed(bot, f"{n}"))


async def empty(box: Desk) -> bool:
    return not await box.rows(UNPUBLISHED)


class Working:
    """A relay at work, on a database connection pool of its own."""

    def __init__(self, url: str, publish: Publish) -> None:
        self._database = Database(url, SCHEMA, size=2)
        self.relay = Relay(self._database, publish)

    async def __aenter__(self) -> Relay:
        await self._database.open()
        self._task = asyncio.create_task(self.relay.run())
        return self.relay

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._database.close()


async def test_rows_are_published_in_order_and_marked(box: Desk) -> None:
    wire = Wire()
    await write(box, 30)
    async with Working(box.url, wire.publish) as relay:
        await box.until(lambda: empty(box))
        relay.wake()
        await write(box, 5)
        await box.until(lambda: empty(box))
        await box.until(lambda: _true(not relay.pending))
    assert [envelope.seq for envelope in wire.sent] == [*range(1, 36)]


async def test_the_envelope_leaves_as_it_was_written(box: Desk) -> None:
    wire = Wire()
    async with box.works.begin() as work:
        event_id = work.emit(changed(ONE, "a"), traceparent="00-aa-bb-01", stage=2)
    async with Working(box.url, wire.publish):
        await box.until(lambda: empty(box))
    [sent] = wire.sent
    assert (sent.id, sent.key, sent.seq, sent.stage, sent.source) == (event_id, str(ONE), 1, 2, SCHEMA)
    assert sent.traceparent == "00-aa-bb-01"


async def test_a_bus_that_is_away_is_waited_for(box: Desk) -> None:
    wire = Wire()
    wire.down = True
    await write(box, 10)
    async with Working(box.url, wire.publish):
        await box.until(lambda: _true(wire.calls >= 3))
        assert not wire.sent
        wire.down = False
        await box.until(lambda: empty(box))
    assert [envelope.seq for envelope in wire.sent] == [*range(1, 11)]


async def test_a_publication_that_was_not_marked_is_repeated_in_order(box: Desk) -> None:
    wire = Wire()

    async def publish_and_break(messages: Sequence[tuple[str, Envelope]]) -> None:
        await wire.publish(messages)
        if wire.calls == 1:
            raise BusUnavailable("the answer was lost")

    await write(box, 3)
    async with Working(box.url, publish_and_break):
        await box.until(lambda: empty(box))
    assert [envelope.seq for envelope in wire.sent] == [1, 2, 3, 1, 2, 3]


async def test_a_lost_database_is_waited_for(box: Desk, tmp_path: Path) -> None:
    wire, way = Wire(), Severable(box.url, tmp_path)
    await way.join()
    await write(box, 5)
    async with Working(way.url, wire.publish):
        await box.until(lambda: empty(box))
        await way.sever()
        await write(box, 5)
        assert not await empty(box)
        await way.join()
        await box.until(lambda: empty(box))
    await way.sever()
    assert list(dict.fromkeys(envelope.seq for envelope in wire.sent)) == [*range(1, 11)]


async def test_only_one_relay_works_and_another_takes_over_when_it_dies(box: Desk, tmp_path: Path) -> None:
    first, second, way = Wire(), Wire(), Severable(box.url, tmp_path)
    await way.join()
    async with Working(way.url, first.publish):
        await write(box, 5)
        await box.until(lambda: empty(box))
        async with Working(box.url, second.publish):
            await write(box, 20)
            await box.until(lambda: empty(box))
            assert len(first.sent) == 25
            assert not second.sent
            await way.sever()  # as when its machine dies
            await write(box, 5)
            await box.until(lambda: empty(box), seconds=10)
            assert [envelope.seq for envelope in second.sent] == [*range(26, 31)]
            await way.join()
            await write(box, 5)
            await box.until(lambda: empty(box))
            assert len(first.sent) == 25, "the one that was dead waits for its turn"
    await way.sever()


async def test_a_relay_that_stumbles_gives_its_lock_back(box: Desk) -> None:
    first, second = Wire(), Wire()
    await write(box, 1)
    async with Working(box.url, first.publish):
        await box.until(lambda: empty(box))
        first.down = True
        await write(box, 1)
        await box.until(lambda: _true(first.calls >= 2))
        async with Working(box.url, second.publish):
            await box.until(lambda: empty(box), seconds=10)
    assert [envelope.seq for envelope in second.sent] == [2]


async def _true(value: bool) -> bool:
    return value
