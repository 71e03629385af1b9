"""A service applies what it hears once, in order, and nothing that is broken stops it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from millrace.common.bus.memory import MemoryBus
from millrace.common.db.work import Fenced, Work
from millrace.common.events.bots import BotChanged
from millrace.common.events.market import CandleClosed
from millrace.common.events.message import Message
from millrace.common.runtime import consumer as consumers
from millrace.common.telemetry import metrics
from millrace.common.testing.desk import SCHEMA, Desk, NewDesk, changed, closed, consuming, note

ONE, OTHER = uuid4(), uuid4()
LETTERS = "select key, state, error from dead_letters order by number"


@pytest.fixture(autouse=True)
def quick_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message has its five tries without waiting in between."""
    monkeypatch.setattr(consumers, "_TRIES", (0.0,) * 4)
    monkeypatch.setattr(consumers, "_LOOK_SECONDS", 0.05)


def failing_at(*names: str, problem: Callable[[], Exception] = lambda: ValueError("poison")) -> Any:
    """The plain handler, but it cannot take these names or prices. `names` may be changed while it runs."""
    broken = set(names)

    async def handle(work: Work, message: Message[Any]) -> None:
        await note(work, message)
        if getattr(message.event, "name", None) in broken or str(getattr(message.event, "close", None)) in broken:
            raise problem()

    handle.broken = broken  # type: ignore[attr-defined]
    return handle


def dropped() -> float:
    """How many messages were counted as dropped."""
    sample = {"service": SCHEMA, "topic": CandleClosed.topic, "reason": "dropped"}
    return metrics.REGISTRY.get_sample_value("millrace_bus_dead_letters_total", sample) or 0.0


async def test_a_whole_poll_is_one_transaction(desk: Desk) -> None:
    await desk.say(*(changed(ONE, f"{n}") for n in range(50)))
    async with consuming(desk.consumer()):
        await desk.noted(*(f"{n}" for n in range(50)))
    assert await desk.notes() == [f"{n}" for n in range(50)]
    assert len(await desk.rows("select distinct xmin::text from notes")) == 1


async def test_a_message_that_comes_again_is_applied_once(desk: Desk) -> None:
    [envelope] = await desk.say(changed(ONE, "a"))
    async with consuming(desk.consumer()):
        await desk.noted("a")
        await desk.bus.publish([(BotChanged.topic, envelope), (BotChanged.topic, envelope)])
        await desk.say(changed(ONE, "b"))
        await desk.noted("a", "b")


async def test_types_nobody_routes_and_copies_for_other_stages_are_passed_over(desk: Desk) -> None:
    await desk.say(changed(ONE, "not routed"))
    early = desk.envelope(closed(1), stage=1)
    late = desk.envelope(closed(2), stage=3)
    await desk.bus.publish([(CandleClosed.topic, early), (CandleClosed.topic, late)])
    async with consuming(desk.consumer({CandleClosed: note})):
        await desk.noted("2")
    assert [row["event_id"] for row in await desk.rows("select event_id from inbox")] == [late.id]


async def test_what_does_not_concern_a_service_is_passed_over_and_what_does_is_applied(desk: Desk) -> None:
    said = await desk.say(changed(ONE, "not mine"), changed(ONE, "mine"))
    consumer = desk.consumer(concerns={BotChanged: _mine})
    async with consuming(consumer):
        await desk.noted("mine")
    assert [row["event_id"] for row in await desk.rows("select event_id from inbox")] == [said[1].id]
    assert consumer.applied == 2


async def test_poison_is_parked_with_the_later_ones_of_its_key_and_other_keys_go_on(desk: Desk) -> None:
    names = ("a1", "bad", "a3", "a4")
    await desk.say(changed(ONE, names[0]), changed(OTHER, "b1"), changed(ONE, names[1]), changed(OTHER, "b2"))
    await desk.say(changed(ONE, names[2]), changed(OTHER, "b3"))
    async with consuming(desk.consumer(failing_at("bad"))):
        await desk.noted("a1", "b1", "b2", "b3")
        await desk.say(changed(ONE, names[3]), changed(OTHER, "b4"))
        await desk.noted("a1", "b1", "b2", "b3", "b4")
    letters = await desk.rows(LETTERS)
    assert [(row["key"], row["state"]) for row in letters] == [(str(ONE), "parked")] * 3
    assert "poison" in letters[0]["error"]
    assert "earlier message" in letters[1]["error"]


async def test_a_parked_message_is_also_said_on_the_dead_letter_topic(desk: Desk) -> None:
    await desk.say(changed(ONE, "bad"))
    async with consuming(desk.consumer(failing_at("bad"))):
        await desk.until(lambda: _some(desk, LETTERS))
    table = "outbox" if isinstance(desk.bus, MemoryBus) else "bus.log"
    assert await desk.rows(f"select key from {table} where topic = 'bots.v1.dlq.{SCHEMA}'") == [{"key": str(ONE)}]


async def test_market_poison_is_dropped_and_counted_and_never_tried_again(desk: Desk) -> None:
    before = dropped()
    [_, bad, _] = await desk.say(closed(1), closed(2), closed(3))
    async with consuming(desk.consumer(failing_at("2"))):
        await desk.noted("1", "3")
        await desk.bus.publish([(CandleClosed.topic, bad)])
        await desk.say(closed(4))
        await desk.noted("1", "3", "4")
    assert dropped() - before == 1
    assert await desk.rows(LETTERS) == []


async def test_unreadable_records_and_unknown_types_are_parked_at_once(new_desk: NewDesk) -> None:
    desk = await new_desk("memory")
    assert isinstance(desk.bus, MemoryBus)
    desk.bus.put_raw(BotChanged.topic, b"\xff", [], b"\0\xff")
    unknown = replace(desk.envelope(changed(ONE, "x")), type="bots.unheard_of.v1")
    broken = replace(desk.envelope(changed(OTHER, "y")), body=b'{"bot_id": NaN}')
    await desk.bus.publish([(BotChanged.topic, unknown), (BotChanged.topic, broken)])
    await desk.say(changed(uuid4(), "good"))
    async with consuming(desk.consumer()):
        await desk.noted("good")
        await desk.until(lambda: _some(desk, LETTERS, 3))
    errors = [row["error"] for row in await desk.rows(LETTERS)]
    assert any("BrokenEnvelope" in error for error in errors)
    assert any("UnknownEvent" in error for error in errors)
    assert any("validation error" in error for error in errors)


async def test_an_unreadable_record_that_comes_again_is_parked_once(new_desk: NewDesk) -> None:
    desk = await new_desk("memory")
    assert isinstance(desk.bus, MemoryBus)
    desk.bus.put_raw(BotChanged.topic, b"k", [], b"")
    for _ in range(2):
        desk.bus._groups.clear()  # as if the process had died before it could acknowledge
        async with consuming(desk.consumer()) as consumer:
            await desk.until(lambda consumer=consumer: _true(consumer.applied == 1))
    assert len(await desk.rows(LETTERS)) == 1


@pytest.mark.parametrize("where", ["argument", "before_flush", "outbox"])
async def test_poison_is_found_wherever_in_the_work_it_strikes(desk: Desk, where: str) -> None:
    async def handle(work: Work, message: Message[Any]) -> None:
        await note(work, message)
        if message.event.name != "bad":
            return
        if where == "argument":
            await work.connection.execute("select $1::int", 2**40)
        elif where == "before_flush":
            work.before_flush(lambda: _raise(LookupError("nothing to flush")))
        else:
            work.emit(changed(ONE, "said"), message, traceparent="\0")

    async with consuming(desk.consumer({BotChanged: handle})):
        await desk.say(changed(ONE, "earlier"))
        await desk.noted("earlier")
        await desk.say(changed(ONE, "bad"), changed(OTHER, "good"))
        await desk.noted("earlier", "good")
        await desk.until(lambda: _some(desk, LETTERS))


async def test_redriven_messages_are_applied_in_order(desk: Desk) -> None:
    handle = failing_at("bad")
    await desk.say(changed(ONE, "bad"), changed(ONE, "second"), changed(ONE, "third"))
    async with consuming(desk.consumer(handle)):
        await desk.until(lambda: _some(desk, LETTERS, 3))
        handle.broken.clear()
        await desk.database.fetch("update dead_letters set state = 'redrive'")
        await desk.noted("bad", "second", "third")
        await desk.until(lambda: _some(desk, "select 1 from dead_letters where state = 'done' and done_at <= now()", 3))
        await desk.say(changed(ONE, "fourth"))
        await desk.noted("bad", "second", "third", "fourth")
    assert await desk.notes(ONE) == ["bad", "second", "third", "fourth"]


async def test_a_second_failure_stays_parked_with_its_key_while_other_keys_are_redriven(desk: Desk) -> None:
    handle = failing_at("a1", "b1")
    await desk.say(changed(ONE, "a1"), changed(OTHER, "b1"), changed(ONE, "a2"), changed(OTHER, "b2"))
    async with consuming(desk.consumer(handle)):
        await desk.until(lambda: _some(desk, LETTERS, 4))
        handle.broken.discard("b1")
        await desk.database.fetch("update dead_letters set state = 'redrive'")
        await desk.noted("b1", "b2")
        await desk.until(lambda: _some(desk, "select 1 from dead_letters where state = 'parked'", 2))
    assert [row["key"] for row in await desk.rows(LETTERS) if row["state"] == "parked"] == [str(ONE)] * 2


async def test_a_process_that_is_fenced_ends_and_leaves_what_it_redrives_to_its_successor(desk: Desk) -> None:
    handle = failing_at("a")
    await desk.say(changed(ONE, "a"))
    async with consuming(desk.consumer(handle)):
        await desk.until(lambda: _some(desk, LETTERS))
    await desk.database.fetch("update dead_letters set state = 'redrive'")
    fenced = desk.consumer(failing_at("a", problem=lambda: Fenced("another process leads")))
    with pytest.raises(Fenced):
        await fenced.run()
    assert [row["state"] for row in await desk.rows(LETTERS)] == ["redrive"]
    handle.broken.clear()
    async with consuming(desk.consumer(handle)):
        await desk.noted("a")


async def test_two_replicas_redrive_each_message_once_and_in_order(new_desk: NewDesk) -> None:
    first, second = await new_desk("memory"), await new_desk("memory", empty=False)
    handle = failing_at("0")
    await first.say(*(changed(ONE, f"{n}") for n in range(20)))
    async with consuming(first.consumer(handle)), consuming(second.consumer(handle)):
        await first.until(lambda: _some(first, LETTERS, 20))
        handle.broken.clear()
        await first.database.fetch("update dead_letters set state = 'redrive'")
        await first.until(lambda: _some(first, "select 1 from dead_letters where state = 'done'", 20))
    assert await first.notes() == [f"{n}" for n in range(20)]


async def test_a_key_that_another_replica_parked_is_blocked_here_too(new_desk: NewDesk) -> None:
    first, second = await new_desk("memory"), await new_desk("memory", empty=False)
    async with consuming(second.consumer()):
        async with consuming(first.consumer(failing_at("bad"))):
            await first.say(changed(ONE, "bad"))
            await first.until(lambda: _some(first, LETTERS))
        await second.say(changed(ONE, "later"), changed(OTHER, "free"))
        await second.noted("free")
    assert len(await first.rows(LETTERS)) == 2


@pytest.mark.parametrize(
    "problem",
    [
        asyncpg.ConnectionDoesNotExistError,
        asyncpg.InternalClientError,
        asyncpg.QueryCanceledError,
        asyncpg.AdminShutdownError,
        asyncpg.DeadlockDetectedError,
        asyncpg.ReadOnlySQLTransactionError,
        asyncpg.DiskFullError,
        asyncpg.InterfaceError,
        ConnectionResetError,
        TimeoutError,
    ],
)
async def test_a_lost_database_is_waited_for_and_nothing_is_parked(new_desk: NewDesk, problem: Any) -> None:
    desk = await new_desk("postgres")
    handle = failing_at("a", problem=lambda: problem("gone"))
    await desk.say(changed(ONE, "a"), changed(ONE, "b"))
    async with consuming(desk.consumer(handle)) as consumer:
        await desk.until(lambda: _true(consumer.interruptions >= 2))
        handle.broken.clear()
        await desk.noted("a", "b")
    assert await desk.notes() == ["a", "b"]
    assert await desk.rows(LETTERS) == []


async def test_a_connection_that_is_cut_in_the_middle_of_work_costs_nothing(desk: Desk) -> None:
    cut = asyncio.Event()

    async def handle(work: Work, message: Message[Any]) -> None:
        await note(work, message)
        if not cut.is_set():
            cut.set()
            await desk.as_superuser(
                f"select pg_terminate_backend({await work.connection.fetchval('select pg_backend_pid()')})"
            )
            await note(work, message)

    await desk.say(changed(ONE, "a"), changed(OTHER, "b"))
    async with consuming(desk.consumer(handle)):
        await desk.noted("a", "b")
    assert await desk.rows(LETTERS) == []


async def _some(desk: Desk, query: str, count: int = 1) -> bool:
    return len(await desk.rows(query)) >= count


async def _true(value: bool) -> bool:
    return value


async def _raise(problem: Exception) -> None:
    raise problem


def _mine(event: BotChanged) -> bool:
    return event.name == "mine"
