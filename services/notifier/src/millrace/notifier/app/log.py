"""The log of what each user is told: numbered from 1 without a gap, and what streams are resumed from."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson

from millrace.common.db.database import Database
from millrace.common.db.work import Work
from millrace.common.events.message import Event, Message
from millrace.notifier.domain.hub import Entry, Hub

_NUMBERS = """
insert into streams as s (user_id, seq) select * from unnest($1::uuid[], $2::bigint[])
on conflict (user_id) do update set seq = s.seq + excluded.seq returning user_id, seq
"""
_ADD = """
insert into events (user_id, seq, kind, body, at)
select user_id, seq, kind, body::jsonb, at::timestamptz
from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[]) as n(user_id, seq, kind, body, at)
"""
_AFTER = "select seq, kind, body, at from events where user_id = $1 and seq > $2 order by seq limit $3"
_BOUNDS = """
select s.seq as last, coalesce((select min(e.seq) from events e where e.user_id = $1), s.seq + 1) as first
from streams s where s.user_id = $1
"""
_OLD = """
delete from events where ctid = any(array(
  select ctid from events where noted_at < now() - $1::interval limit $2))
"""
_MANY = """
delete from events where ctid = any(array(
  select e.ctid from streams s join events e on e.user_id = s.user_id and e.seq <= s.seq - $1 limit $2))
"""
_BATCH = 5000

Line = tuple[UUID, int, str, str, str]


class UserLog:
    """Writes, reads and shortens the log."""

    def __init__(self, database: Database, hub: Hub) -> None:
        self._database = database
        self._hub = hub

    async def note(self, work: Work, message: Message[Event]) -> None:
        """Put an event into its user's log when this unit of work ends, and tell the streams after the commit."""
        if message.envelope.tenant is None:
            return
        if UserLog not in work.cache:
            work.cache[UserLog] = {}
            work.before_flush(lambda: self._write(work))
        work.cache[UserLog].setdefault(message.envelope.tenant, []).append(message)

    async def _write(self, work: Work) -> None:
        noted: dict[UUID, list[Message[Event]]] = work.cache[UserLog]
        users = sorted(noted)
        rows = await work.connection.fetch(_NUMBERS, users, [len(noted[user]) for user in users])
        lines: list[Line] = []
        for user, last in ((row["user_id"], row["seq"]) for row in rows):
            told = noted[user]
            added = [_line(user, last - len(told) + n, message) for n, message in enumerate(told, 1)]
            lines += added
            work.after_commit(lambda user=user, added=added: self._tell(user, added))  # type: ignore[misc]
        await work.connection.execute(_ADD, *map(list, zip(*lines, strict=True)))

    def _tell(self, user_id: UUID, lines: list[Line]) -> None:
        if self._hub.listens(user_id):
            self._hub.tell(user_id, [Entry(seq, kind, orjson.loads(body), at) for _, seq, kind, body, at in lines])

    async def after(self, user_id: UUID, seq: int, limit: int) -> list[Entry]:
        """The entries after a sequence number, oldest first."""
        async with self._database.as_user(user_id) as connection:
            rows = await connection.fetch(_AFTER, user_id, seq, limit)
        return [Entry(r["seq"], r["kind"], orjson.loads(r["body"]), r["at"].isoformat()) for r in rows]

    async def bounds(self, user_id: UUID) -> tuple[int, int]:
        """The oldest sequence number that can be read and the newest there is; (1, 0) when there never was one.

        When all has been cut off, the oldest that can be read is one that does not exist yet.
        """
        async with self._database.as_user(user_id) as connection:
            row: Any = await connection.fetchrow(_BOUNDS, user_id)
        return (row["first"], row["last"]) if row else (1, 0)

    async def shorten(self, keep: int, seconds: float) -> int:
        """Cut off what is older than `seconds` or not among a user's newest `keep`; returns how many entries."""
        gone = 0
        for query, bound in ((_OLD, timedelta(seconds=seconds)), (_MANY, keep)):
            cut = _BATCH
            while cut == _BATCH:
                async with self._database.transaction() as connection:
                    status = await connection.execute(query, bound, _BATCH)
                cut = int(status.split()[-1])
                gone += cut
        return gone


def _line(user_id: UUID, seq: int, message: Message[Event]) -> Line:
    kind = message.envelope.type.split(".")[1]
    return user_id, seq, kind, message.envelope.body.decode(), message.at.isoformat()
