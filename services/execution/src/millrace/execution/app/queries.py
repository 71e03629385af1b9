"""Questions about orders and accounts; row-level security holds each to the asking user's rows."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from millrace.common.db.database import Connection

_WHERE = """
from orders where user_id = $1 and ($2::uuid is null or bot_id = $2) and ($3::text is null or symbol = $3)
  and ($4::text[] is null or state = any($4))
"""
_LIST = f"select * {_WHERE} order by num desc limit $5 offset $6"
_COUNT = f"select count(*) {_WHERE}"


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
    asked = (user_id, bot_id, symbol, states)
    rows = await connection.fetch(_LIST, *asked, limit, offset)
    return [dict(row) for row in rows], await connection.fetchval(_COUNT, *asked)


async def get_order(connection: Connection, user_id: UUID, order_id: UUID) -> dict[str, Any] | None:
    """One order of the user."""
    row = await connection.fetchrow("select * from orders where user_id = $1 and order_id = $2", user_id, order_id)
    return dict(row) if row else None


async def list_accounts(connection: Connection, user_id: UUID) -> list[dict[str, Any]]:
    """The user's accounts, oldest first."""
    return [dict(r) for r in await connection.fetch("select * from accounts where user_id = $1 order by num", user_id)]
