"""Questions about alerts and switches."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from millrace.common.db.database import Connection
from millrace.risk.domain.alerts import REFUSAL_LASTS
from millrace.risk.domain.book import OF_ORDER

_SWITCHES = """
select * from switches where active and (scope = 'global' or user_id = $1) order by changed_at desc
"""
# In four words: nearing is medium, nearly there is high, reached and acted upon is critical.
_LEVEL = """
case when severity = 'warning' then 'medium' when severity = 'critical' and action_taken = 'none' then 'high'
  when severity = 'critical' then 'critical' else 'low' end
"""
# Its limit is as near as it was then; of those that say the same, the newest. An order that was refused, of which
# another might not be, is news for a while: by the clock, since the market's time may run ahead of it.
_OF_ORDER = ", ".join(map(repr, sorted(OF_ORDER)))
_ACTIVE = f"""
case when action_taken = 'order_refused' and alert_type in ({_OF_ORDER})
then found.told_at > now() - interval '{REFUSAL_LASTS.total_seconds():.0f} seconds' and exists (
  select from watches w where w.account_id = found.account_id and w.kind = alert_type
    and w.symbol = coalesce(found.symbol, '') and w.refused_at = found.triggered_at)
when alert_type = 'kill_switch' then exists (
  select from switches s where s.active and s.changed_at = triggered_at and (s.user_id = $1 or s.user_id is null))
else exists (
  select from watches w where w.account_id = found.account_id and w.kind = alert_type
    and w.symbol = coalesce(found.symbol, '') and w.level >= case severity when 'warning' then 1 else 2 end)
and not exists (
  select from alerts l where l.user_id = $1 and l.num > found.num and l.account_id = found.account_id
    and l.alert_type = found.alert_type and l.symbol is not distinct from found.symbol and l.severity = found.severity
    and not (l.action_taken = 'order_refused' and l.alert_type in ({_OF_ORDER})))
end
"""  # noqa: S608 - constants only
_FOUND = f"""
from (select *, {_LEVEL} as level from alerts where user_id = $1) as found
where ($2::text[] is null or severity = any($2)) and ($3::text[] is null or level = any($3))
  and ($4::text[] is null or alert_type = any($4)) and ($5::text is null or symbol = $5)
  and ($6::uuid is null or account_id = $6) and ($7::timestamptz is null or triggered_at >= $7)
  and ($8::timestamptz is null or triggered_at < $8) and ($9::boolean is null or ({_ACTIVE}) = $9)
"""  # noqa: S608 - constants only
_PAGE = f"select * {_FOUND} order by triggered_at desc, num desc limit $10 offset $11"
_COUNT = f"select count(*) {_FOUND}"


class Chosen(NamedTuple):
    """Which alerts; None means all."""

    severity: Sequence[str] | None = None
    level: Sequence[str] | None = None
    alert_type: Sequence[str] | None = None
    symbol: str | None = None
    account_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    active: bool | None = None


async def alerts(
    connection: Connection, user_id: UUID, chosen: Chosen, limit: int, offset: int
) -> tuple[list[dict[str, Any]], int]:
    """The user's risk alerts, newest first, and how many there are."""
    rows = await connection.fetch(_PAGE, user_id, *chosen, limit, offset)
    return [dict(row) for row in rows], await connection.fetchval(_COUNT, user_id, *chosen)


async def switches(connection: Connection, user_id: UUID) -> list[dict[str, Any]]:
    """The kill switches that stop this user now."""
    return [dict(r) for r in await connection.fetch(_SWITCHES, user_id)]
