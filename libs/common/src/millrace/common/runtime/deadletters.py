"""Messages that could not be applied, and the later ones of their keys."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import orjson

from millrace.common.bus.port import Record
from millrace.common.db.database import RETRYABLE
from millrace.common.db.work import Fenced, Work, Works, accept
from millrace.common.events.envelope import Envelope, read_envelope
from millrace.common.events.message import Message, decode
from millrace.common.events.topics import CATALOGUE
from millrace.common.kernel.ids import derive_id

# one replica at a time, so that the messages of a key are applied in order
_ALONE = "select pg_try_advisory_xact_lock(hashtext('dead letters of ' || current_schema))"
_DUE = "select number, topic, key, headers, body from dead_letters where state = 'redrive' order by number limit 1"
_PARK = """
insert into dead_letters (topic, key, seq, event_id, headers, body, error) values ($1, $2, $3, $4, $5, $6, $7)
on conflict (event_id) do nothing
"""
_DONE = "update dead_letters set state = 'done', done_at = now() where number = $1"
_FAILED = "update dead_letters set state = 'parked', error = $3 where state = 'redrive' and topic = $1 and key = $2"

_NOT_ITS_FAULT: tuple[type[Exception], ...] = (*RETRYABLE, Fenced)


class DeadLetters:
    """The dead-letter table of one service. The same message also goes to the topic's dead-letter topic."""

    def __init__(self, service: str, works: Works) -> None:
        self._service = service
        self._works = works

    async def park(self, work: Work, topic: str, envelope: Envelope, error: str) -> None:
        """Keep a readable message."""
        headers = {name: value.decode(errors="replace") for name, value in envelope.headers()}
        await work.connection.execute(
            _PARK, topic, envelope.key, envelope.seq, envelope.id, orjson.dumps(headers).decode(), envelope.body, error
        )
        work.emitted.append((CATALOGUE[topic].dead_letters(self._service), envelope))

    async def park_record(self, work: Work, record: Record, error: str) -> None:
        """Keep a record that failed, readable or not."""
        envelope = record.envelope
        if isinstance(envelope, Envelope):
            await accept(work, [(record.place.topic, envelope)])
            await self.park(work, record.place.topic, envelope, error)
            return
        place = f"{record.place.topic}/{record.place.partition}/{record.position}"
        at = datetime.fromtimestamp(0, UTC)
        unreadable = Envelope(derive_id(at, place), "unreadable", self._service, at, place, str(envelope).encode())
        await self.park(work, record.place.topic, unreadable, error)

    async def redrive(self, route: Callable[[Work, Message[Any]], Awaitable[None]]) -> bool:
        """Apply the next message marked for it; False when there is none.

        One that fails again stays parked, and all of its key with it.
        """
        if not await self._works.database.fetch(_DUE):
            return False
        row = None
        try:
            async with self._works.begin() as work:
                if await work.connection.fetchval(_ALONE):
                    row = await work.connection.fetchrow(_DUE)
                if row is None:
                    return False
                headers = [(name, str(value).encode()) for name, value in orjson.loads(row["headers"]).items()]
                await route(work, decode(read_envelope(row["key"].encode(), headers, row["body"])))
                await work.connection.execute(_DONE, row["number"])
        except _NOT_ITS_FAULT:
            raise
        except Exception as problem:
            if row is None:
                raise
            async with self._works.begin() as work:
                await work.connection.execute(_FAILED, row["topic"], row["key"], repr(problem))
        return True
