"""What accounts hold by risk's books, and moves of it between accounts of one user."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from millrace.common.db.database import Connection
from millrace.common.db.work import Work
from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.common.kernel.money import ZERO, plain

Row = dict[str, Any]

_FUNDS = """
select account_id, currency, total, reserved, total - reserved as free from balances
where user_id = $1 order by account_id, currency
"""
_HOLD = "select order_id from reservations where user_id = $1 and order_id = any($2::uuid[]) and open"
_LOCK = """
select account_id from books where user_id = $1 and account_id = any($2::uuid[]) order by account_id for update
"""
_NOTE = """
insert into fund_moves (transfer_id, user_id, from_account_id, to_account_id, currency, amount, moved_at)
values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing returning 1
"""
_FREE = "select total - reserved from balances where account_id = $1 and currency = $2"
_SHIFT = """
insert into balances as b (account_id, user_id, currency, total)
select account_id, $1, $2, amount from unnest($3::uuid[], $4::numeric[]) as n(account_id, amount)
on conflict (account_id, currency) do update set total = b.total + excluded.total
"""


async def funds(connection: Connection, user_id: UUID) -> list[Row]:
    """Total, reserved for open orders, and free, of each account and currency."""
    return [dict(row) for row in await connection.fetch(_FUNDS, user_id)]


async def holding(connection: Connection, user_id: UUID, orders: Collection[UUID]) -> list[UUID]:
    """Which of the user's `orders` still hold funds: they were approved, and risk has not heard of their end."""
    return [row["order_id"] for row in await connection.fetch(_HOLD, user_id, list(orders))]


async def move(work: Work, user_id: UUID, asked: Any, now: datetime) -> bool:
    """Move what is free, once for each transfer; False when it was moved before.

    Decisions on either account wait, so nothing that is moved can be promised to an order. Raises NOT_FOUND when an
    account is not the user's, INSUFFICIENT_BALANCE when less is free.
    """
    both = [asked.from_account_id, asked.to_account_id]
    if len(await work.connection.fetch(_LOCK, user_id, both)) != 2:
        raise not_found("account")
    if not await work.connection.fetch(_NOTE, asked.transfer_id, user_id, *both, asked.currency, asked.amount, now):
        return False
    free = await work.connection.fetchval(_FREE, asked.from_account_id, asked.currency) or ZERO
    if free < asked.amount:
        text = f"{plain(asked.amount)} {asked.currency} are to move, {plain(free)} are free"
        raise MillraceError(Code.INSUFFICIENT_BALANCE, text, details={"free": plain(free)})
    await work.connection.execute(_SHIFT, user_id, asked.currency, both, [-asked.amount, asked.amount])
    return True
