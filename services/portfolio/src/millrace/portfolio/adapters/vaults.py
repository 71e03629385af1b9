"""A move between two accounts of one user, in the ledger."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from millrace.common.db.work import Work
from millrace.portfolio.domain.transfers import legs

# What is moved is neither gain nor loss: value, peak and the day's beginning move along. Older candles come too late.
_SHIFT = """
update accounts a set equity = a.equity + n.amount, best = greatest(a.best, a.equity) + n.amount,
  day_equity = a.day_equity + n.amount, marked_at = $3
from unnest($1::uuid[], $2::numeric[]) as n(account_id, amount) where a.account_id = n.account_id
"""
_LOCK = "select marked_at from accounts where account_id = any($1::uuid[]) order by account_id for update"
_POST = """
with posted as (
  insert into transactions (id, account_id, user_id, kind, ref, at)
  values ($1::uuid, $2, $3, 'transfer', ($1::uuid)::text, $4))
insert into entries (transaction_id, leg, account_id, user_id, book, currency, amount)
select $1::uuid, ord - 1, account_id, $3, book, $5, amount
from unnest($6::uuid[], $7::text[], $8::numeric[]) with ordinality as n(account_id, book, amount, ord)
"""
_BALANCES = """
insert into balances as b (account_id, user_id, currency, total)
select account_id, $1, $2, amount from unnest($3::uuid[], $4::numeric[]) as n(account_id, amount) order by 1
on conflict (account_id, currency) do update set total = b.total + excluded.total returning account_id, total
"""
_POINTS = """
insert into equity as e (account_id, at, user_id, equity, drawdown)
select account_id, $2, user_id, equity, case when greatest(best, equity) > 0
  then round((greatest(best, equity) - equity) / greatest(best, equity), 18) else 0 end
from accounts where account_id = any($1::uuid[])
on conflict (account_id, minute) do update set at = excluded.at, equity = excluded.equity, drawdown = excluded.drawdown
"""


class PostgresVaults:
    """Both accounts are locked before anything of them is written, as a mark does."""

    async def move(self, work: Work, transfer: Mapping[str, Any], now: datetime) -> dict[UUID, Decimal]:
        ids = [transfer["from_account_id"], transfer["to_account_id"]]
        both = legs(transfer["currency"], transfer["amount"])
        amounts = [leg.amount for leg in both]
        marked = [row["marked_at"] for row in await work.connection.fetch(_LOCK, ids)]
        at = max(now, *marked)  # the market's time may run ahead of the clock
        owner, currency = transfer["user_id"], transfer["currency"]
        books = [leg.book for leg in both]
        await work.connection.execute(_POST, transfer["id"], ids[0], owner, at, currency, ids, books, amounts)
        await work.connection.execute(_SHIFT, ids, amounts, at)
        await work.connection.execute(_POINTS, ids, at)
        rows = await work.connection.fetch(_BALANCES, owner, currency, ids, amounts)
        return {row["account_id"]: row["total"] for row in rows}
