"""Questions about bots and strategies, and the changes their owners make."""

from typing import Any
from uuid import UUID

import orjson

from millrace.common.db.database import Connection

Row = dict[str, Any]

_LISTED = """
from bots where user_id = $1 and status <> 'deleted' and ($2::text[] is null or status = any($2))
  and ($3::text is null or exchange = $3)
"""
_LIST = f"select * {_LISTED} order by num limit $4 offset $5"
_COUNT = f"select count(*) {_LISTED}"
_INSERT = """
insert into bots (id, user_id, account_id, name, strategy_id, strategy, exchange, symbol, spelling, timeframe, config,
  parameters, status, origin, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'created', $13, $14, $14) returning *
"""
_SKIPS = """
select s.* from skips s where s.user_id = $1 and s.bot_id = $2 order by s.count desc, s.reason
"""


def shown(row: Any) -> Row:
    """A row with its JSON columns read."""
    found = dict(row)
    for name in ("config", "parameters", "last_values"):
        if isinstance(found.get(name), str):
            found[name] = orjson.loads(found[name])
    return found


async def list_bots(
    connection: Connection, user_id: UUID, statuses: list[str] | None, exchange: str | None, limit: int, offset: int
) -> tuple[list[Row], int]:
    """The user's bots, oldest first, and how many there are."""
    rows = await connection.fetch(_LIST, user_id, statuses, exchange, limit, offset)
    return [shown(row) for row in rows], await connection.fetchval(_COUNT, user_id, statuses, exchange)


async def get_bot(connection: Connection, user_id: UUID, bot_id: UUID, *, lock: bool = False) -> Row | None:
    """One bot of the user."""
    query = "select * from bots where user_id = $1 and id = $2 and status <> 'deleted'"
    row = await connection.fetchrow(query + (" for update" if lock else ""), user_id, bot_id)
    return shown(row) if row else None


async def insert_bot(connection: Connection, values: tuple[Any, ...]) -> Row:
    """Add a bot."""
    return shown(await connection.fetchrow(_INSERT, *values))


async def account_for(connection: Connection, user_id: UUID, exchange: str) -> UUID | None:
    """The account a bot on `exchange` trades with."""
    query = "select account_id from accounts where user_id = $1 and exchange = $2 order by account_id limit 1"
    found: UUID | None = await connection.fetchval(query, user_id, exchange)
    return found


async def accounts(connection: Connection, user_id: UUID) -> list[Row]:
    """The user's accounts that bots may trade on."""
    query = "select account_id, exchange, currency from accounts where user_id = $1 order by account_id"
    return [dict(row) for row in await connection.fetch(query, user_id)]


async def strategies(connection: Connection, user_id: UUID) -> list[Row]:
    """The built-in strategies and the user's own."""
    query = "select * from strategies where user_id is null or user_id = $1 order by num"
    return [shown(row) for row in await connection.fetch(query, user_id)]


async def strategy(connection: Connection, user_id: UUID, strategy_id: UUID) -> Row | None:
    """One of them."""
    query = "select * from strategies where id = $2 and (user_id is null or user_id = $1)"
    row = await connection.fetchrow(query, user_id, strategy_id)
    return shown(row) if row else None


async def skips(connection: Connection, user_id: UUID, bot_id: UUID) -> list[Row]:
    """Why a bot did nothing, most frequent reason first."""
    return [shown(row) for row in await connection.fetch(_SKIPS, user_id, bot_id)]
