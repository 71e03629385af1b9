import asyncpg
import pytest

from millrace.common.testing.postgres import NewDatabase


async def test_every_database_is_empty_and_its_own(new_database: NewDatabase) -> None:
    first, second = await new_database(), await new_database()
    writer = await asyncpg.connect(first)
    await writer.execute("create table seen (n int)")
    await writer.close()

    reader = await asyncpg.connect(second)
    try:
        assert await reader.fetchval("select to_regclass('seen')") is None
    finally:
        await reader.close()


async def test_a_copy_holds_what_its_pattern_holds_and_can_be_taken_away(new_database: NewDatabase) -> None:
    pattern = await new_database()
    writer = await asyncpg.connect(pattern)
    await writer.execute("create table seen as select 7 as n")
    await writer.close()

    copy = await new_database(pattern)
    reader = await asyncpg.connect(copy)
    assert await reader.fetchval("select n from seen") == 7

    await new_database.drop(copy)
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(copy)
    reader.terminate()
