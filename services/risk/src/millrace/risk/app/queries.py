"""Questions about limits, alerts and switches."""

from typing import Any
from uuid import UUID

from millrace.common.db.database import Connection

_SWITCHES = """
select * from switches where active and (scope = 'global' or user_id = $1) order by changed_at desc
"""


async def limits(connection: Connection, user_id: UUID) -> list[dict[str, Any]]:
    """The user's limits, oldest first."""
    return [dict(r) for r in await connection.fetch("select * from limits where user_id = $1 order by num", user_id)]


async def alerts(connection: Connection, user_id: UUID, limit: int, offset: int) -> list[dict[str, Any]]:
    """The user's risk alerts, newest first."""
    query = "select * from alerts where user_id = $1 order by triggered_at desc, num desc limit $2 offset $3"
    return [dict(r) for r in await connection.fetch(query, user_id, limit, offset)]


async def switches(connection: Connection, user_id: UUID) -> list[dict[str, Any]]:
    """The kill switches that stop this user now."""
    return [dict(r) for r in await connection.fetch(_SWITCHES, user_id)]
