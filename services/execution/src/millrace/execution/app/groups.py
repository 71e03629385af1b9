"""Groups of accounts: who is in them, and what was ordered through them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from millrace.common.db.database import Connection
from millrace.common.db.work import Work
from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.execution.app.audit import note

_MEMBERS = """
coalesce((select array_agg(a.id order by a.num) from accounts a where a.group_id = g.id and a.deleted_at is null),
  '{}') as accounts
"""
_LIST = f"select g.*, {_MEMBERS} from groups g where user_id = $1 order by num limit $2 offset $3"  # noqa: S608
_ONE = f"select g.*, {_MEMBERS} from groups g where user_id = $1 and id = $2"  # noqa: S608
_FIELDS = ("name", "description", "max_drawdown", "target_monthly_roi", "risk_limit", "settings")
_INSERT = """
insert into groups (name, description, max_drawdown, target_monthly_roi, risk_limit, settings, id, user_id, created_at,
  updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) on conflict do nothing returning id
"""
_UPDATE = """
update groups set name = $1, description = $2, max_drawdown = $3, target_monthly_roi = $4, risk_limit = $5,
  settings = $6, updated_at = $9 where id = $7 and user_id = $8
    and not exists (select from groups where user_id = $8 and name = $1 and id <> $7) returning id
"""
_JOIN = """
update accounts set group_id = $3 where user_id = $1 and id = $2 and deleted_at is null
  and ($4 or group_id is null or group_id = $3) returning id
"""
_LEAVE = "update accounts set group_id = null where user_id = $1 and id = $2 and group_id = $3 returning id"
_ACTIVITY = """
select a.id as account_id, $5::text as interval, o.at as from, count(o.order_id) as orders,
  count(*) filter (where o.state = 'filled') as filled, count(*) filter (where o.state in ('refused', 'rejected')) as
  refused, count(*) filter (where o.state not in ('refused', 'filled', 'cancelled', 'rejected', 'expired')) as live,
  coalesce(sum(o.filled_notional), 0) as volume, coalesce(sum(o.fees), 0) as fees, max(o.updated_at) as last_at
from accounts a join (select *, date_trunc($5, requested_at, 'UTC') as at from orders
  where user_id = $1 and requested_at >= $3 and requested_at < $4) o on o.account_id = a.id
where a.user_id = $1 and a.group_id = $2 group by a.id, a.num, o.at order by o.at, a.num
"""


def shown(row: Any) -> dict[str, Any]:
    """A row with its JSON column read."""
    return {**row, "settings": orjson.loads(row["settings"])}


async def page(connection: Connection, user_id: UUID, limit: int, offset: int) -> tuple[list[dict[str, Any]], int]:
    """The user's groups with the ids of their accounts, oldest first, and how many there are."""
    rows = await connection.fetch(_LIST, user_id, limit, offset)
    total = await connection.fetchval("select count(*) from groups where user_id = $1", user_id)
    return [shown(row) for row in rows], total


async def one(connection: Connection, user_id: UUID, group_id: UUID, *, lock: bool = False) -> dict[str, Any]:
    """One group with the ids of its accounts. Raises NOT_FOUND."""
    row = await connection.fetchrow(_ONE + (" for update of g" if lock else ""), user_id, group_id)
    if row is None:
        raise not_found("group")
    return shown(row)


async def create(work: Work, user_id: UUID, group_id: UUID, given: Mapping[str, Any], at: datetime) -> bool:
    """Add a group, unless it is there: whether it is new. Raises CONFLICT where the user has another of that name."""
    known = "select from groups where user_id = $1 and id = $2"
    try:
        await _write(work, _INSERT, user_id, group_id, given, at)
    except MillraceError:
        if await work.connection.fetchrow(known, user_id, group_id) is None:
            raise
        return False
    await note(work, user_id, "group.create", group_id, at)
    return True


async def update(work: Work, user_id: UUID, group_id: UUID, changes: Mapping[str, Any], at: datetime) -> None:
    """Change what is given."""
    row = await one(work.connection, user_id, group_id, lock=True)
    await _write(work, _UPDATE, user_id, group_id, {**row, **changes}, at)


async def _write(work: Work, query: str, user_id: UUID, group_id: UUID, given: Mapping[str, Any], at: datetime) -> None:
    values = [given[name] for name in _FIELDS[:-1]]
    text = orjson.dumps(given["settings"], default=str).decode()
    if await work.connection.fetchval(query, *values, text, group_id, user_id, at) is None:
        raise MillraceError(Code.CONFLICT, "a group of this name exists already")


async def add(
    work: Work, user_id: UUID, group_id: UUID, account_ids: list[UUID], *, moving: bool = False
) -> tuple[list[UUID], list[dict[str, Any]]]:
    """Who is in the group now, and who could not be added and why. With `moving` an account leaves another group."""
    await one(work.connection, user_id, group_id, lock=True)
    joined, failed = [], []
    for account_id in dict.fromkeys(account_ids):
        if await work.connection.fetchval(_JOIN, user_id, account_id, group_id, moving):
            joined.append(account_id)
            continue
        query = "select group_id from accounts where user_id = $1 and id = $2 and deleted_at is null"
        elsewhere = await work.connection.fetchval(query, user_id, account_id)
        code, text = (Code.CONFLICT, "is in another group") if elsewhere else (Code.NOT_FOUND, "account not found")
        failed.append({"account_id": account_id, "code": code, "message": text})
    return joined, failed


async def replace(work: Work, user_id: UUID, group_id: UUID, account_ids: list[UUID]) -> None:
    """Let exactly these accounts be in the group, coming from whichever they were in. Raises NOT_FOUND, adding none."""
    query = "update accounts set group_id = null where user_id = $1 and group_id = $2"
    await work.connection.execute(query, user_id, group_id)
    _, failed = await add(work, user_id, group_id, account_ids, moving=True)
    if failed:
        raise not_found("account")


async def remove(work: Work, user_id: UUID, group_id: UUID, account_id: UUID) -> None:
    """Take an account out. Raises NOT_FOUND where it is not in the group."""
    await one(work.connection, user_id, group_id, lock=True)
    if await work.connection.fetchval(_LEAVE, user_id, account_id, group_id) is None:
        raise not_found("account in this group")


async def delete(work: Work, user_id: UUID, group_id: UUID, at: datetime) -> None:
    """End a group; its accounts stay. Raises NOT_FOUND."""
    query = "delete from groups where user_id = $1 and id = $2 returning id"
    if await work.connection.fetchval(query, user_id, group_id) is None:
        raise not_found("group")
    await note(work, user_id, "group.delete", group_id, at)


async def activity(
    connection: Connection, user_id: UUID, group_id: UUID, since: datetime, until: datetime, interval: str
) -> list[dict[str, Any]]:
    """The orders of each account of the group by UTC day, week or month; `volume` and `fees` in quote currency."""
    await one(connection, user_id, group_id)
    return [dict(row) for row in await connection.fetch(_ACTIVITY, user_id, group_id, since, until, interval)]
