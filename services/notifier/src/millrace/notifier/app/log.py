"""The log of what each user is told: numbered from 1 without a gap, and what streams are resumed from."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import orjson

from millrace.common.db.database import Database
from millrace.common.db.work import Work
from millrace.common.events.message import Event, Message
from millrace.notifier.domain.hub import Entry, Hub

# Gives each user's next numbers, and tells them: user by user, in the order of the lines.
_ADD = """
with told as (
  select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[])
    with ordinality as t(user_id, kind, body, at, ord)),
counted as (
  insert into streams as s (user_id, seq) select user_id, count(*) from told group by 1 order by 1
  on conflict (user_id) do update set seq = s.seq + excluded.seq returning user_id, seq)
insert into events (user_id, seq, kind, body, at)
select user_id, c.seq - count(*) over mine + row_number() over (mine order by ord), kind, body::jsonb, at::timestamptz
from told join counted c using (user_id) window mine as (partition by user_id)
returning user_id, seq
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
        lines = [(user, *_line(message)) for user, messages in noted.items() for message in messages]
        rows = await work.connection.fetch(_ADD, *map(list, zip(*lines, strict=True)))
        first: dict[UUID, int] = {}
        for user, seq in rows:
            first[user] = min(seq, first.get(user, seq))
        for user, messages in noted.items():
            work.after_commit(partial(self._tell, user, first[user], messages))

    def _tell(self, user_id: UUID, first: int, messages: Sequence[Message[Event]]) -> None:
        if self._hub.listens(user_id):
            lines = enumerate(map(_line, messages), first)
            self._hub.tell(user_id, [Entry(seq, kind, orjson.loads(body), at) for seq, (kind, body, at) in lines])

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


def _line(message: Message[Event]) -> tuple[str, str, str]:
    """Kind, body and time."""
    return message.envelope.type.split(".")[1], message.envelope.body.decode(), message.at.isoformat()
