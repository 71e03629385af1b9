"""Runs services in this process: all of them (embedded), or one (distributed). The code is the same."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import entry_points, version
from pathlib import Path

import structlog

from millrace.common.auth.keys import Keys
from millrace.common.bus.memory import MemoryBus
from millrace.common.bus.port import Bus
from millrace.common.bus.postgres import PostgresBus
from millrace.common.db import migrate, retention
from millrace.common.db.database import CONNECTION_ERRORS, Database
from millrace.common.db.embedded import EmbeddedPostgres
from millrace.common.db.outbox import LogOutbox, Outbox, TableOutbox
from millrace.common.db.relay import Relay
from millrace.common.db.work import Works
from millrace.common.events.topics import heard_by
from millrace.common.jobs.queue import Jobs
from millrace.common.jobs.worker import Worker
from millrace.common.kernel.clock import Clock, SystemClock, SystemRng
from millrace.common.kernel.instruments import register
from millrace.common.runtime import rest
from millrace.common.runtime.clocks import MessageClock
from millrace.common.runtime.consumer import Consumer
from millrace.common.runtime.failures import USAGE, Failure
from millrace.common.runtime.housekeeping import keep_house
from millrace.common.runtime.service import Build, Context, Hook, Service, migrations_of
from millrace.common.runtime.settings import Settings
from millrace.common.runtime.vitals import watch_loop, watch_storage
from millrace.common.runtime.watchdog import Watchdog
from millrace.common.telemetry import metrics, series, tracing
from millrace.common.web.client import InProcess, ServiceClient
from millrace.common.web.http import Http

log = structlog.get_logger()

_STOP_SECONDS = 8.0
_REST_LOOKS, _REST_PAUSE = 250, 0.001


@dataclass(slots=True)
class Running:
    """A started service and what keeps it going."""

    service: Service
    database: Database
    consumer: Consumer | None
    relay: Relay | None
    worker: Worker | None
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class Host:
    """Starts, watches and stops the services `names` in this process."""

    def __init__(self, settings: Settings, names: Sequence[str], *, clock: Clock | None = None) -> None:
        self.settings = settings
        self.names = list(names)
        self.clock: Clock = clock or (MessageClock() if settings.clock == "messages" else SystemClock())
        self.running: dict[str, Running] = {}
        self.failed: asyncio.Future[BaseException] | None = None
        self.draining = False
        self.bus: Bus
        self.url = ""
        self._postgres: EmbeddedPostgres | None = None
        self._clients: dict[str, Http] = {}
        self._others: list[Http] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, *, migrating: bool = True) -> None:
        """Bring everything up, in order: database, schemas, bus, services. Raises what prevents it.

        Servers that are not there yet are waited for, so that the order in which an operator starts things is free.
        """
        self.failed = asyncio.get_running_loop().create_future()
        register(self.settings.instruments)
        self.keys()  # a weak key and an incomplete bus are refused before anything is started
        if self.settings.bus == "kafka" and not self.settings.kafka:
            raise Failure("MILLRACE_BUS=kafka needs to know where Kafka is", "set MILLRACE_KAFKA=host:port", USAGE)
        process = self.names[0] if len(self.names) == 1 else "millrace"
        tracing.configure(process, self.settings.otlp_endpoint)
        profile = "embedded" if len(self.names) > 1 else "distributed"
        metrics.BUILD.labels(version("millrace-common"), profile).set(1)
        self._tasks.append(self._spawn(process, partial(watch_loop, process)))
        self.url, builders = await asyncio.gather(self._database_url(), asyncio.to_thread(_builders, self.names))
        if migrating:
            await self._patiently("database", lambda: migrate.upgrade(self.url, owned_schemas(self.names)))
        self.bus = self._make_bus()
        await self._patiently("bus", self.bus.start)
        for name, build in builders.items():
            await self._start(name, build)
        for running in self.running.values():
            await self._run(running)
        if isinstance(self.bus, PostgresBus):
            self._tasks.append(self._spawn("bus", partial(keep_house, "bus", self.bus.forget)))

    async def _patiently(self, what: str, action: Callable[[], Awaitable[object]]) -> None:
        deadline = asyncio.get_running_loop().time() + self.settings.start_seconds
        while True:
            try:
                await action()
                return
            except CONNECTION_ERRORS as problem:
                if asyncio.get_running_loop().time() > deadline:
                    raise
                log.warning("waiting to start", on=what, error=repr(problem))
                await asyncio.sleep(0.5)

    async def _database_url(self) -> str:
        if self.settings.database_url:
            return self.settings.database_url
        self._postgres = EmbeddedPostgres(self.settings.data_dir / "postgres")
        return await asyncio.to_thread(self._postgres.start)

    def _make_bus(self) -> Bus:
        match self.settings.bus:
            case "memory":
                return MemoryBus()
            case "postgres":
                return PostgresBus(self.url)
            case "kafka":
                from millrace.common.bus.kafka import KafkaBus

                settings = self.settings
                return KafkaBus(
                    settings.kafka,
                    settings.instance,
                    prefix=settings.kafka_prefix,
                    replicas=settings.kafka_replicas,
                )

    async def _start(self, name: str, build: Build) -> None:
        database = Database(self.url, name)
        await self._patiently("database", database.open)
        relay, outbox = self._outbox(database)
        works = Works(database, outbox, self.clock)
        keys, jobs = self.keys(), Jobs()
        context = Context(
            self.settings, self.clock, SystemRng(), self.bus, database, works, self.client, keys, self.at_rest, jobs
        )
        try:
            service = build(context)
        except BaseException:
            await database.close()
            raise
        jobs.names = service.jobs.keys()
        worker = Worker(name, works, jobs, service.jobs, service.schedules) if service.jobs else None
        topics = heard_by(name, durable=True)
        consumer = None
        if service.routes:
            clock = self.clock if isinstance(self.clock, MessageClock) else None
            consumer = Consumer(
                name,
                service.routes,
                topics,
                works,
                self.bus,
                prepare=service.prepare,
                concerns=service.concerns,
                clock=clock,
                batch=service.batch,
            )
        self.running[name] = Running(service, database, consumer, relay, worker)
        series.begin(name, topics if consumer else ())

    def _outbox(self, database: Database) -> tuple[Relay | None, Outbox]:
        if isinstance(self.bus, PostgresBus):
            return None, LogOutbox(self.bus.deliver)
        relay = Relay(database, self.bus.publish)
        return relay, TableOutbox(relay.wake)

    async def _run(self, running: Running) -> None:
        for hook in running.service.start:
            await self._patiently(running.service.name, hook)
        name = running.service.name
        loops: list[Hook] = [
            *running.service.loops,
            partial(keep_house, name, partial(retention.forget, running.database)),
            partial(watch_storage, name, running.database),
        ]
        if running.relay:
            loops.append(running.relay.run)
        if running.consumer:
            loops += [running.consumer.run, Watchdog(running.consumer).run]
        if running.worker:
            loops.append(running.worker.run)
        running.tasks += [self._spawn(name, loop) for loop in loops]

    def _spawn(self, name: str, loop: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(loop())
        task.set_name(f"{name}:{getattr(loop, '__qualname__', loop)}")
        task.add_done_callback(partial(self._ended, name))
        return task

    def _ended(self, name: str, task: "asyncio.Task[None]") -> None:
        if self.draining or task.cancelled() or self.failed is None or self.failed.done():
            return
        problem = task.exception()
        if problem is not None:
            log.error("a background loop failed", service=name, task=task.get_name(), exc_info=problem)
            self.failed.set_result(problem)

    def client(self, name: str) -> ServiceClient:
        """How to ask service `name` something: a call when it runs here, HTTP when it does not."""
        if name in self.running and (app := self.running[name].service.api) is not None:
            return InProcess(app)
        if name not in self._clients:
            self._clients[name] = Http(self.settings.url_of(name))
        return self._clients[name]

    def keys(self) -> Keys:
        """The platform's secrets."""
        settings = self.settings
        return Keys.load(settings.data_dir, settings.master_key, settings.internal_key, settings.approval_key)

    async def until(self, true: Callable[[], Awaitable[bool]], seconds: float = 15.0) -> None:
        """Wait until something holds. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not await true():
                await asyncio.sleep(0.02)

    async def at_rest(self) -> bool:
        """Whether nothing is under way on the whole platform: here, and in the processes at `rest_urls`."""
        if not self.settings.rest_urls:
            return await self.rests()
        self._others = self._others or [Http(url) for url in self.settings.rest_urls.split(",")]
        return await rest.all_rest([*map(rest.other, self._others), self.rested])

    async def rested(self, sent: rest.Sent) -> rest.Places | None:
        """This process's places once it has applied what others have sent and rests; None if that takes too long."""
        for _ in range(_REST_LOOKS):
            if await self.rests() and not rest.waiting(places := self.places(), sent):
                return places
            await asyncio.sleep(_REST_PAUSE)
        return None

    def places(self) -> rest.Places:
        """What this process has sent to Kafka and what its readers have applied, for replays over several processes."""
        bus = self.bus
        if isinstance(bus, MemoryBus | PostgresBus):
            return {"sent": {}, "seen": [{"topics": [], "applied": {}}]}
        from millrace.common.bus.kafka import KafkaBus, KafkaSubscription

        assert isinstance(bus, KafkaBus)
        readers = [r.consumer.subscription for r in self.running.values() if r.consumer]
        seen = [
            {"topics": sorted(s.topics), "applied": {f"{p.topic}|{p.partition}": n for p, n in s.applied.items()}}
            for s in readers
            if isinstance(s, KafkaSubscription)
        ]
        return {"sent": {f"{p.topic}|{p.partition}": n for p, n in bus.sent.items()}, "seen": seen}

    async def rests(self) -> bool:
        """Whether nothing is under way here: all read, all applied, all published, no order being sent."""
        if any(r.service.busy() or (r.relay and r.relay.pending) for r in self.running.values()):
            return False
        if any(r.worker and r.worker.busy for r in self.running.values()):
            return False
        consumers = [r.consumer for r in self.running.values() if r.consumer]
        if any(c.applying or c.subscription is None for c in consumers):
            return False
        lags = [await c.subscription.lag() for c in consumers if c.subscription]
        return not any(lags) and not any(c.applying for c in consumers)

    async def drain(self) -> None:
        """Tell the streams to come back later."""
        self.draining = True
        for running in self.running.values():
            for hook in running.service.drain:
                await _bounded(hook, running.service.name)

    async def stop(self) -> None:
        """Finish batches, empty outboxes, then stop the rest, whatever fails of it. Bounded in time."""
        self.draining = True
        for running in reversed(self.running.values()):
            if running.consumer:
                running.consumer.stop()
        await self._finish()
        for running in reversed(self.running.values()):
            for hook in running.service.stop:
                await _bounded(hook, running.service.name)
            await _bounded(running.database.close, running.service.name)
        for client in (*self._clients.values(), *self._others):
            client.close()
        if hasattr(self, "bus"):
            await _bounded(self.bus.stop, "bus")
        if self._postgres:
            await asyncio.to_thread(self._postgres.stop)
        await asyncio.to_thread(tracing.shutdown)

    async def _finish(self) -> None:
        consuming = [t for r in self.running.values() for t in r.tasks if ":Consumer." in t.get_name()]
        if consuming:
            await asyncio.wait(consuming, timeout=_STOP_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(2):
                while any(r.relay and r.relay.pending for r in self.running.values()):
                    await asyncio.sleep(0.02)
        tasks = [*self._tasks, *(task for r in self.running.values() for task in r.tasks)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _bounded(hook: Callable[[], object], name: str) -> None:
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await hook()  # type: ignore[misc]
    except Exception as problem:
        log.warning("could not stop cleanly", service=name, error=repr(problem))


def _builders(names: Sequence[str]) -> dict[str, Build]:
    """How each service is put together; importing them takes longer than anything else at a start."""
    found = {e.name: e for e in entry_points(group="millrace.services")}
    if missing := [name for name in names if name not in found]:
        raise LookupError(f"no service {missing[0]!r} is installed; there are {', '.join(sorted(found))}")
    return {name: found[name].load() for name in names}


def owned_schemas(names: Sequence[str]) -> dict[str, Path]:
    """The services among `names` that own tables, with the folders of their migrations."""
    folders = {name: migrations_of(name) for name in names}
    return {name: folder for name, folder in folders.items() if folder.is_dir()}
