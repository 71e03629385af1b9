"""Questions about orders and accounts; row-level security holds each to the asking user's rows."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from millrace.common.db.database import Connection

_LIST = """
select *, count(*) over () as total from orders
where user_id = $1 and ($2::uuid is null or bot_id = $2) and ($3::text is null or symbol = $3)
  and ($4::text[] is null or state = any($4))
order by num desc limit $5 offset $6
"""


async def list_orders(
    connection: Connection,
    user_id: UUID,
    *,
    bot_id: UUID | None,
    symbol: str | None,
    states: Sequence[str] | None,
    limit: int,
    offset: int,
) -> tuple[list[dict[str, Any]], int]:
    """A page of the user's orders, newest first, and how many there are."""
    rows = await connection.fetch(_LIST, user_id, bot_id, symbol, states, limit, offset)
    if rows:
        return [dict(row) for row in rows], rows[0]["total"]
    total = await connection.fetchval("select count(*) from orders where user_id = $1", user_id) if offset else 0
    return [], total


async def get_order(connection: Connection, user_id: UUID, order_id: UUID) -> dict[str, Any] | None:
    """One order of the user."""
    row = await connection.fetchrow("select * from orders where user_id = $1 and order_id = $2", user_id, order_id)
    return dict(row) if row else None


async def list_accounts(connection: Connection, user_id: UUID) -> list[dict[str, Any]]:
    """The user's accounts, oldest first."""
    return [dict(r) for r in await connection.fetch("select * from accounts where user_id = $1 order by num", user_id)]
