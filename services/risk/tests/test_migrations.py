"""What an older version has written stays, in the new form."""

import shutil
from pathlib import Path

import asyncpg

from millrace.common.db import migrate
from millrace.common.runtime.service import migrations_of
from millrace.common.testing.postgres import NewDatabase

_ROWS = """
set search_path = risk;
insert into books (account_id, user_id, tokens, tokens_at)
select gen_random_uuid(), '00000000-0000-0000-0000-000000000001', 1, now() from generate_series(1, 2);
insert into limits (id, user_id, limit_type, limit_value, source, created_at, updated_at)
values (gen_random_uuid(), '00000000-0000-0000-0000-000000000001', 'daily_loss', 5, 'user', now(), now());
"""


async def test_every_user_gets_the_systems_limits_beside_its_own(new_database: NewDatabase, tmp_path: Path) -> None:
    url, folder = await new_database(), migrations_of("risk")
    shutil.copy(folder / "0001_risk.py", tmp_path)
    await migrate.upgrade(url, {"risk": tmp_path})
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_ROWS)
        assert await migrate.upgrade(url, {"risk": folder}) == ["risk"]
        found = await connection.fetch("select limit_type, source from limits order by 1")
        assert [tuple(row) for row in found] == [
            ("daily_loss", "user"),
            ("drawdown", "system"),
            ("open_orders", "system"),
            ("position_value", "system"),
        ]
    finally:
        await connection.close()
