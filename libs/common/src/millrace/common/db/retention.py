"""Forgets what nobody can need any more, a little at a time.

An inbox must remember longer than the bus keeps what it may deliver again, so it gets a margin.
"""

from collections.abc import Sequence

from millrace.common.db.database import Connection, Database
from millrace.common.events.topics import CATALOGUE, DAY

LETTERS_SECONDS = 30 * DAY
_MARGIN_SECONDS = 2 * DAY

# $1, $2: topics and how many seconds their rows are kept; $3: the same for topics no longer known; $4: how many rows
_INBOX = """
delete from inbox where event_id in (
  select i.event_id from inbox i left join unnest($1::text[], $2::float8[]) as kept(topic, seconds) using (topic)
  where i.received_at < now() - make_interval(secs => least($3, (select min(s) from unnest($2) as s)))
    and i.received_at < now() - make_interval(secs => coalesce(kept.seconds, $3)) limit $4)
"""
_OUTBOX = """
delete from outbox where number in (
  select o.number from outbox o left join unnest($1::text[], $2::float8[]) as kept(topic, seconds) using (topic)
  where o.published_at < now() - make_interval(secs => least($3, (select min(s) from unnest($2) as s)))
    and o.published_at < now() - make_interval(secs => coalesce(kept.seconds, $3)) limit $4)
"""
_LETTERS = """
delete from dead_letters where number in (
  select number from dead_letters where state in ('done', 'discarded')
    and coalesce(done_at, parked_at) < now() - make_interval(secs => $1) limit $2)
"""


async def forget(database: Database, batch: int = 1000) -> bool:
    """Delete up to `batch` rows each of a service's old inbox, outbox and dead letters; whether there may be more."""
    topics = list(CATALOGUE)
    kept = [float(CATALOGUE[topic].retention_seconds) for topic in topics]
    remembered = [seconds + _MARGIN_SECONDS for seconds in kept]
    full = False
    for statement, values in (
        (_INBOX, (topics, remembered, LETTERS_SECONDS + _MARGIN_SECONDS, batch)),
        (_OUTBOX, (topics, kept, LETTERS_SECONDS, batch)),
        (_LETTERS, (LETTERS_SECONDS, batch)),
    ):
        async with database.transaction() as connection:
            full |= await deleted(connection, statement, values) >= batch
    return full


async def deleted(connection: Connection, statement: str, values: Sequence[object]) -> int:
    """Run a `delete`; how many rows it took."""
    return int((await connection.execute(statement, *values)).split()[-1])
