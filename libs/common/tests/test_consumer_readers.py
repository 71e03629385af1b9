"""A reader goes on wherever it was, whatever happened to it, to its double or to the bus."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest

from millrace.common.bus.memory import MemoryBus, MemorySubscription
from millrace.common.bus.port import BusUnavailable, ReaderMoved, Record
from millrace.common.db.work import Work
from millrace.common.events.bots import BotChanged
from millrace.common.events.message import Message
from millrace.common.testing.desk import SCHEMA, Desk, NewDesk, changed, consuming, note

ONE = uuid4()


async def test_a_reader_whose_double_went_on_applies_nothing_and_reads_again(new_desk: NewDesk) -> None:
    desk = await new_desk("postgres")
    double = await new_desk("postgres", empty=False)
    await desk.say(changed(ONE, "a"), changed(ONE, "b"))
    stale = desk.consumer(batch=1)
    reader = await desk.bus.subscribe(SCHEMA, [BotChanged.topic])
    other = await double.bus.subscribe(SCHEMA, [BotChanged.topic])
    poll = reader.poll

    async def overtaken(limit: int, wait: float) -> Sequence[Record]:
        records = await poll(limit, wait)
        await other.poll(1, 5)
        await other.commit({record.place: record.position + 1 for record in records})
        return records

    reader.poll = overtaken  # type: ignore[method-assign, assignment]
    with pytest.raises(ReaderMoved):
        await stale.step(reader)
    assert await desk.rows("select * from inbox") == []
    reader.poll = poll  # type: ignore[method-assign]
    await reader.rewind()
    assert await stale.step(reader) == 1
    assert await desk.notes() == ["b"]


async def test_a_double_waits_for_the_one_that_applies_and_is_told_to_read_again(new_desk: NewDesk) -> None:
    desk = await new_desk("postgres")
    double = await new_desk("postgres", empty=False)
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def slow(work: Work, message: Message[Any]) -> None:
        entered.set()
        await go_on.wait()
        await note(work, message)

    async with consuming(desk.consumer(slow, batch=1)):
        await desk.say(changed(ONE, "a"), changed(ONE, "b"))
        await entered.wait()
        other = await double.bus.subscribe(SCHEMA, [BotChanged.topic])
        records = await other.poll(1, 5)
        moving = asyncio.create_task(other.commit({record.place: record.position + 1 for record in records}))

        async def waits() -> bool:
            return bool(await desk.rows("select 1 from pg_locks where not granted"))

        await desk.until(waits)
        go_on.set()
        with pytest.raises(ReaderMoved):
            await moving
        await desk.noted("a", "b")


async def test_a_crash_between_commit_and_acknowledgement_applies_once(new_desk: NewDesk) -> None:
    desk = await new_desk("memory")
    await desk.say(changed(ONE, "a"), changed(ONE, "b"))
    dying = desk.consumer()
    reader = await desk.bus.subscribe(SCHEMA, [BotChanged.topic])
    reader.commit = _died  # type: ignore[method-assign, assignment]
    with pytest.raises(ReaderMoved):
        await dying.step(reader)
    assert await desk.notes() == ["a", "b"]
    async with consuming(desk.consumer()) as reborn:
        await desk.until(lambda: _true(reborn.applied == 2))
        await desk.say(changed(ONE, "c"))
        await desk.noted("a", "b", "c")


async def test_a_consumer_that_waits_stops_at_once(desk: Desk) -> None:
    consumer = desk.consumer()
    waiting = asyncio.create_task(consumer.step(await desk.bus.subscribe(SCHEMA, [BotChanged.topic]), wait=600))
    await desk.until(lambda: _true(consumer._waiting is not None))
    consumer.stop()
    async with asyncio.timeout(30):
        assert await waiting == 0


async def test_a_consumer_that_is_stopped_finishes_its_batch(desk: Desk) -> None:
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def slow(work: Work, message: Message[Any]) -> None:
        entered.set()
        await go_on.wait()
        await note(work, message)

    await desk.say(changed(ONE, "a"))
    consumer = desk.consumer(slow)
    running = asyncio.create_task(consumer.run())
    await entered.wait()
    consumer.stop()
    go_on.set()
    await running
    assert await desk.notes() == ["a"]


async def test_a_renewed_reader_goes_on_where_it_was(desk: Desk) -> None:
    async with consuming(desk.consumer()) as consumer:
        await desk.say(changed(ONE, "a"))
        await desk.noted("a")
        old = consumer.subscription
        consumer.renew()
        await desk.say(changed(ONE, "b"))
        await desk.noted("a", "b")
        assert consumer.subscription is not old


class BreakingBus(MemoryBus):
    """A bus whose first reader answers every poll with the same error for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.readers = 0

    async def subscribe(self, group: str, topics: Sequence[str]) -> MemorySubscription:
        self.readers += 1
        reader = await super().subscribe(group, topics)
        if self.readers == 1:
            reader.poll = _broken  # type: ignore[method-assign]
        return reader


async def _broken(limit: int, wait: float) -> list[Record]:
    raise BusUnavailable("the handler is closed")


async def test_a_reader_that_is_broken_for_good_is_made_anew(desk: Desk) -> None:
    desk.bus = bus = BreakingBus()
    await desk.say(changed(ONE, "a"))
    async with consuming(desk.consumer()):
        await desk.noted("a")
    assert bus.readers == 2


async def _true(value: bool) -> bool:
    return value


async def _died(*_: object) -> None:
    raise ReaderMoved("the process died here")
