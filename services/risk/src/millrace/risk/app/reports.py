"""Which limits hold, and how much of each is used."""

from datetime import datetime
from typing import Any
from uuid import UUID

from millrace.common.db.database import Connection
from millrace.common.kernel.errors import not_found
from millrace.common.kernel.money import ZERO, divided
from millrace.risk.config import RiskSettings
from millrace.risk.domain.limits import Limit, effective

Row = dict[str, Any]

# Of several accounts and symbols the one that is nearest to its limit counts; a loss is of the day that $2 is in.
_LIMITS = """
select l.*, coalesce(case l.limit_type
  when 'position_value' then (select max(greatest(e.quantity, 0) * e.price + e.buying) from exposures e
    where e.user_id = l.user_id and e.account_id = coalesce(l.account_id, e.account_id)
      and e.symbol = coalesce(l.symbol, e.symbol))
  else (select max(case l.limit_type when 'open_orders' then b.open_orders when 'drawdown' then b.drawdown
      else case when (b.marked_at - interval '1 us')::date >= ($2::timestamptz - interval '1 us')::date
        then case l.limit_type when 'daily_loss' then greatest(-b.day_pnl, 0) else b.day_loss end else 0 end end)
    from books b where b.user_id = l.user_id and b.account_id = coalesce(l.account_id, b.account_id))
  end, 0)::numeric(38,18) as current_value
from limits l where l.user_id = $1
"""
_LISTED = f"{_LIMITS} and ($3::text is null or source = $3) and ($4::uuid is null or group_id = $4) order by num"
_ONE = f"{_LIMITS} and l.id = $3"
_WRITER = "select contract, written_at from limit_writers where user_id = $1"
_OWN = """
select limit_type, symbol, limit_value, warning_threshold, critical_threshold from limits
where user_id = $1 and enabled and source = 'user' and symbol is null and (account_id is null or account_id = $2)
"""
_BEGUN = "select min(created_at) from limits where user_id = $1"


def shown(row: Row, system: dict[str, Limit]) -> Row:
    """The row of a system's limit with the setting's value."""
    if row["source"] == "system":
        row["limit_value"] = system[row["limit_type"]].value
    return row


async def limits(
    connection: Connection,
    user_id: UUID,
    now: datetime,
    system: dict[str, Limit],
    source: str | None = None,
    group_id: UUID | None = None,
) -> list[Row]:
    """The user's limits and the system's, oldest first, with what is used of them."""
    rows = await connection.fetch(_LISTED, user_id, now, source, group_id)
    return [_used(shown(dict(row), system)) for row in rows]


async def known(connection: Connection, user_id: UUID, limit_id: UUID, now: datetime, system: dict[str, Limit]) -> Row:
    """One of them. Raises NOT_FOUND."""
    row = await connection.fetchrow(_ONE, user_id, now, limit_id)
    if row is None:
        raise not_found("limit")
    return _used(shown(dict(row), system))


def _used(row: Row) -> Row:
    value, current = row["limit_value"], row["current_value"]
    return {**row, "utilization": divided(current, value) if value else ZERO}


async def writer(connection: Connection, user_id: UUID) -> tuple[str | None, datetime | None]:
    """Through which contract the user last wrote limits, and when."""
    row = await connection.fetchrow(_WRITER, user_id)
    return (row["contract"], row["written_at"]) if row is not None else (None, None)


async def composed(connection: Connection, user_id: UUID, account_id: UUID | None, settings: RiskSettings) -> Row:
    """What holds for every account of the user, or for one: the strictest of each kind. `updated_at` may be None."""
    own = await connection.fetch(_OWN, user_id, account_id)
    found = effective(settings, [dict(row) for row in own])
    contract, written = await writer(connection, user_id)
    return {
        "max_position_value": found.position.value,
        "max_daily_loss": found.daily_loss.value,
        "max_daily_loss_fraction": found.day_loss.value if found.day_loss else None,
        "max_drawdown": found.drawdown.value,
        "max_open_orders": int(found.open_orders.value),
        "updated_at": written or await connection.fetchval(_BEGUN, user_id),
        "last_contract": contract,
    }
