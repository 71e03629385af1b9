"""What an older version has written stays, in the new form."""

import shutil
from pathlib import Path

import asyncpg

from millrace.common.db import migrate
from millrace.common.runtime.service import migrations_of
from millrace.common.testing.postgres import NewDatabase

_ROWS = """
set search_path = portfolio;
insert into accounts values ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002', 'binance',
  'paper', 'USDT', 100, 103, 103, '2026-01-01', 100, '2026-01-01 12:01:30Z', false);
insert into equity select account_id, at, user_id, worth, 0 from accounts, (values
  (100, timestamptz '2026-01-01 12:00Z'), (101, '2026-01-01 12:00:30Z'),
  (102, '2026-01-01 12:01Z'), (103, '2026-01-01 12:01:30Z')) as points(worth, at);
insert into positions (id, account_id, user_id, exchange, symbol, quantity, entry_price, origin, opened_at, updated_at)
select gen_random_uuid(), account_id, user_id, 'binance', 'BTC/USDT', 1, 1, 'test', now(), now() from accounts;
"""


async def test_equity_is_thinned_to_minutes_and_positions_get_numbers(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    url, folder = await new_database(), migrations_of("portfolio")
    shutil.copy(folder / "0001_portfolio.py", tmp_path)
    await migrate.upgrade(url, {"portfolio": tmp_path})
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_ROWS)
        assert await migrate.upgrade(url, {"portfolio": folder}) == ["portfolio"]
        points = await connection.fetch("select equity::int as worth from equity order by at")
        assert [row["worth"] for row in points] == [100, 102, 103]
        assert await connection.fetchval("select num from positions") == 1
    finally:
        await connection.close()
