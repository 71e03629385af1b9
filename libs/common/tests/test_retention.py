"""What nobody can need any more is forgotten, a little at a time; what somebody may need stays."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from millrace.common.bus.postgres import PostgresBus
from millrace.common.db import retention
from millrace.common.events.bots import BotChanged
from millrace.common.events.market import CandleClosed
from millrace.common.events.topics import CATALOGUE
from millrace.common.runtime.housekeeping import keep_house
from millrace.common.testing.desk import Desk, NewDesk, changed, closed, consuming

ONE = uuid4()
LATEST, EARLIEST = "select id from bus.log order by position desc", "select position from bus.log order by position"


@pytest.fixture
async def box(new_desk: NewDesk) -> Desk:
    """A desk with an outbox table."""
    return await new_desk("memory")


@pytest.fixture
async def embedded(new_desk: NewDesk) -> Desk:
    """A desk on the embedded bus."""
    return await new_desk("postgres")


async def count(desk: Desk, table: str) -> int:
    return int((await desk.rows(f"select count(*) as n from {table}"))[0]["n"])


async def aged(desk: Desk, table: str, column: str, days: float, where: str = "true") -> None:
    """Make rows as old as that."""
    await desk.as_superuser(f"update {table} set {column} = now() - interval '{days} days' where {where}")


async def test_an_inbox_remembers_two_days_longer_than_the_bus_keeps(box: Desk) -> None:
    async with consuming(box.consumer()):
        await box.say(changed(ONE, "a"), closed(1))
        await box.noted("a", "1")
    for days, left in ((2.9, 2), (3.1, 1), (8.9, 1), (9.1, 0)):  # candles are kept for one day, bots for seven
        await aged(box, "notifier.inbox", "received_at", days)
        await retention.forget(box.database)
        assert await count(box, "inbox") == left, f"after {days} days"


async def test_an_outbox_keeps_what_was_published_as_long_as_its_topic(box: Desk) -> None:
    async with box.works.begin() as work:
        work.emit(changed(ONE, "a"))
        work.emit(closed(1))
    await aged(box, "notifier.outbox", "published_at", 1.1)
    await retention.forget(box.database)
    assert [row["topic"] for row in await box.rows("select topic from outbox")] == [BotChanged.topic]
    await aged(box, "notifier.outbox", "published_at", 7.1)
    await retention.forget(box.database)
    assert await count(box, "outbox") == 0


async def test_what_was_never_published_is_kept_for_ever(box: Desk) -> None:
    async with box.works.begin() as work:
        work.emit(closed(1))
    await aged(box, "notifier.outbox", "time", 4000)
    await retention.forget(box.database)
    assert await count(box, "outbox") == 1


async def test_dead_letters_are_forgotten_thirty_days_after_they_were_done(box: Desk) -> None:
    insert = """insert into dead_letters (topic, key, seq, event_id, headers, body, error, state, parked_at, done_at)
      values ('bots.v1', $1, 1, $2, '{}', '', '', $1, now() - interval '100 days', $3::timestamptz)"""
    for state in ("parked", "redrive", "done", "discarded"):
        await box.database.fetch(insert, state, uuid4(), None)
    await box.database.fetch(
        "insert into dead_letters (topic, key, seq, event_id, headers, body, error, state, parked_at, done_at) "
        "select topic, 'fresh', 1, $1, headers, body, error, state, parked_at, now() from dead_letters "
        "where state = 'done'",
        uuid4(),
    )
    await retention.forget(box.database)
    assert {row["key"] for row in await box.rows("select key from dead_letters")} == {"parked", "redrive", "fresh"}


async def test_many_rows_are_forgotten_in_small_batches(box: Desk) -> None:
    await box.database.fetch(
        "insert into inbox (event_id, topic, key, seq, received_at) "
        "select gen_random_uuid(), 'bots.v1', 'k', n, now() - interval '30 days' from generate_series(1, 250) n"
    )
    assert await retention.forget(box.database, batch=100)
    assert await count(box, "inbox") == 150
    keeping = asyncio.create_task(keep_house("notifier", lambda: retention.forget(box.database, 100), every=0.01))
    await box.until(lambda: _none(box, "inbox"))
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert not await retention.forget(box.database, batch=100)


async def test_housekeeping_goes_on_after_whatever_went_wrong() -> None:
    calls: list[int] = []

    async def forget() -> bool:
        calls.append(1)
        raise {1: ConnectionResetError, 2: LookupError}.get(len(calls), asyncio.CancelledError)

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(keep_house("x", forget, every=0.0), 10)
    assert len(calls) == 3


async def read_by_all(desk: Desk, topic: str, *, but: str = "") -> None:
    """Every declared reader of a topic has come to its end."""
    for reader in CATALOGUE[topic].readers:
        if reader != but:
            await desk.as_superuser(
                f"insert into bus.readers select '{reader}', topic, partition, position from bus.ends "
                f"where topic = '{topic}' "
                "on conflict (reader, topic, partition) do update set position = excluded.position"
            )


async def test_the_log_forgets_what_is_old_and_read_by_everybody(embedded: Desk) -> None:
    bus = embedded.bus
    assert isinstance(bus, PostgresBus)
    await embedded.say(*(closed(n) for n in range(5)))
    await aged(embedded, "bus.log", "appended_at", 1.1, "position < 3")
    await read_by_all(embedded, CandleClosed.topic, but="portfolio")
    assert not await bus.forget()
    await embedded.as_superuser(
        "insert into bus.readers select 'portfolio', topic, partition, 2 from bus.ends"  # the slowest decides
    )
    assert await bus.forget()
    assert [row["position"] for row in await embedded.rows(EARLIEST)] == [2, 3, 4]
    await read_by_all(embedded, CandleClosed.topic)
    assert await bus.forget()
    assert not await bus.forget()
    assert [row["position"] for row in await embedded.rows(EARLIEST)] == [3, 4]


async def test_the_log_keeps_each_topic_for_its_own_time_and_dead_letters_for_thirty_days(embedded: Desk) -> None:
    bus = embedded.bus
    assert isinstance(bus, PostgresBus)
    await embedded.say(closed(1), changed(ONE, "a"))
    await bus.publish([("bots.v1.dlq.notifier", embedded.envelope(changed(ONE, "b")))])
    await read_by_all(embedded, CandleClosed.topic)
    await read_by_all(embedded, BotChanged.topic)
    left: list[Any] = []
    for days in (0.9, 1.1, 7.1, 29, 31):
        await aged(embedded, "bus.log", "appended_at", days)
        await bus.forget()
        left.append(await count(embedded, "bus.log"))
    assert left == [3, 2, 1, 1, 0]


async def test_a_reader_that_comes_after_something_was_forgotten_reads_what_is_left(embedded: Desk) -> None:
    bus = embedded.bus
    assert isinstance(bus, PostgresBus)
    await embedded.say(*(closed(n) for n in range(6)))
    await read_by_all(embedded, CandleClosed.topic)
    await aged(embedded, "bus.log", "appended_at", 2, "position < 4")
    await bus.forget()
    newcomer = await bus.subscribe("newcomer", [CandleClosed.topic])
    assert [record.position for record in await newcomer.poll(10, 5)] == [4, 5]
    assert await newcomer.poll(10, 0.1) == []
    await newcomer.close()

    await aged(embedded, "bus.log", "appended_at", 2)
    await bus.forget()
    late = await bus.subscribe("late", [CandleClosed.topic])
    assert await late.poll(10, 0.1) == []
    assert await late.lag() == 0
    assert all(committed == end for committed, end in (await late.standings()).values())
    await embedded.say(closed(7))
    assert [record.position for record in await late.poll(10, 5)] == [6]
    await late.close()


async def _none(desk: Desk, table: str) -> bool:
    return await count(desk, table) == 0
