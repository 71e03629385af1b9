"""Who did what that must be on record: changes of keys, of accounts, and terminations. Never holds a secret."""

from datetime import datetime
from typing import Any
from uuid import UUID

from millrace.common.db.database import Connection
from millrace.common.db.work import Work

_NOTE = "insert into audit (user_id, action, subject, outcome, at) values ($1, $2, $3, $4, $5)"
_LIST = "select action, subject, outcome, at from audit where user_id = $1 order by num desc limit $2 offset $3"


async def note(work: Work, user_id: UUID, action: str, subject: UUID, at: datetime, outcome: str = "done") -> None:
    """`user_id` did `action` to the account, group or bot `subject`."""
    await work.connection.execute(_NOTE, user_id, action, subject, outcome, at)


async def noted(connection: Connection, user_id: UUID, limit: int, offset: int) -> list[dict[str, Any]]:
    """The user's own record, newest first."""
    return [dict(row) for row in await connection.fetch(_LIST, user_id, limit, offset)]
