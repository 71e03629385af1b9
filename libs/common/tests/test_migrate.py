"""An empty database becomes a whole one, once, however many processes ask for it at the same time."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from millrace.common.db import migrate
from millrace.common.db.database import CONNECTION_ERRORS
from millrace.common.runtime.host import owned_schemas
from millrace.common.runtime.settings import SERVICES
from millrace.common.testing.postgres import NewDatabase

FIRST = """
from millrace.common.db.migrations import common_tables, run
revision = "0001"
down_revision = None
def upgrade() -> None:
    common_tables()
    run("create table things (n int)")
"""
SECOND = """
from millrace.common.db.migrations import run
revision = "0002"
down_revision = "0001"
def upgrade() -> None:
    run("alter table things add column m int; {more}")
"""


async def ask(url: str, query: str) -> list[asyncpg.Record]:
    """What a query finds."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(query)
    finally:
        await connection.close()


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """The migrations of a service that has one."""
    (tmp_path / "0001_things.py").write_text(FIRST)
    return tmp_path


async def test_every_service_comes_up_on_an_empty_database_and_a_second_time_nothing_is_behind(
    new_database: NewDatabase,
) -> None:
    url, schemas = await new_database(), owned_schemas(SERVICES)
    assert sorted(await migrate.upgrade(url, schemas)) == sorted(schemas)
    assert await migrate.upgrade(url, schemas) == []
    tables = "select distinct table_schema::text as name from information_schema.tables where table_name = 'inbox'"
    assert {row["name"] for row in await ask(url, tables)} == schemas.keys()


async def test_processes_that_start_at_once_migrate_once(new_database: NewDatabase, history: Path) -> None:
    url = await new_database()
    behind = await asyncio.gather(*(migrate.upgrade(url, {"crowd": history}) for _ in range(5)))
    assert sorted(behind) == [[], [], [], [], ["crowd"]]


async def test_a_newer_version_is_applied_to_what_is_there(new_database: NewDatabase, history: Path) -> None:
    url = await new_database()
    await migrate.upgrade(url, {"growing": history})
    await ask(url, "insert into growing.things (n) values (1)")
    (history / "0002_more.py").write_text(SECOND.format(more=""))
    assert await migrate.upgrade(url, {"growing": history}) == ["growing"]
    assert [tuple(row) for row in await ask(url, "select n, m from growing.things")] == [(1, None)]


async def test_a_migration_that_fails_halfway_leaves_nothing_behind(new_database: NewDatabase, history: Path) -> None:
    url = await new_database()
    await migrate.upgrade(url, {"halfway": history})
    (history / "0002_more.py").write_text(SECOND.format(more="select 1/0"))
    with pytest.raises(Exception, match="division by zero"):
        await migrate.upgrade(url, {"halfway": history})
    assert [row["column_name"] for row in await ask(url, _COLUMNS)] == ["n"]
    (history / "0002_more.py").write_text(SECOND.format(more=""))
    assert await migrate.upgrade(url, {"halfway": history}) == ["halfway"], "the lock of the one that failed is free"
    assert [row["column_name"] for row in await ask(url, _COLUMNS)] == ["n", "m"]


async def test_a_connection_that_is_lost_while_migrating_is_told_as_such_and_the_next_try_goes_well(
    new_database: NewDatabase, history: Path
) -> None:
    url = await new_database()
    (history / "0002_more.py").write_text(SECOND.format(more="select pg_terminate_backend(pg_backend_pid())"))
    with pytest.raises(CONNECTION_ERRORS):
        await migrate.upgrade(url, {"halfway": history})
    (history / "0002_more.py").write_text(SECOND.format(more=""))
    assert await migrate.upgrade(url, {"halfway": history}) == ["halfway"]


_COLUMNS = """
select column_name::text from information_schema.columns where table_schema = 'halfway' and table_name = 'things'
order by ordinal_position
"""


async def test_the_roles_of_a_service_own_nothing(new_database: NewDatabase, history: Path) -> None:
    url = await new_database()
    await migrate.upgrade(url, {"owning": history})
    owners = "select distinct tableowner::text as owner from pg_tables where schemaname in ('owning', 'bus')"
    assert not {row["owner"] for row in await ask(url, owners)} & {"owning_worker", "owning_user", "millrace_bus"}
    may_read = "select has_table_privilege('owning_user', 'owning.alembic_version', 'select') as may"
    assert [row["may"] for row in await ask(url, may_read)] == [False]
