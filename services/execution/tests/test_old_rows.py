"""Accounts of an older version are there after the migration, as plain paper accounts without keys."""

import shutil
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from millrace.common.db import migrate
from millrace.common.runtime.host import owned_schemas
from millrace.common.testing.postgres import NewDatabase
from millrace.execution.app import accounts

ACCOUNT = """
insert into execution.accounts (id, user_id, name, exchange, mode, currency, initial_balance, is_active, created_at)
values ($1, $2, 'Paper', 'binance', 'paper', 'USDT', 10000, $3, '2026-01-01')
"""


@pytest.fixture
async def old(new_database: NewDatabase, tmp_path: Path) -> tuple[str, UUID, UUID]:
    """A database before accounts had keys, with an active account and one that is not; its address and their ids."""
    url, folder = await new_database(), owned_schemas(["execution"])["execution"]
    for number in ("0001", "0002", "0003", "0004"):
        (found,) = folder.glob(f"{number}_*.py")
        shutil.copy(found, tmp_path)
    await migrate.upgrade(url, {"execution": tmp_path})
    first, second = uuid4(), uuid4()
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(ACCOUNT, first, uuid4(), True)
        await connection.execute(ACCOUNT, second, uuid4(), False)
    finally:
        await connection.close()
    assert await migrate.upgrade(url, owned_schemas(["execution"])) == ["execution"]
    return url, first, second


async def test_old_accounts_have_what_new_ones_have(old: tuple[str, UUID, UUID]) -> None:
    url, first, second = old
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("select * from execution.accounts order by num")
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute("update execution.accounts set mode = 'pretend'")
        await connection.execute("update execution.accounts set mode = 'testnet'")
    finally:
        await connection.close()
    found = [accounts.shown(row) for row in rows]
    assert [(row["id"], row["is_active"]) for row in found] == [(first, True), (second, False)]
    for row in found:
        assert (row["account_type"], row["settings"], row["notes"], row["balances"]) == ("spot", {}, [], None)
        assert (row["has_keys"], row["keys_valid"], row["last_check"], row["group_id"]) == (False, None, None, None)
        assert (row["deleted_at"], row["updated_at"]) == (None, None)


async def test_the_end_of_a_group_frees_its_accounts(old: tuple[str, UUID, UUID]) -> None:
    url, first, _ = old
    connection = await asyncpg.connect(url)
    query = (
        "insert into execution.groups (id, user_id, name, created_at, updated_at) values ($1, $2, 'g', now(), now())"
    )
    try:
        group = uuid4()
        await connection.execute(query, group, uuid4())
        await connection.execute("update execution.accounts set group_id = $1 where id = $2", group, first)
        await connection.execute("delete from execution.groups")
        assert await connection.fetchval("select count(*) from execution.accounts where group_id is null") == 2
    finally:
        await connection.close()
