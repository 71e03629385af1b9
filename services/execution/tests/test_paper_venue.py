"""The paper venue on PostgreSQL: what it accepted it keeps, once, whoever asks and whatever breaks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal

import asyncpg
import pytest

from millrace.common.db.database import Database
from millrace.common.db.work import Fenced
from millrace.execution.adapters import paper_rows
from millrace.execution.adapters.paper import PaperVenue
from services.execution.tests.paper_desk import BTC, PaperDesk, after, bar, remembered, show

_BREAK = """
create function execution.fall() returns trigger language plpgsql as
  $$ begin raise exception 'the disk is on fire'; end $$;
create trigger fall before insert on execution.venue_reports for each row
  when (new.client_order_id = 'unlucky') execute function execution.fall();
"""
_MEND = "drop trigger fall on execution.venue_reports; drop function execution.fall()"
Migrated = Callable[[tuple[str, ...]], Awaitable[str]]


@pytest.fixture
async def desk(migrated: Migrated) -> AsyncIterator[PaperDesk]:
    """An account on a database of its own."""
    database = Database(await migrated(("execution",)), "execution")
    await database.open()
    found = PaperDesk(database)
    await found.open()
    yield found
    await database.close()


async def admin(desk: PaperDesk, statement: str) -> None:
    """Do something that only the database's owner may."""
    connection = await asyncpg.connect(desk.database.url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(10):
        while not await true():
            await asyncio.sleep(0.005)


async def test_an_order_sent_twice_is_placed_once_for_ever(desk: PaperDesk) -> None:
    venue, leases = await desk.process()
    show(venue, {}, {"100": "9"})
    twice = desk.order("a", leases.epoch)
    await venue.submit([twice, twice])
    await venue.submit([twice])
    other, leases = await desk.process("two")
    await other.submit([desk.order("a", leases.epoch)])
    assert await desk.told() == ["a accepted", "a filled 1 at 100"]
    assert await other.known(["a", "b"]) == {"a"}


async def test_what_a_turn_that_was_cut_may_still_commit_is_waited_for(desk: PaperDesk) -> None:
    venue, leases = await desk.process()
    cut = PaperVenue(desk.database, leases)
    order = desk.order("a", leases.epoch)

    async def waits() -> bool:
        query = "select 1 from pg_locks where locktype = 'advisory' and not granted and database = "
        return bool(
            await desk.database.fetch(f"{query} (select oid from pg_database where datname = current_database())")
        )

    async with cut._in_turn([order]) as connection:
        await paper_rows.place(connection, [order])
        asked = asyncio.create_task(venue.known(["a"]))
        await until(waits)
    assert await asked == {"a"}


async def test_reports_are_numbered_in_the_order_they_happened(desk: PaperDesk) -> None:
    venue, leases = await desk.process()
    show(venue, {"99": "1"}, {"100": "1", "101": "1"})
    await venue.submit(
        [desk.order("a", leases.epoch, quantity="3", price="101"), desk.order("b", leases.epoch, "sell")]
    )
    await venue.cancel([desk.order("a", leases.epoch)], after(9))
    assert await desk.told() == [
        "a accepted",
        "a filled 1 at 100",
        "a filled 1 at 101",
        "b accepted",
        "b filled 1 at 99",
        "a cancelled CLIENT",
    ]
    numbers = [report.seq for report in await desk.reports()]
    assert numbers == sorted(set(numbers))
    assert [r.seq for r in await venue.reports(numbers[1], 2)] == numbers[2:4]


async def test_a_failure_in_the_middle_of_a_submission_leaves_memory_as_the_database_is(desk: PaperDesk) -> None:
    venue, leases = await desk.process()
    show(venue, {"99": "5"}, {"100": "5"})
    await venue.submit([desk.order("rests", leases.epoch, price="98"), desk.order("takes", leases.epoch)])
    before, told = await desk.stored(), await desk.told()
    await admin(desk, _BREAK)
    batch = [desk.order(name, leases.epoch, price="100", quantity="2") for name in ("first", "unlucky", "last")]
    with pytest.raises(asyncpg.PostgresError, match="on fire"):
        await venue.submit(batch)
    with pytest.raises(asyncpg.PostgresError):
        await venue.submit(batch)
    assert await desk.stored() == before
    await admin(desk, _MEND)
    await venue.submit(batch)
    assert await desk.told() == [
        *told,
        *("first accepted", "first filled 2 at 100"),
        *("unlucky accepted", "unlucky filled 2 at 100"),
        "last accepted",
    ]
    assert remembered(venue) == await desk.stored()


async def test_a_submission_cancelled_halfway_leaves_memory_as_the_database_is(desk: PaperDesk) -> None:
    venue, leases = await desk.process()
    show(venue, {}, {"100": "5"})
    async with desk.database.transaction() as connection:
        await connection.execute("lock table venue_reports in exclusive mode")
        task = asyncio.create_task(venue.submit([desk.order("a", leases.epoch), desk.order("b", leases.epoch)]))
        await until(lambda: _waits(desk))
        task.cancel()
        await asyncio.wait([task], timeout=10)
        assert task.cancelled()
    assert await desk.told() == []
    await venue.submit([desk.order("c", leases.epoch, price="99")])
    assert remembered(venue) == await desk.stored()
    assert await desk.told() == ["c accepted"]


async def _waits(desk: PaperDesk) -> bool:
    return bool(await desk.database.fetch("select 1 from pg_locks where not granted"))


async def test_an_older_epoch_places_cancels_and_matches_nothing(desk: PaperDesk) -> None:
    old, before = await desk.process()
    await old.submit([desk.order("a", before.epoch, price="90")])
    new, _ = await desk.process("two")
    with pytest.raises(Fenced):
        await old.submit([desk.order("b", before.epoch, price="90")])
    with pytest.raises(Fenced):
        await old.cancel([desk.order("a", before.epoch)], after(9))
    with pytest.raises(Fenced):
        await old.on_candles([bar(1, "90", "91", "80", "85")])
    with pytest.raises(Fenced):
        await new.submit([desk.order("c", before.epoch)])
    assert await desk.told() == ["a accepted"]
    await new.on_candles([bar(1, "90", "91", "80", "85")])
    assert await desk.told() == ["a accepted", "a filled 1 at 90"]


async def test_an_old_and_a_new_owner_never_both_place_an_order(desk: PaperDesk) -> None:
    for number in range(15):
        (old, before), wanted = await desk.process(f"p{number}"), [f"o{number}x{n}" for n in range(5)]
        show(old, {}, {"100": "99"}, number=1)

        async def send(venue: PaperVenue, epoch: int, wanted: list[str]) -> None:
            for name in wanted:
                await venue.submit([desk.order(name, epoch)])

        async def succeed(number: int, wanted: list[str]) -> None:
            new, leases = await desk.process(f"p{number}'")
            show(new, {}, {"100": "99"})
            await send(new, leases.epoch, wanted)

        await asyncio.gather(send(old, before.epoch, wanted), succeed(number, wanted), return_exceptions=True)
        new, leases = await desk.process("last")
        await new.submit([desk.order(name, leases.epoch) for name in wanted])
    placed = [report.client_order_id for report in await desk.reports() if report.kind in ("accepted", "refused")]
    assert sorted(placed) == sorted(f"o{number}x{n}" for number in range(15) for n in range(5))


async def test_what_was_taken_from_a_book_is_still_taken_after_a_restart(desk: PaperDesk) -> None:
    venue, leases = await desk.process()
    show(venue, {}, {"100": "3"})
    await venue.submit([desk.order("a", leases.epoch, quantity="2")])
    heir, leases = await desk.process("heir")
    show(heir, {}, {"100": "3"})
    show(heir, {}, {"100": "3"}, at=1, number=2)
    await heir.submit([desk.order("b", leases.epoch, quantity="2", at=1)])
    assert (await desk.told())[2:] == ["b accepted", "b filled 1 at 100", "b expired BOOK_EXHAUSTED"]


async def test_a_book_and_a_trade_fill_what_rests_and_the_news_is_told(desk: PaperDesk) -> None:
    venue, leases = await desk.process()
    news: list[int] = []
    venue.news = lambda: news.append(1)
    running = asyncio.create_task(venue.run())
    await venue.submit([desk.order("a", leases.epoch, quantity="2", price="100")])
    stop = desk.order("s", leases.epoch, "sell", order_type="stop_loss", stop_price="95")
    await venue.submit([stop])
    news.clear()
    show(venue, {"99": "9"}, {"100": "1.5"}, at=1)
    await until(lambda: _settled(venue, news, 1))
    venue.on_price(*BTC, Decimal(94), Decimal("0.1"), after(1))
    await until(lambda: _settled(venue, news, 2))
    running.cancel()
    await asyncio.wait([running])
    assert (await desk.told())[2:] == [
        "a filled 1.5 at 100",
        "s triggered",
        "s filled 1 at 99",
        "a filled 0.1 at 100",
    ]
    assert remembered(venue) == await desk.stored()


async def _settled(venue: PaperVenue, news: list[int], wanted: int) -> bool:
    return len(news) >= wanted and not venue.busy


async def test_what_a_book_did_is_written_by_the_next_turn_even_before_the_loop_runs(desk: PaperDesk) -> None:
    venue, leases = await desk.process()
    await venue.submit([desk.order("a", leases.epoch, price="100")])
    show(venue, {}, {"100": "1"}, at=1)
    assert venue.busy
    await venue.cancel([desk.order("a", leases.epoch)], after(2))
    assert await desk.told() == ["a accepted", "a filled 1 at 100", "a refused UNKNOWN_ORDER"]


async def test_bars_of_one_batch_match_in_their_order_and_a_bar_again_changes_nothing(desk: PaperDesk) -> None:
    venue, leases = await desk.process()
    await venue.submit([desk.order("a", leases.epoch, price="95"), desk.order("b", leases.epoch, price="90")])
    bars = [bar(1, "100", "101", "94", "96"), bar(2, "96", "97", "89", "91")]
    await venue.on_candles([*bars, bars[0]])
    again, _ = await desk.process()
    await again.on_candles(bars)
    assert (await desk.told())[2:] == ["a filled 1 at 95", "b filled 1 at 90"]
    assert again.price(*BTC) == 91
    assert remembered(again) == await desk.stored()


async def test_a_pair_that_cannot_be_traded_is_not_heard(desk: PaperDesk) -> None:
    venue, _ = await desk.process()
    venue.on_price("nowhere", "BTC/USDT", Decimal(1))
    venue.on_book("nowhere", "BTC/USDT", [], [], after(0), 1)
    assert venue.price("nowhere", "BTC/USDT") is None
    assert not venue.busy
