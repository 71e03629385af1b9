"""What an older version has written stays, in the new form."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

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


@dataclass(frozen=True, slots=True)
class Older:
    """A database as the second version left it, with rows."""

    url: str
    folder: Path
    connection: asyncpg.Connection

    async def upgrade(self, last: int) -> list[str]:
        """To the migration of that number; which schemas have changed."""
        for number in range(1, last + 1):
            for script in migrations_of("bots").glob(f"{number:04}_*.py"):
                shutil.copy(script, self.folder)
        return await migrate.upgrade(self.url, {"bots": self.folder})


@pytest.fixture
async def older(new_database: NewDatabase, tmp_path: Path) -> AsyncIterator[Older]:
    """The rows are there."""
    url = await new_database()
    connection = await asyncpg.connect(url)
    found = Older(url, tmp_path, connection)
    await found.upgrade(2)
    await connection.execute(_ROWS)
    yield found
    await connection.close()


async def test_older_bots_count_what_they_earn_from_what_their_positions_cost(older: Older) -> None:
    assert await older.upgrade(6) == ["bots"]
    bot = await older.connection.fetchrow("select * from bots")
    assert bot is not None
    told = (bot["base_name"], bot["flow"], bot["trading_mode"], bot["risk_mode"])
    assert told == ("old", -50, "paper", "balanced")
    assert await older.connection.fetchval("select bound from strategies") == "trend"
    account = await older.connection.fetchrow("select mode, closed_at from accounts")
    assert account is not None
    assert tuple(account) == ("paper", None)


async def test_older_bots_of_strategies_lose_a_spelling_that_nobody_chose(older: Older) -> None:
    await older.upgrade(5)
    await older.connection.execute("update bots set spelling = symbol, managed_by = strategy_id")
    await older.upgrade(6)
    assert await older.connection.fetchval("select spelling from bots") == ""
