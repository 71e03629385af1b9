"""What a service is to the runtime: a name, its routes, its HTTP app and its background loops."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from millrace.common.auth.keys import Keys
from millrace.common.bus.port import Bus
from millrace.common.db.database import Database
from millrace.common.db.work import Work, Works
from millrace.common.events.message import Event, Message
from millrace.common.jobs.queue import Jobs
from millrace.common.jobs.run import JobHandler
from millrace.common.jobs.schedule import Schedule
from millrace.common.kernel.clock import Clock, Rng
from millrace.common.runtime.settings import Settings

Handler = Callable[[Work, Message[Any]], Awaitable[None]]
Routes = Mapping[type[Event], Handler]
Prepare = Callable[[Work, Sequence[Message[Any]]], Awaitable[None]]
Concern = Callable[[Any], bool]
Hook = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Context:
    """What the runtime gives to a service's `build`.

    `call(name)` is a client of another service's HTTP API: in process when that service runs here, else over HTTP.
    `at_rest` tells whether nothing is under way on the whole platform; replays wait for it. `jobs` takes the service's
    own durable jobs.
    """

    settings: Settings
    clock: Clock
    rng: Rng
    bus: Bus
    database: Database
    works: Works
    call: Callable[[str], Any]
    keys: Keys
    at_rest: Callable[[], Awaitable[bool]]
    jobs: Jobs


@dataclass(slots=True)
class Service:
    """One service, built and not yet started.

    `routes` says which handler applies which event; `prepare`, where there is one, reads at once what the handlers need
    for all events of a kind in one poll; an event of which `concerns` says no is passed over without a transaction.
    `start` hooks run once the database and the bus answer and before the first message; `loops` run until the service
    stops; `drain` hooks run first when it stops, `stop` hooks last.
    `front` is served to the outside instead of `api` where a service puts something before it; on `ports` too.
    `jobs` says which handler does which durable job (its first migration calls `jobs_table`); `schedules` repeat some.
    `busy` tells whether something is still under way that no message or outbox row shows (an order being sent).
    """

    name: str
    routes: Routes = field(default_factory=dict)
    prepare: Mapping[type[Event], Prepare] = field(default_factory=dict)
    concerns: Mapping[type[Event], Concern] = field(default_factory=dict)
    api: FastAPI | None = None
    front: Any = None
    ports: Sequence[int] = ()
    start: Sequence[Hook] = ()
    loops: Sequence[Hook] = ()
    drain: Sequence[Hook] = ()
    jobs: Mapping[str, JobHandler] = field(default_factory=dict)
    schedules: Sequence[Schedule] = ()
    stop: Sequence[Hook] = ()
    busy: Callable[[], bool] = lambda: False
    batch: int = 500


Build = Callable[[Context], Service]


def migrations_of(service: str) -> Path:
    """The folder of a service's alembic versions; empty path when it owns no tables."""
    import importlib

    package = importlib.import_module(f"millrace.{service}")
    return Path(str(package.__file__)).parent / "migrations"
