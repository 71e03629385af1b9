"""The log of what each user is told: numbered from 1 without a gap, and what streams are resumed from."""

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
_BOUNDS = "select coalesce(min(seq), 0) as first, coalesce(max(seq), 0) as last from events where user_id = $1"


class UserLog:
    """Writes and reads the log."""

    def __init__(self, database: Database, hub: Hub) -> None:
        self._database = database
        self._hub = hub

    async def note(self, work: Work, message: Message[Event]) -> None:
        """Put an event into its user's log when this unit of work ends, and tell the streams after the commit."""
        if message.envelope.tenant is None:
            return
        if UserLog not in work.cache:
            work.cache[UserLog] = []
            work.before_flush(lambda: self._write(work))
        work.cache[UserLog].append(message)

    async def _write(self, work: Work) -> None:
        messages: list[Message[Event]] = work.cache[UserLog]
        counts: dict[UUID, int] = {}
        for message in messages:
            assert message.envelope.tenant is not None
            counts[message.envelope.tenant] = counts.get(message.envelope.tenant, 0) + 1
        users = sorted(counts)
        rows = await work.connection.fetch(_NUMBERS, users, [counts[user] for user in users])
        following = {row["user_id"]: row["seq"] - counts[row["user_id"]] for row in rows}
        entries: dict[UUID, list[Entry]] = {}
        lines: list[tuple[UUID, int, str, str, str]] = []
        for message in messages:
            user = message.envelope.tenant
            assert user is not None
            following[user] += 1
            body = message.envelope.body.decode()
            kind = message.envelope.type.split(".")[1]
            at = message.at.isoformat()
            lines.append((user, following[user], kind, body, at))
            entries.setdefault(user, []).append(Entry(following[user], kind, orjson.loads(body), at))
        await work.connection.execute(_ADD, *map(list, zip(*lines, strict=True)))
        for user, told in entries.items():
            work.after_commit(lambda user=user, told=told: self._hub.tell(user, told))  # type: ignore[misc]

    async def after(self, user_id: UUID, seq: int, limit: int) -> list[Entry]:
        """The entries after a sequence number, oldest first."""
        async with self._database.as_user(user_id) as connection:
            rows = await connection.fetch(_AFTER, user_id, seq, limit)
        return [Entry(r["seq"], r["kind"], orjson.loads(r["body"]), r["at"].isoformat()) for r in rows]

    async def bounds(self, user_id: UUID) -> tuple[int, int]:
        """The oldest and newest sequence numbers that can be read; zeros when there is nothing."""
        async with self._database.as_user(user_id) as connection:
            row: Any = await connection.fetchrow(_BOUNDS, user_id)
        return row["first"], row["last"]
