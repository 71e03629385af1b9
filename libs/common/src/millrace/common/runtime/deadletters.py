"""Messages that could not be applied, and the later ones of their keys."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson

from millrace.common.bus.port import Record
from millrace.common.db.work import Work, Works, accept
from millrace.common.events.envelope import Envelope, read_envelope
from millrace.common.events.message import Message, decode
from millrace.common.events.topics import CATALOGUE

_LOOK_SECONDS = 1.0
_LIVE = "select distinct topic, key from dead_letters where state in ('parked', 'redrive')"
_DUE = "select number, headers, body, key from dead_letters where state = 'redrive' order by number"
_PARK = """
insert into dead_letters (topic, key, seq, event_id, headers, body, error) values ($1, $2, $3, $4, $5, $6, $7)
on conflict (event_id) do nothing
"""
_DONE = "update dead_letters set state = 'done' where number = $1"


class DeadLetters:
    """The dead-letter table of one service. The same message also goes to the topic's dead-letter topic."""

    def __init__(self, service: str, works: Works) -> None:
        self._service = service
        self._works = works
        self._live: set[tuple[str, str]] = set()
        self._looked = 0.0

    async def load(self) -> None:
        """Remember which keys are blocked."""
        rows = await self._works.database.fetch(_LIVE)
        self._live = {(row["topic"], row["key"]) for row in rows}
        self._looked = asyncio.get_running_loop().time()

    def blocks(self, topic: str, key: str) -> bool:
        """Whether messages of this key must wait behind a parked one."""
        return (topic, key) in self._live and not CATALOGUE[topic].drop_poison

    def redrive_due(self) -> bool:
        """Whether it is time to look for messages that an operator wants applied again."""
        return bool(self._live) and asyncio.get_running_loop().time() - self._looked > _LOOK_SECONDS

    async def park(self, work: Work, topic: str, envelope: Envelope, error: str) -> None:
        """Keep a readable message."""
        headers = {name: value.decode(errors="replace") for name, value in envelope.headers()}
        await work.connection.execute(
            _PARK, topic, envelope.key, envelope.seq, envelope.id, orjson.dumps(headers).decode(), envelope.body, error
        )
        work.emitted.append((CATALOGUE[topic].dead_letters(self._service), envelope))
        work.after_commit(lambda: self._live.add((topic, envelope.key)))

    async def park_record(self, work: Work, record: Record, error: str) -> None:
        """Keep a record that failed, readable or not."""
        envelope = record.envelope
        if isinstance(envelope, Envelope):
            await accept(work, [(record.place.topic, envelope)])
            await self.park(work, record.place.topic, envelope, error)
            return
        place = f"{record.place.topic}/{record.place.partition}/{record.position}"
        unreadable = Envelope(
            uuid4(), "unreadable", self._service, datetime.fromtimestamp(0, UTC), place, str(envelope).encode()
        )
        await self.park(work, record.place.topic, unreadable, error)

    async def redrive(self, route: Callable[[Work, Message[Any]], Awaitable[None]]) -> None:
        """Apply the messages marked for it, in order; the first that fails again stays, and all behind it."""
        for row in await self._works.database.fetch(_DUE):
            headers = [(name, str(value).encode()) for name, value in orjson.loads(row["headers"]).items()]
            try:
                async with self._works.begin() as work:
                    await route(work, decode(read_envelope(row["key"].encode(), headers, row["body"])))
                    await work.connection.execute(_DONE, row["number"])
            except Exception as problem:
                async with self._works.begin() as work:
                    await work.connection.execute(
                        "update dead_letters set state = 'parked', error = $2 where state = 'redrive' and number >= $1",
                        row["number"],
                        repr(problem),
                    )
                break
        await self.load()
