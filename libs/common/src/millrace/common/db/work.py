"""The unit of work: state, inbox and outbox of one service change together or not at all."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from millrace.common.db.database import Connection, Database
from millrace.common.db.outbox import Appended, Outbox
from millrace.common.events.envelope import Envelope
from millrace.common.events.message import Event, Message
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.ids import derive_id, new_id
from millrace.common.telemetry import tracing

# Notes messages in the inbox and returns those not seen before: whether an earlier one of their key is parked.
INBOX = """
insert into inbox (event_id, topic, key, seq)
select * from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[])
on conflict do nothing
returning event_id, exists (select from dead_letters d where d.topic = inbox.topic and d.key = inbox.key
  and d.state in ('parked', 'redrive')) as blocked
"""


class Fenced(RuntimeError):
    """Another process has taken over what this one was writing; nothing was written, and this process must end."""


class Work:
    """One transaction of one service.

    Handlers read and write through `connection`, say what happened with `emit`, and put off what must only follow a
    commit with `after_commit`. `cache` is theirs, for this transaction. They never commit, publish or read the clock.
    """

    def __init__(self, connection: Connection, source: str, clock: Clock) -> None:
        self.connection = connection
        self.cache: dict[Any, Any] = {}
        self.emitted: list[tuple[str, Envelope]] = []
        self._source = source
        self._clock = clock
        self._counts: dict[UUID | None, int] = {}
        self._before_flush: list[Callable[[], Awaitable[None]]] = []
        self._after_commit: list[Callable[[], None]] = []

    def emit(
        self,
        event: Event,
        cause: Message[Event] | None = None,
        *,
        at: datetime | None = None,
        event_id: UUID | None = None,
        stage: int = 0,
        traceparent: str | None = None,
        correlation: UUID | None = None,
    ) -> UUID:
        """Say `event` when this work commits, and return its id.

        With a cause, id and time derive from it, so a replay says the same again; without one they are new.
        """
        origin = cause.envelope if cause else None
        moment = at or (origin.time if origin else self._clock.now())
        if event_id is None:
            event_id = self._derived(moment, origin) if origin else new_id(self._clock)
        story = correlation or ((origin.correlation or origin.id) if origin else event_id)
        envelope = Envelope(
            id=event_id,
            type=event.type,
            source=self._source,
            time=moment,
            key=event.key,
            body=event.model_dump_json().encode(),
            tenant=event.tenant,
            correlation=story,
            causation=origin.id if origin else None,
            traceparent=traceparent or tracing.sent(event.topic, event.type, self._source, origin, story),
            stage=stage,
            event=event,
        )
        self.emitted.append((event.topic, envelope))
        return event_id

    def _derived(self, moment: datetime, origin: Envelope) -> UUID:
        number = self._counts[origin.id] = self._counts.get(origin.id, 0) + 1
        return derive_id(moment, self._source, origin.id, number)

    def before_flush(self, action: Callable[[], Awaitable[None]]) -> None:
        """Run `action` inside the transaction, after the handlers and before the outbox is written."""
        self._before_flush.append(action)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run `action` once the transaction has been committed, and not at all when it was not."""
        self._after_commit.append(action)

    async def flush(self, outbox: Outbox) -> list[Appended]:
        """Write what was put off and the outbox rows; the last thing before the commit."""
        for action in self._before_flush:
            await action()
        return await outbox.append(self.connection, self.emitted) if self.emitted else []

    def committed(self) -> None:
        """Run what had to wait for the commit."""
        for action in self._after_commit:
            action()


class Works:
    """Opens units of work for one service."""

    def __init__(self, database: Database, outbox: Outbox, clock: Clock) -> None:
        self.database = database
        self.outbox = outbox
        self._clock = clock

    @asynccontextmanager
    async def begin(self, user_id: UUID | None = None) -> AsyncIterator[Work]:
        """One unit of work; with `user_id`, row-level security holds it to that user's rows."""
        database = self.database
        async with database.as_user(user_id) if user_id else database.transaction() as connection:
            work = Work(connection, database.schema, self._clock)
            yield work
            said = await work.flush(self.outbox)
        self.outbox.committed(said)
        work.committed()


async def accept(work: Work, topic_envelopes: Sequence[tuple[str, Envelope]]) -> dict[UUID, bool]:
    """Note messages in the inbox. Returns those not seen before: whether an earlier one of their key is parked."""
    rows = await work.connection.fetch(INBOX, *inbox_columns(topic_envelopes))
    return {row["event_id"]: row["blocked"] for row in rows}


def inbox_columns(topic_envelopes: Sequence[tuple[str, Envelope]]) -> tuple[list[Any], ...]:
    """The values that `INBOX` takes as its first parameters."""
    envelopes = [envelope for _, envelope in topic_envelopes]
    return (
        [e.id for e in envelopes],
        [t for t, _ in topic_envelopes],
        [e.key for e in envelopes],
        [e.seq for e in envelopes],
    )
