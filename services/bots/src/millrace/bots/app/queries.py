"""Questions about bots and their accounts."""

from typing import Any
from uuid import UUID

import orjson

from millrace.bots.domain.capital import figures
from millrace.common.db.database import Connection
from millrace.common.kernel.errors import not_found

Row = dict[str, Any]
Ref = UUID | int
"""What names a row from outside: its UUID or its number."""

_BOT = """
select b.*, (select coalesce(array_agg(l.account_id order by l.num), '{}') from bot_accounts l where l.bot_id = b.id)
  as accounts from bots b
"""
_LISTED = """
where ($1::uuid is null or user_id = $1) and status <> 'deleted' and ($2::text[] is null or status = any($2))
  and ($3::text is null or exchange = $3)
"""
_LIST = f"{_BOT} {_LISTED} order by num limit $4 offset $5"
_COUNT = f"select count(*) from bots {_LISTED}"  # noqa: S608 - parameters only
_ONE = f"{_BOT} where ($1::uuid is null or b.user_id = $1) and b.status <> 'deleted'"
_MANAGED = f"{_BOT} where b.user_id = $1 and b.managed_by = $2 and b.status <> 'deleted' order by b.num for update of b"
_INSERT = """
insert into bots (id, user_id, account_id, name, base_name, strategy_id, strategy, exchange, symbol, spelling,
  timeframe, config, parameters, trading_mode, risk_mode, initial_capital, given, given_in, managed_by, status,
  origin, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, 'created', $20, $21, $21)
on conflict (id) do nothing returning *, '{}'::uuid[] as accounts
"""
_SKIPS = """
select s.* from skips s where s.user_id = $1 and s.bot_id = $2 order by s.count desc, s.reason
"""
_JSON = ("config", "parameters", "last_values", "answer")


def shown(row: Any) -> Row:
    """A row with its JSON columns read; a bot with what it earned, too."""
    found = dict(row)
    for name in _JSON:
        if isinstance(found.get(name), str):
            found[name] = orjson.loads(found[name])
    if "flow" in found:
        found.update(figures(found), base_name=found["base_name"] or found["name"])
    return found


async def list_bots(
    connection: Connection,
    user_id: UUID | None,
    statuses: list[str] | None,
    exchange: str | None,
    limit: int,
    offset: int,
) -> tuple[list[Row], int]:
    """The user's bots, oldest first, and how many there are; without a user those of all that the caller sees."""
    rows = await connection.fetch(_LIST, user_id, statuses, exchange, limit, offset)
    return [shown(row) for row in rows], await connection.fetchval(_COUNT, user_id, statuses, exchange)


async def get_bot(connection: Connection, user_id: UUID | None, ref: Ref, *, lock: bool = False) -> Row:
    """One bot of the user, or of anybody that the caller sees. Raises NOT_FOUND."""
    named = "b.num = $2" if isinstance(ref, int) else "b.id = $2"
    query = f"{_ONE} and {named}{' for update of b' if lock else ''}"
    row = await connection.fetchrow(query, user_id, ref)
    if row is None:
        raise not_found("bot")
    return shown(row)


async def managed(connection: Connection, user_id: UUID, strategy_id: UUID) -> list[Row]:
    """The bots that a user's strategy runs, locked, oldest first."""
    return [shown(row) for row in await connection.fetch(_MANAGED, user_id, strategy_id)]


async def insert_bot(connection: Connection, values: tuple[Any, ...]) -> Row | None:
    """Add a bot; None where it is there already."""
    row = await connection.fetchrow(_INSERT, *values)
    return None if row is None else shown(row)


async def account_for(connection: Connection, user_id: UUID, exchange: str) -> UUID | None:
    """The account a bot on `exchange` trades with."""
    query = """
    select account_id from accounts where user_id = $1 and exchange = $2 and closed_at is null
    order by account_id limit 1
    """
    found: UUID | None = await connection.fetchval(query, user_id, exchange)
    return found


async def account(connection: Connection, user_id: UUID, account_id: UUID) -> Row | None:
    """An open account that bots of the user may trade on."""
    query = "select * from accounts where user_id = $1 and account_id = $2 and closed_at is null"
    row = await connection.fetchrow(query, user_id, account_id)
    return dict(row) if row else None


async def accounts(connection: Connection, user_id: UUID) -> list[Row]:
    """The user's accounts that bots may trade on."""
    query = """
    select account_id, name, exchange, mode, currency from accounts where user_id = $1 and closed_at is null
    order by account_id
    """
    return [dict(row) for row in await connection.fetch(query, user_id)]


async def skips(connection: Connection, user_id: UUID, bot_id: UUID) -> list[Row]:
    """Why a bot did nothing, most frequent reason first."""
    return [shown(row) for row in await connection.fetch(_SKIPS, user_id, bot_id)]
