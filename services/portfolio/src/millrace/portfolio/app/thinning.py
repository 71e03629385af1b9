"""Equity is kept by the minute for some days, then by the hour, then by the day; by the market's time, not the clock's.

Of each hour or day the last point stays, the one at which it closed. So does the first point of all: without it, what
an account was opened with would look like a gain.
"""

from datetime import timedelta

from millrace.common.db.database import Database
from millrace.portfolio.config import PortfolioSettings

_BATCH = 50
_DUE = """
select account_id, marked_at from accounts
where marked_at >= coalesce(thinned_at, '-infinity') + interval '1 hour'
order by account_id limit $1 for update skip locked
"""
_THIN = """
delete from equity e using (
  select account_id, at, lead(at) over (partition by account_id, date_bin($2, at, origin) order by at) as later,
    lag(at) over (partition by account_id order by at) as earlier
  from equity, (values (timestamptz '1970-01-01 00:00:00.000001+00')) as grid(origin)
  where account_id = any($1::uuid[])) as point
where e.account_id = point.account_id and e.at = point.at and point.later is not null and point.earlier is not null
  and e.at <= (select marked_at from accounts a where a.account_id = e.account_id) - $3::interval
"""
_FORGET = """
delete from equity e using accounts a
where a.account_id = e.account_id and a.account_id = any($1::uuid[]) and e.at < a.marked_at - $2::interval
"""
_DONE = "update accounts set thinned_at = marked_at where account_id = any($1::uuid[])"


async def thin(database: Database, settings: PortfolioSettings) -> bool:
    """Thin the history of the accounts that have moved on by an hour; whether there may be more of them."""
    async with database.transaction() as connection:
        ids = [row["account_id"] for row in await connection.fetch(_DUE, _BATCH)]
        if ids:
            await connection.execute(_THIN, ids, timedelta(hours=1), timedelta(days=settings.minutes_days))
            await connection.execute(_THIN, ids, timedelta(days=1), timedelta(days=settings.hours_days))
            await connection.execute(_FORGET, ids, timedelta(days=settings.equity_days))
            await connection.execute(_DONE, ids)
    return len(ids) == _BATCH
