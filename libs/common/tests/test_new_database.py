import asyncpg

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
