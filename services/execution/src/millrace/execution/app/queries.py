"""Questions about orders; row-level security holds each to the asking user's rows."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from millrace.common.db.database import Connection
from millrace.common.events.trading import TERMINAL

_WHERE = """
from orders where user_id = $1 and ($2::uuid is null or account_id = $2) and ($3::uuid is null or bot_id = $3)
  and ($4::text is null or symbol = $4) and ($5::text[] is null or state = any($5))
  and ($6::text is null or source = $6) and ($7::timestamptz is null or requested_at >= $7)
  and ($8::timestamptz is null or requested_at < $8)
"""
# Said in words where only live orders are asked for: a plan that knows no states cannot use the index of the live ones.
_LIVE = f"{_WHERE} and state not in ('refused', 'filled', 'cancelled', 'rejected', 'expired')"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which orders; what is None does not matter. `since` and before `until` they were asked for."""

    account_id: UUID | None
    bot_id: UUID | None
    symbol: str | None
    states: Sequence[str] | None
    source: str | None
    since: datetime | None
    until: datetime | None


async def list_orders(
    connection: Connection, user_id: UUID, wanted: Wanted, *, limit: int, offset: int
) -> tuple[list[dict[str, Any]], int]:
    """A page of the user's orders, newest first, and how many there are."""
    asked, found = (user_id, *astuple(wanted)), where(wanted)
    rows = await connection.fetch(f"select * {found} order by num desc limit $9 offset $10", *asked, limit, offset)
    return [dict(row) for row in rows], await connection.fetchval(f"select count(*) {found}", *asked)


def where(wanted: Wanted) -> str:
    """The rows that are wanted; the user and the fields of `wanted` are the first eight values."""
    return _LIVE if wanted.states and TERMINAL.isdisjoint(wanted.states) else _WHERE


async def of_intent(connection: Connection, user_id: UUID, intent_id: UUID) -> dict[str, Any] | None:
    """The order that an intent with one leg became."""
    row = await connection.fetchrow("select * from orders where user_id = $1 and intent_id = $2", user_id, intent_id)
    return dict(row) if row else None


async def get_order(connection: Connection, user_id: UUID, order_id: UUID) -> dict[str, Any] | None:
    """One order of the user."""
    row = await connection.fetchrow("select * from orders where user_id = $1 and order_id = $2", user_id, order_id)
    return dict(row) if row else None
