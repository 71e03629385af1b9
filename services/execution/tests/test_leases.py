"""One process leads; its successor waits for the lease, or takes it when it is the same instance come back."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import pytest

from millrace.common.db.database import CONNECTION_ERRORS, Database
from millrace.common.db.work import Fenced
from millrace.execution.app.leases import Leases


@pytest.fixture
async def database(migrated: Callable[[tuple[str, ...]], Awaitable[str]]) -> AsyncIterator[Database]:
    """Execution's tables."""
    found = Database(await migrated(("execution",)), "execution")
    await found.open()
    yield found
    await found.close()


async def account(database: Database, leases: Leases) -> tuple[object, int]:
    """An account that the leader has opened."""
    account_id = uuid4()
    await database.fetch(
        "insert into accounts (id, user_id, name, exchange, mode, currency, initial_balance, created_at, lease_owner, "
        "lease_epoch) values ($1, $2, 'Paper', 'binance', 'paper', 'USDT', 1, now(), $3, $4)",
        account_id,
        uuid4(),
        leases.owner,
        leases.epoch,
    )
    return account_id, leases.epoch


async def test_a_second_process_stands_by_until_the_lease_has_run_out(database: Database) -> None:
    first, second = (Leases(database, name, 3.0, alone=False) for name in ("one", "two"))
    await first.lead()
    waiting = asyncio.create_task(second.lead())
    done, _ = await asyncio.wait({waiting}, timeout=0.3)
    assert not done
    async with asyncio.timeout(30):
        await waiting
    assert (first.epoch, second.epoch) == (1, 2)


async def test_a_lease_that_is_given_back_is_taken_at_once(database: Database) -> None:
    first, second = (Leases(database, name, 60.0, alone=False) for name in ("one", "two"))
    await first.lead()
    await first.release()
    async with asyncio.timeout(30):
        await second.lead()


async def test_the_same_instance_come_back_need_not_wait_and_fences_its_former_self(database: Database) -> None:
    before, after = (Leases(database, "one", 60.0, alone=False) for _ in range(2))
    await before.lead()
    mine = await account(database, before)
    async with asyncio.timeout(30):
        await after.lead()
    async with database.transaction() as connection:
        with pytest.raises(Fenced):
            await before.check(connection, [mine])
        with pytest.raises(Fenced):
            await before.hold(connection)
        await after.hold(connection)
        await after.check(connection, [(mine[0], after.epoch)])


async def test_who_is_fenced_finds_out_at_the_next_renewal(database: Database) -> None:
    first, second = Leases(database, "one", 0.3, alone=False), Leases(database, "two", 60.0, alone=True)
    await first.lead()
    await second.lead()
    async with asyncio.timeout(30):
        with pytest.raises(Fenced):
            await first.keep()


async def test_a_leader_cannot_be_replaced_in_the_middle_of_a_write(database: Database) -> None:
    first, second = Leases(database, "one", 60.0, alone=False), Leases(database, "two", 60.0, alone=True)
    await first.lead()
    async with database.transaction() as connection:
        await first.hold(connection)
        waiting = asyncio.create_task(second.lead())
        done, _ = await asyncio.wait({waiting}, timeout=0.3)
        assert not done
    async with asyncio.timeout(30):
        await waiting


async def test_of_ten_processes_that_start_together_one_leads(database: Database) -> None:
    rivals = [Leases(database, f"rival-{n}", 60.0, alone=False) for n in range(10)]
    tasks = [asyncio.create_task(rival.lead()) for rival in rivals]
    _, waiting = await asyncio.wait(tasks, timeout=1.5)
    assert len(waiting) == 9
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_leader_frozen_in_the_middle_of_a_write_does_not_hold_up_its_successor(database: Database) -> None:
    first, second = (Leases(database, name, 0.5, alone=False) for name in ("one", "two"))
    await first.lead()
    mine = await account(database, first)

    async def write_in_two_steps() -> None:
        async with database.transaction() as connection:
            await first.hold(connection)
            await first.check(connection, [mine])
            async with asyncio.timeout(30):
                await second.lead()
            await connection.execute("update accounts set name = 'written by a zombie'")

    with pytest.raises(CONNECTION_ERRORS):
        await write_in_two_steps()
    assert [row["name"] for row in await database.fetch("select name from accounts")] == ["Paper"]
