"""What a transaction says: rows written with the state they speak of.

Two places to put them. `TableOutbox` writes the service's own `outbox` table, and a relay publishes it to a bus that
cannot join the transaction (Kafka, memory). `LogOutbox` appends to the embedded bus's log directly: that log lives in
the same database, so the commit itself is the publication.
Both give each message the next sequence number of its key; the counter's row lock, held until the commit, keeps the
order of a key's rows equal to the order of its commits.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from millrace.common.db.database import Connection
from millrace.common.events.envelope import Envelope
from millrace.common.events.topics import CATALOGUE
from millrace.common.kernel.partitions import partition_of

Said = tuple[str, Envelope]

_COLUMNS = "topic, partition, key, id, type, source, time, tenant, correlation, causation, traceparent, stage, body"
_INPUT = f"""
input as materialized (
  select * from unnest($1::text[], $2::int[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::timestamptz[],
    $8::uuid[], $9::uuid[], $10::uuid[], $11::text[], $12::int[], $13::bytea[]) with ordinality as t({_COLUMNS}, ord)),
counted as (
  insert into sequences as s (topic, key, seq)
  select topic, key, count(*) from input group by 1, 2 order by 1, 2
  on conflict (topic, key) do update set seq = s.seq + excluded.seq returning topic, key, seq),
numbered as (
  select i.*, c.seq - count(*) over (partition by topic, key)
    + row_number() over (partition by topic, key order by i.ord) as seq
  from input i join counted c using (topic, key))
"""  # noqa: S608 - constants only
_TO_TABLE = f"""
with {_INPUT}
insert into outbox ({_COLUMNS}, seq) select {_COLUMNS}, seq from numbered order by ord
returning topic, key, seq, partition, 0::bigint as position
"""  # noqa: S608
_TO_LOG = f"""
with {_INPUT},
moved as (
  insert into bus.ends as e (topic, partition, position)
  -- after all of `counted`: every transaction takes its locks in one order, so none can wait in a circle
  select topic, partition, count(*) from input where (select count(*) from counted) > 0 group by 1, 2 order by 1, 2
  on conflict (topic, partition) do update set position = e.position + excluded.position
  returning topic, partition, position)
insert into bus.log ({_COLUMNS}, seq, position)
select {_COLUMNS}, seq, m.position - count(*) over (partition by topic, partition)
    + row_number() over (partition by topic, partition order by n.ord) - 1
from numbered n join moved m using (topic, partition)
returning topic, key, seq, partition, position
"""  # noqa: S608


def _partition(topic: str, key: str) -> int:
    known = CATALOGUE.get(topic)  # dead-letter topics are not in it: they have one partition
    return partition_of(key, known.partitions) if known else 0


class Outbox(Protocol):
    """Where a unit of work puts what it says."""

    async def append(self, connection: Connection, said: Sequence[Said]) -> "list[Appended]":
        """Write the messages; returns them with their sequence numbers, in the same order."""
        ...

    def committed(self, appended: "Sequence[Appended]") -> None:
        """The transaction that appended them is committed."""
        ...


class Appended(NamedTuple):
    """A message as it was written; `position` is its place in the embedded log, 0 in a table."""

    topic: str
    partition: int
    position: int
    envelope: Envelope


class TableOutbox:
    """Rows for the relay; `wake` tells it that there are some."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    async def append(self, connection: Connection, said: Sequence[Said]) -> list[Appended]:
        return await _insert(connection, _TO_TABLE, said)

    def committed(self, appended: Sequence[Appended]) -> None:
        if appended:
            self._wake()


class LogOutbox:
    """Straight into the embedded log; `deliver` hands the committed messages to this process's readers."""

    def __init__(self, deliver: Callable[[Sequence[Appended]], None]) -> None:
        self._deliver = deliver

    async def append(self, connection: Connection, said: Sequence[Said]) -> list[Appended]:
        return await _insert(connection, _TO_LOG, said)

    def committed(self, appended: Sequence[Appended]) -> None:
        if appended:
            self._deliver(appended)


async def _insert(connection: Connection, statement: str, said: Sequence[Said]) -> list[Appended]:
    envelopes = [e for _, e in said]
    rows = await connection.fetch(
        statement,
        [topic for topic, _ in said],
        [_partition(topic, e.key) for topic, e in said],
        *([getattr(e, name) for e in envelopes] for name in _FIELDS),
    )
    # rows come back in no promised order; within one key the sequence numbers follow the order of `said`
    numbers: dict[tuple[str, str], list[tuple[int, int, int]]] = {}
    for row in rows:
        numbers.setdefault((row["topic"], row["key"]), []).append((row["seq"], row["partition"], row["position"]))
    turns = {key: iter(sorted(found)) for key, found in numbers.items()}
    result = []
    for topic, envelope in said:
        seq, partition, position = next(turns[topic, envelope.key])
        result.append(Appended(topic, partition, position, envelope.numbered(seq)))
    return result


_FIELDS = ("key", "id", "type", "source", "time", "tenant", "correlation", "causation", "traceparent", "stage", "body")
