"""What an older version has written stays, in the new form."""

import shutil
from pathlib import Path

import asyncpg

from millrace.common.db import migrate
from millrace.common.runtime.service import migrations_of
from millrace.common.testing.postgres import NewDatabase

_ROWS = """
set search_path = bots;
insert into strategies (id, name, strategy_type, origin, created_at, updated_at)
values ('00000000-0000-0000-0000-000000000009', 'trend', 'trend', 'builtin', now(), now());
insert into accounts values ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002', 'binance',
  'USDT', 100, 103);
insert into bots (id, user_id, account_id, name, strategy_id, strategy, exchange, symbol, spelling, timeframe, status,
  origin, position, cost, created_at, updated_at)
select '00000000-0000-0000-0000-000000000003', user_id, account_id, 'old', '00000000-0000-0000-0000-000000000009',
  'trend', 'binance', 'BTC/USDT', 'BTCUSDT', '5m', 'active', 'botplatform', 2, 50, now(), now() from accounts;
"""


async def test_older_bots_count_what_they_earn_from_what_their_positions_cost(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    url, folder = await new_database(), migrations_of("bots")
    for name in ("0001_bots.py", "0002_one_signal_at_a_time.py"):
        shutil.copy(folder / name, tmp_path)
    await migrate.upgrade(url, {"bots": tmp_path})
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_ROWS)
        assert await migrate.upgrade(url, {"bots": folder}) == ["bots"]
        bot = await connection.fetchrow("select * from bots")
        assert bot is not None
        assert (bot["base_name"], bot["flow"], bot["trading_mode"], bot["risk_mode"]) == (
            "old",
            -50,
            "paper",
            "balanced",
        )
        assert await connection.fetchval("select bound from strategies") == "trend"
        account = await connection.fetchrow("select mode, closed_at from accounts")
        assert account is not None
        assert tuple(account) == ("paper", None)
    finally:
        await connection.close()


async def test_older_bots_of_strategies_lose_a_spelling_that_nobody_chose(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    url, folder = await new_database(), migrations_of("bots")
    for name in ("0001_bots.py", "0002_one_signal_at_a_time.py"):
        shutil.copy(folder / name, tmp_path)
    await migrate.upgrade(url, {"bots": tmp_path})
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_ROWS)
        for script in folder.glob("000[3-5]*.py"):
            shutil.copy(script, tmp_path)
        await migrate.upgrade(url, {"bots": tmp_path})
        await connection.execute("update bots set spelling = symbol, managed_by = strategy_id")
        await migrate.upgrade(url, {"bots": folder})
        assert await connection.fetchval("select spelling from bots") == ""
    finally:
        await connection.close()
