"""What goes wrong after an order was made ready to send is never taken for a failure.

The real sender, orders and paper venue on PostgreSQL, with a line between them that loses questions and answers.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from millrace.common.db.database import Database
from millrace.common.db.outbox import TableOutbox
from millrace.common.db.work import Fenced, Works
from millrace.common.events.trading import OrderType, Side
from millrace.common.kernel.clock import ManualClock
from millrace.common.kernel.ids import new_id
from millrace.execution.adapters.paper import PaperVenue
from millrace.execution.adapters.postgres import PostgresOrders
from millrace.execution.app.desk import place
from millrace.execution.app.leases import Leases
from millrace.execution.app.ports import VenueOrder, VenueReport
from millrace.execution.app.sender import Sender
from millrace.execution.domain.intent import Intent

NewDatabase = Callable[[tuple[str, ...]], Awaitable[str]]
DEADLINE = timedelta(seconds=30)


class Line:
    """A venue behind a bad line. Each submission loses the next of `lose`: its question, its answer or nothing."""

    def __init__(self, venue: PaperVenue, *lose: str | None) -> None:
        self._venue = venue
        self._lose = list(lose)
        self.sent = 0

    async def submit(self, orders: Sequence[VenueOrder]) -> None:
        self.sent += len(orders)
        lost = self._lose.pop(0) if self._lose else None
        if lost == "question":
            raise ConnectionResetError("lost on the way")
        await self._venue.submit(orders)
        if lost == "answer":
            raise TimeoutError("lost on the way back")

    async def cancel(self, orders: Sequence[VenueOrder], at: datetime) -> None:
        await self._venue.cancel(orders, at)

    async def known(self, client_order_ids: Sequence[str]) -> set[str]:
        return await self._venue.known(client_order_ids)

    async def reports(self, after: int, limit: int) -> list[VenueReport]:
        return await self._venue.reports(after, limit)


@dataclass(slots=True)
class Bench:
    """A sender with its line, and a clock that tests move."""

    database: Database
    works: Works
    orders: PostgresOrders
    leases: Leases
    venue: PaperVenue
    clock: ManualClock
    account_id: Any
    user_id: Any

    def sender(self, *lose: str | None) -> tuple[Sender, Line]:
        """A sender whose line loses these."""
        line = Line(self.venue, *lose)
        sender = Sender(self.works, self.orders, line, self.leases, self.clock, deadline=DEADLINE, resolve_seconds=60.0)
        return sender, line

    async def ready(self) -> dict[str, Any]:
        """An order that is SUBMITTING, and committed, as the handler of its approval leaves it."""
        intent = Intent(
            intent_id=new_id(),
            user_id=self.user_id,
            source="api",
            origin="test",
            exchange="binance",
            symbol="BTC/USDT",
            spelling="BTCUSDT",
            side=Side.BUY,
            order_type=OrderType.MARKET,
            quantity=Decimal("0.01"),
            requested_at=self.clock.now(),
            reference=Decimal(20_000),
        )
        async with self.works.begin() as work:
            row = await place(work, intent, orders=self.orders)
        now = self.clock.now()
        row.update(
            state="submitting",
            approval_id=uuid4(),
            signed_at=now,
            deadline=now + DEADLINE,
            epoch=self.leases.epoch,
        )
        async with self.works.begin() as work:
            await self.orders.update(work, [row])
        return row

    async def state(self, row: dict[str, Any]) -> str:
        """The order's state in the database."""
        rows = await self.database.fetch("select state from orders where order_id = $1", row["order_id"])
        return str(rows[0]["state"])

    async def fills(self) -> int:
        """How many fills are booked."""
        return int((await self.database.fetch("select count(*) from fills"))[0][0])

    async def as_owner(self, statement: str) -> None:
        """Change what the service itself may not."""
        connection = await asyncpg.connect(self.database.url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def told(self) -> list[str]:
        """The states that were told of, in order."""
        query = (
            "select convert_from(body, 'UTF8')::jsonb ->> 'state' as state from outbox where type = $1 order by number"
        )
        return [row["state"] for row in await self.database.fetch(query, "trading.order_updated.v1")]


@asynccontextmanager
async def opened(url: str, owner: str = "one") -> AsyncIterator[Bench]:
    """A process that leads, with one account and BTC at 20,000."""
    database = Database(url, "execution")
    await database.open()
    leases = Leases(database, owner, 6.0, alone=True)
    await leases.lead()
    venue = PaperVenue(database, leases)
    await venue.load()
    venue.on_price("binance", "BTC/USDT", Decimal(20_000))
    clock = ManualClock()
    works = Works(database, TableOutbox(lambda: None), clock)
    user, account = uuid4(), uuid4()
    await database.fetch(
        "insert into accounts (id, user_id, name, exchange, mode, currency, initial_balance, created_at, lease_owner, "
        "lease_epoch) values ($1, $2, 'Paper', 'binance', 'paper', 'USDT', 10000, now(), $3, $4)",
        account,
        user,
        owner,
        leases.epoch,
    )
    yield Bench(database, works, PostgresOrders(leases, clock), leases, venue, clock, account, user)
    await database.close()


@pytest.fixture
async def bench(migrated: NewDatabase) -> AsyncIterator[Bench]:
    """One of them on a fresh database."""
    async with opened(await migrated(("execution",))) as found:
        yield found


async def turn(sender: Sender) -> None:
    """One turn of the sender's loop, whatever comes of it."""
    await sender._tried(sender._turn)


async def test_an_answer_that_is_lost_leaves_the_order_unknown_and_then_filled_once(bench: Bench) -> None:
    row = await bench.ready()
    sender, line = bench.sender("answer")
    sender.enqueue(row)
    await turn(sender)
    assert await bench.state(row) == "unknown"
    await sender.resolve()
    await turn(sender)
    assert (await bench.state(row), await bench.fills(), line.sent) == ("filled", 1, 1)
    assert await bench.told() == ["unknown", "filled"]


async def test_reports_that_a_commit_booked_whose_answer_was_lost_are_not_booked_twice_and_fence_nobody(
    bench: Bench,
) -> None:
    first, second = await bench.ready(), await bench.ready()
    sender, _ = bench.sender()
    sender.enqueue(first)
    await turn(sender)
    sender._mark = 0  # read before the commit that nobody heard of
    sender.enqueue(second)
    assert await sender._tried(sender._turn) is False
    assert await sender._tried(sender._turn) is True
    assert [await bench.state(row) for row in (first, second)] == ["filled", "filled"]
    assert await bench.fills() == 2


async def test_a_question_that_is_lost_is_asked_again_under_the_same_id(bench: Bench) -> None:
    row = await bench.ready()
    sender, line = bench.sender("question", "question")
    sender.enqueue(row)
    for _ in range(3):
        await turn(sender)
        await sender.resolve()
    await turn(sender)
    assert (await bench.state(row), await bench.fills(), line.sent) == ("filled", 1, 3)


async def test_what_was_not_sent_in_time_is_not_sent_late(bench: Bench) -> None:
    row = await bench.ready()
    sender, line = bench.sender("question")
    sender.enqueue(row)
    await turn(sender)
    bench.clock.advance(31)
    await sender.resolve()
    await turn(sender)
    assert (await bench.state(row), await bench.fills(), line.sent) == ("expired", 0, 1)


async def test_an_order_the_venue_has_is_settled_even_after_its_deadline(bench: Bench) -> None:
    row = await bench.ready()
    sender, _ = bench.sender("answer")
    sender.enqueue(row)
    await turn(sender)
    bench.clock.advance(3600)
    await sender.resolve()
    await turn(sender)
    assert (await bench.state(row), await bench.fills()) == ("filled", 1)


async def test_a_process_that_died_between_writing_and_sending_leaves_the_order_to_its_successor(bench: Bench) -> None:
    row = await bench.ready()
    sender, line = bench.sender()
    await sender.resolve()
    await turn(sender)
    assert (await bench.state(row), await bench.fills(), line.sent) == ("filled", 1, 1)


async def test_reports_that_were_committed_but_not_booked_are_booked_once(bench: Bench) -> None:
    row = await bench.ready()
    sender, _ = bench.sender()
    await bench.venue.submit([sender._venue_order(row)])
    first, second = bench.sender()[0], bench.sender()[0]
    assert await first.book() == 2
    assert await second.book() == 0
    assert (await bench.state(row), await bench.fills()) == ("filled", 1)


async def test_a_process_that_does_not_lead_any_more_sends_nothing(bench: Bench) -> None:
    row = await bench.ready()
    sender, _ = bench.sender()
    sender.enqueue(row)
    successor = Leases(bench.database, "two", 6.0, alone=True)
    await successor.lead()
    with pytest.raises(Fenced):
        await sender._turn()
    assert await bench.venue.known([row["client_order_id"]]) == set()
    assert await bench.state(row) == "submitting"


async def test_a_process_that_does_not_lead_any_more_changes_no_order(bench: Bench) -> None:
    row = await bench.ready()
    await Leases(bench.database, "two", 6.0, alone=True).lead()

    async def opened_by_the_old() -> None:
        async with bench.works.begin() as work:
            locked = (await bench.orders.locked(work, [row["order_id"]]))[row["order_id"]]
            locked["state"] = "open"
            await bench.orders.update(work, [locked])

    with pytest.raises(Fenced):
        await opened_by_the_old()
    assert await bench.state(row) == "submitting"


async def test_a_zombie_with_an_order_in_hand_and_its_successor_send_it_once(migrated: NewDatabase) -> None:
    url = await migrated(("execution",))
    async with opened(url) as zombie:
        row = await zombie.ready()
        old, _ = zombie.sender()
        old.enqueue(row)  # frozen here
        async with opened(url, "two") as successor:
            new, _ = successor.sender()
            await new.resolve()
            await turn(new)
            with pytest.raises(Fenced):  # and woken here
                await old._turn()
            assert (await successor.state(row), await successor.fills()) == ("filled", 1)
            assert len(await successor.database.fetch("select 1 from venue_orders")) == 1


@pytest.mark.parametrize("lost", [None, "question"])
async def test_what_the_venue_has_not_seen_when_it_is_cancelled_is_never_sent(bench: Bench, lost: str | None) -> None:
    row = await bench.ready()
    sender, line = bench.sender(lost)
    if lost:
        sender.enqueue(row)
        await turn(sender)
    await bench.database.fetch("update orders set cancel_requested_at = now() where order_id = $1", row["order_id"])
    sender.cancel(row)
    await sender.resolve()
    await turn(sender)
    assert (await bench.state(row), await bench.fills(), line.sent) == ("cancelled", 0, 1 if lost else 0)


async def test_what_the_venue_has_not_seen_when_a_switch_is_thrown_is_never_sent(bench: Bench) -> None:
    row = await bench.ready()
    halt = "insert into halts values ('user', $1, $2, 'enough', now())"
    await bench.database.fetch(halt, str(bench.user_id), bench.user_id)
    sender, line = bench.sender()
    await sender.resolve()
    await turn(sender)
    assert (await bench.state(row), await bench.fills(), line.sent) == ("cancelled", 0, 0)


async def test_an_order_cancelled_while_it_waits_to_be_sent_is_never_sent(bench: Bench) -> None:
    row = await bench.ready()
    sender, line = bench.sender()
    sender.enqueue(row)
    await bench.database.fetch("update orders set cancel_requested_at = now() where order_id = $1", row["order_id"])
    sender.cancel(row)
    await turn(sender)
    await sender.resolve()
    await turn(sender)
    assert (await bench.state(row), await bench.fills(), line.sent) == ("cancelled", 0, 0)


async def test_a_report_that_cannot_be_booked_holds_up_no_other_and_is_booked_once_it_can_be(bench: Bench) -> None:
    rows = [await bench.ready() for _ in range(3)]
    sender, _ = bench.sender()
    await bench.venue.submit([sender._venue_order(row) for row in rows])
    bad = f"order_id <> '{rows[1]['order_id']}'"
    await bench.as_owner(f"alter table execution.fills add constraint unlucky check ({bad})")
    assert await sender.book() == 6
    assert [await bench.state(row) for row in rows] == ["filled", "open", "filled"]
    parked = await bench.database.fetch("select seq from parked_reports")
    await sender.retry_parked()
    assert await bench.database.fetch("select seq from parked_reports") == parked
    await bench.as_owner("alter table execution.fills drop constraint unlucky")
    await bench.sender()[0].retry_parked()
    assert (await bench.state(rows[1]), await bench.fills()) == ("filled", 3)
    assert await bench.database.fetch("select seq from parked_reports") == []
