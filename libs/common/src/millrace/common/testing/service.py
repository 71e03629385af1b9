"""Services on a stand: the real handlers, routes and tables, on the memory bus and a database of their own.

A test says what other services would say, waits until all is at rest, and looks at what was said and answered.
"""

import typing
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import pytest
from fastapi.dependencies import models as dependencies

from millrace.common.auth.internal import HEADER
from millrace.common.auth.principal import Principal
from millrace.common.bus.memory import MemoryBus
from millrace.common.db import migrate
from millrace.common.events.envelope import Envelope
from millrace.common.events.message import Event, Message, decode
from millrace.common.events.topics import CATALOGUE
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.ids import new_id
from millrace.common.runtime.host import Host, owned_schemas
from millrace.common.runtime.settings import Settings
from millrace.common.testing.postgres import NewDatabase
from millrace.common.web.client import Answer

E = TypeVar("E", bound=Event)
SOURCE = "test"
ADMIN = Principal(UUID(int=0), "test", "admin")


class Stand:
    """One or more services, started. `said` gathers what they say."""

    def __init__(self, host: Host) -> None:
        assert isinstance(host.bus, MemoryBus)
        self.host = host
        self.bus = host.bus
        self.messages: list[Message[Event]] = []
        self._seq: dict[tuple[str, str], int] = {}

    async def open(self) -> None:
        """Begin to listen, also to a host that has taken the place of the first."""
        assert isinstance(self.host.bus, MemoryBus)
        self.bus = self.host.bus
        self._ear = await self.bus.subscribe("test-ear", [name for name, topic in CATALOGUE.items() if topic.durable])

    def envelope(self, event: Event, at: datetime | None = None, event_id: UUID | None = None) -> Envelope:
        """The event as its producer would send it, with the next sequence number of its key."""
        place = (event.topic, event.key)
        self._seq[place] = self._seq.get(place, 0) + 1
        event_id = event_id or new_id()
        return Envelope(
            id=event_id,
            type=event.type,
            source=SOURCE,
            time=at or datetime.now(UTC),
            key=event.key,
            body=event.model_dump_json().encode(),
            tenant=event.tenant,
            seq=self._seq[place],
            correlation=event_id,
        )

    async def hear(self, *events: Event, at: datetime | None = None) -> None:
        """Let the services hear events, and wait until they have come to rest."""
        await self.deliver(*((event.topic, self.envelope(event, at)) for event in events))

    async def deliver(self, *messages: tuple[str, Envelope]) -> None:
        """The same with envelopes of one's own: repeated, reordered, broken."""
        await self.bus.publish(messages)
        await self.rest()

    async def rest(self, seconds: float = 20.0) -> None:
        """Wait until nothing is under way, then gather what was said."""
        await self.host.until(self.host.at_rest, seconds)
        while records := await self._ear.poll(500, 0):
            found = [r.envelope for r in records if isinstance(r.envelope, Envelope) and r.envelope.source != SOURCE]
            self.messages += [decode(envelope) for envelope in found]

    def said(self, kind: type[E]) -> list[E]:
        """The events of one kind that the services have said, in order per key."""
        return [m.event for m in self.messages if isinstance(m.event, kind)]

    async def ask(
        self,
        service: str,
        method: str,
        path: str,
        user: Principal | None = ADMIN,
        *,
        json: Any = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """A service's answer to a request in the name of `user`; without a user, without an identity."""
        sent = dict(headers or {})
        if user is not None:
            sent[HEADER] = self.host.keys().internal.sign(user, service)
        return await self.host.client(service).request(method, path, json=json, query=query, headers=sent, deadline=30)

    async def rows(self, service: str, query: str, *values: Any) -> list[dict[str, Any]]:
        """Rows of a service's own tables."""
        return [dict(row) for row in await self.host.running[service].database.fetch(query, *values)]


StartService = Callable[..., Awaitable[Stand]]


@pytest.fixture(scope="session")
async def migrated(new_database: NewDatabase) -> Callable[[tuple[str, ...]], Awaitable[str]]:
    """Gives a fresh database with the schemas of some services: a copy of one that was migrated once."""
    templates: dict[tuple[str, ...], str] = {}

    async def create(names: tuple[str, ...]) -> str:
        if names not in templates:
            templates[names] = await new_database()
            await migrate.upgrade(templates[names], owned_schemas(names))
        return await new_database(templates[names])

    return create


@pytest.fixture
async def start_service(
    migrated: Callable[[tuple[str, ...]], Awaitable[str]], new_database: NewDatabase, tmp_path: Path
) -> AsyncIterator[StartService]:
    """`await start_service("risk")` starts services on a stand; they stop with the test, and their database goes."""
    stands: list[Stand] = []

    async def start(*names: str, clock: Clock | None = None, **settings: Any) -> Stand:
        url = await migrated(names)
        host = Host(Settings(bus="memory", database_url=url, data_dir=tmp_path, **settings), names, clock=clock)
        await host.start(migrating=False)
        stand = Stand(host)
        await stand.open()
        stands.append(stand)
        return stand

    yield start
    for stand in stands:
        await stand.host.stop()
        await new_database.drop(stand.host.settings.database_url)
    _forget()


def _forget() -> None:
    """Let go of the services that have stopped.

    FastAPI and `typing` remember functions and types they have met, which hold whole services: after a thousand tests a
    gigabyte that each collection of garbage walks through.
    """
    for remembered in vars(dependencies).values():
        if hasattr(remembered, "cache_clear"):
            remembered.cache_clear()
    for clear in typing._cleanups:  # type: ignore[attr-defined]
        clear()
