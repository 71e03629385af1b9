"""What owners do with their limits. They narrow the system's own and never widen them."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from millrace.common.db.work import Work
from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.common.kernel.ids import new_id
from millrace.common.kernel.symbols import parse_symbol
from millrace.risk.domain.limits import DRAWDOWN, POSITION

Row = dict[str, Any]
_CHANGEABLE = ("limit_value", "warning_threshold", "critical_threshold", "enabled")

_ADD = """
insert into limits (id, user_id, account_id, limit_type, symbol, limit_value, warning_threshold, critical_threshold,
  source, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, 'user', $9, $9)
on conflict (user_id, limit_type, coalesce(symbol, ''), coalesce(account_id, '00000000-0000-0000-0000-000000000000'))
do update set limit_value = excluded.limit_value, warning_threshold = excluded.warning_threshold,
  critical_threshold = excluded.critical_threshold, enabled = true, source = 'user', updated_at = excluded.updated_at
returning *
"""
_CHANGE = """
update limits set limit_value = $3, warning_threshold = $4, critical_threshold = $5, enabled = $6, updated_at = $7
where user_id = $1 and id = $2 returning *
"""


async def add(work: Work, user_id: UUID, asked: Any, now: datetime) -> Row:
    """Set a limit; one of the same kind, symbol and account is replaced."""
    symbol = str(parse_symbol(asked.symbol)) if asked.symbol is not None else None
    if symbol is not None and asked.limit_type != POSITION:
        raise _invalid("symbol", f"cannot be given for {asked.limit_type}: it holds for the whole account")
    check(asked.limit_type, asked.limit_value, asked.warning_threshold, asked.critical_threshold)
    if asked.account_id is not None:
        await _own_account(work, user_id, asked.account_id)
    row = await work.connection.fetchrow(
        _ADD,
        new_id(),
        user_id,
        asked.account_id,
        asked.limit_type,
        symbol,
        asked.limit_value,
        asked.warning_threshold,
        asked.critical_threshold,
        now,
    )
    return dict(row or {})


async def change(work: Work, user_id: UUID, limit_id: UUID, changes: Row, now: datetime) -> Row:
    """Change values of a limit; what is not given stays. Raises NOT_FOUND for ids of others."""
    query = "select * from limits where user_id = $1 and id = $2 for update"
    found = await work.connection.fetchrow(query, user_id, limit_id)
    if found is None:
        raise not_found("limit")
    row = {**dict(found), **changes}
    check(row["limit_type"], row["limit_value"], row["warning_threshold"], row["critical_threshold"])
    changed = await work.connection.fetchrow(_CHANGE, user_id, limit_id, *(row[n] for n in _CHANGEABLE), now)
    return dict(changed or {})


async def remove(work: Work, user_id: UUID, limit_id: UUID) -> Row:
    """Delete a limit; the system's own hold again. Raises NOT_FOUND for ids of others."""
    query = "delete from limits where user_id = $1 and id = $2 returning *"
    found = await work.connection.fetchrow(query, user_id, limit_id)
    if found is None:
        raise not_found("limit")
    return dict(found)


def check(kind: str, value: Decimal, warning: Decimal, critical: Decimal) -> None:
    """Raises VALIDATION_ERROR unless the numbers make sense together."""
    if kind == DRAWDOWN and value > 1:
        raise _invalid("limit_value", "of a drawdown is a fraction: at most 1")
    if warning > critical:
        raise _invalid("warning_threshold", "must not be above critical_threshold")


async def _own_account(work: Work, user_id: UUID, account_id: UUID) -> None:
    query = "select 1 from books where user_id = $1 and account_id = $2"
    if await work.connection.fetchval(query, user_id, account_id) is None:
        raise not_found("account")


def _invalid(field: str, reason: str) -> MillraceError:
    return MillraceError(Code.VALIDATION_ERROR, f"{field} {reason}", fields={field: reason})
