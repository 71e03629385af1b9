"""What a transaction says is said exactly when it commits, numbered without gaps, in the order of the commits."""

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from millrace.common.bus.memory import MemoryBus
from millrace.common.db.work import Work
from millrace.common.events.bots import BotChanged
from millrace.common.events.message import decode
from millrace.common.testing.desk import AT, Desk, NewDesk, changed

ONE, OTHER = uuid4(), uuid4()


async def said(desk: Desk) -> list[dict[str, Any]]:
    """The rows of the table outbox or of the log, in the order in which they are published."""
    table, order = ("outbox", "number") if isinstance(desk.bus, MemoryBus) else ("bus.log", "partition, position")
    return await desk.rows(f"select * from {table} order by {order}")


async def test_a_commit_says_everything_and_a_rollback_nothing(desk: Desk) -> None:
    async with desk.works.begin() as work:
        work.emit(changed(ONE, "kept"))
    with suppress(LookupError):
        async with desk.works.begin() as work:
            work.emit(changed(ONE, "lost"))
            raise LookupError
    async with desk.works.begin() as work:
        work.emit(changed(ONE, "kept too"))
    rows = await said(desk)
    assert [row["seq"] for row in rows] == [1, 2]
    assert [b'"name":"kept"' in row["body"] for row in rows] == [True, False]


async def test_keys_are_numbered_on_their_own_in_the_order_they_were_emitted(desk: Desk) -> None:
    async with desk.works.begin() as work:
        ids = [work.emit(changed(bot, f"{n}")) for n, bot in enumerate([ONE, OTHER, ONE, ONE, OTHER])]
    numbers = {row["id"]: (row["key"], row["seq"]) for row in await said(desk)}
    a, b = str(ONE), str(OTHER)
    assert [numbers[each] for each in ids] == [(a, 1), (b, 1), (a, 2), (a, 3), (b, 2)]


async def test_ten_writers_at_once_leave_no_gap_and_keep_the_order_of_their_commits(desk: Desk) -> None:
    works = desk.works
    commits: list[int] = []

    async def write(writer: int) -> None:
        for n in range(20):
            number = writer * 100 + n
            with suppress(LookupError):
                async with works.begin() as work:
                    work.emit(changed(ONE, f"{number}"))
                    work.emit(changed(OTHER if n % 2 else uuid4(), f"{number}"))
                    work.after_commit(partial(commits.append, number))
                    if n % 7 == 3:
                        raise LookupError

    await asyncio.gather(*(write(writer) for writer in range(10)))
    rows = await said(desk)
    for key in (str(ONE), str(OTHER)):
        numbers = [row["seq"] for row in rows if row["key"] == key]
        assert numbers == [*range(1, len(numbers) + 1)], "in the order of publication, without a gap"
    spoken = [int(row["body"].split(b'"name":"')[1].split(b'"')[0]) for row in rows if row["key"] == str(ONE)]
    assert len(spoken) == 170
    assert sorted(spoken) == sorted(commits)
    for writer in range(10):
        own = [number for number in spoken if number // 100 == writer]
        assert own == sorted(own)


async def test_the_second_writer_of_a_key_waits_for_the_first_and_comes_after_it(desk: Desk) -> None:
    first = desk.works.begin()
    work = await first.__aenter__()
    work.emit(changed(ONE, "first"))
    await work.flush(desk.works.outbox)
    work.emitted.clear()

    async def second() -> None:
        async with desk.works.begin() as later:
            later.emit(changed(ONE, "second"))

    waiting = asyncio.create_task(second())
    done, _ = await asyncio.wait([waiting], timeout=0.3)
    assert not done
    await first.__aexit__(None, None, None)
    await waiting
    assert [b"first" in row["body"] for row in await said(desk)] == [True, False]


async def test_a_message_carries_its_cause(desk: Desk) -> None:
    cause = desk.envelope(changed(ONE, "cause"), traceparent="00-aa-bb-01", correlation=uuid4())
    async with desk.works.begin() as work:
        ids = [work.emit(changed(OTHER, "a"), decode(cause)), work.emit(changed(OTHER, "b"), decode(cause))]
    async with desk.works.begin() as work:
        again = [work.emit(changed(OTHER, "a"), decode(cause)), work.emit(changed(OTHER, "b"), decode(cause))]
        work.emitted.clear()
    assert ids == again, "a replay says the same again"
    for row in await said(desk):
        assert (row["causation"], row["correlation"]) == (cause.id, cause.correlation)
        assert (row["traceparent"], row["time"], row["source"]) == ("00-aa-bb-01", AT, "notifier")


async def test_readers_hear_what_was_committed_at_once_or_after_a_restart(desk: Desk) -> None:
    if isinstance(desk.bus, MemoryBus):
        pytest.skip("a relay carries the rows of a table; see test_relay.py")
    reader = await desk.bus.subscribe("r", [BotChanged.topic])
    async with desk.works.begin() as work:
        event_id = work.emit(changed(ONE, "a"))
    [record] = await reader.poll(10, 5)
    assert (record.envelope.id, record.envelope.seq) == (event_id, 1)  # type: ignore[union-attr]
    desk.bus.recent.clear()  # type: ignore[attr-defined]
    await reader.rewind()
    [again] = await reader.poll(10, 5)
    assert again == record
    await reader.close()


async def test_memory_holds_only_what_a_reader_has_still_to_apply(new_desk: NewDesk) -> None:
    desk = await new_desk("postgres")

    async def say(name: str) -> None:
        async with desk.works.begin() as work:
            work.emit(changed(ONE, name))

    slow = await desk.bus.subscribe("slow", [BotChanged.topic])
    quick = await desk.bus.subscribe("quick", [BotChanged.topic])
    for name in "abc":
        await say(name)
        await quick.commit({r.place: r.position + 1 for r in await quick.poll(10, 5)})
    [place] = desk.bus.recent  # type: ignore[attr-defined]
    assert sorted(desk.bus.recent[place]) == [0, 1, 2]  # type: ignore[attr-defined]
    records = await slow.poll(10, 5)
    await slow.commit({place: records[1].position + 1})
    await say("d")
    assert sorted(desk.bus.recent[place]) == [2, 3]  # type: ignore[attr-defined]
    await slow.rewind()
    assert [r.position for r in await slow.poll(10, 5)] == [2, 3]
    await slow.close()
    await quick.close()
    await say("e")
    assert desk.bus.recent[place] == {}  # type: ignore[attr-defined]


async def test_actions_before_the_flush_belong_to_the_transaction_and_those_after_the_commit_do_not(desk: Desk) -> None:
    heard: list[str] = []

    async def last_words(work: Work) -> None:
        heard.append("before")
        work.emit(changed(ONE, "last words"))

    async with desk.works.begin() as work:
        work.before_flush(lambda: last_words(work))
        work.after_commit(lambda: heard.append("after"))
        heard.append("handler")
    assert heard == ["handler", "before", "after"]
    assert len(await said(desk)) == 1


async def test_an_action_that_fails_before_the_flush_undoes_the_work(desk: Desk) -> None:
    heard: list[str] = []
    failed = False
    try:
        async with desk.works.begin() as work:
            work.emit(changed(ONE, "lost"))
            work.before_flush(_fail)
            work.after_commit(lambda: heard.append("after"))
    except LookupError:
        failed = True
    assert failed
    assert heard == await said(desk) == []


async def _fail() -> None:
    raise LookupError
