"""What was said, by user; nobody else reads it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from millrace.assistant.domain.recognise import TOKEN
from millrace.common.db.database import Connection
from millrace.common.db.work import Work

_ADD = """
insert into messages as m (id, user_id, role, content, at) values ($1, $2, $3, $4, $5)
on conflict (id) do update set content = excluded.content where m.user_id = excluded.user_id
"""
_TRIM = """
delete from messages where user_id = $1
  and num <= (select num from messages where user_id = $1 order by num desc offset $2 limit 1)
"""
_NEWEST = """
select id, role, content, at from (select * from messages where user_id = $1 order by num desc limit $2 offset $3) as m
order by num
"""
_COUNT = "select count(*) from messages where user_id = $1"
_CLEAR = "delete from messages where user_id = $1"
_KEPT = 5000


async def add(work: Work, message_id: UUID, user_id: UUID, role: str, content: str, at: datetime) -> None:
    """Keep a message, in the place of what had its id before.

    What looks like a confirmation token is left out; the oldest beyond 5,000 are forgotten.
    """
    await work.connection.execute(_ADD, message_id, user_id, role, TOKEN.sub("[token]", content), at)
    await work.connection.execute(_TRIM, user_id, _KEPT)


async def newest(connection: Connection, user_id: UUID, limit: int, offset: int) -> tuple[list[dict[str, Any]], int]:
    """The newest messages but for `offset`, oldest first, and how many there are."""
    rows = await connection.fetch(_NEWEST, user_id, limit, offset)
    return [dict(row) for row in rows], await connection.fetchval(_COUNT, user_id)


async def clear(work: Work, user_id: UUID) -> int:
    """Forget all; how many there were."""
    return int((await work.connection.execute(_CLEAR, user_id)).split()[-1])
