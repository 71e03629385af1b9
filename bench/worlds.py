"""The platform in either shape, as the benchmarks see it."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from cluster import Cluster
from embedded import Embedded
from processes import data_folder

from millrace.common.db.database import Database
from millrace.common.db.embedded import EmbeddedPostgres
from millrace.common.db.outbox import LogOutbox, Outbox, TableOutbox
from millrace.common.db.work import Works
from millrace.common.kernel.clock import SystemClock


@dataclass(frozen=True, slots=True)
class World:
    """A running platform: where it serves, its database (superuser), its processes, its shape, its topics' prefix."""

    base: str
    database: str
    pids: list[int]
    shape: str
    prefix: str = ""

    @asynccontextmanager
    async def works(self, service: str) -> AsyncIterator[Works]:
        """Units of work in the name of one of its services, from this process: it finds what they say by itself."""
        database = Database(self.database, service)
        await database.open()
        outbox: Outbox = LogOutbox(lambda _: None) if self.shape == "embedded" else TableOutbox(lambda: None)
        try:
            yield Works(database, outbox, SystemClock())
        finally:
            await database.close()


@asynccontextmanager
async def embedded(**environment: str) -> AsyncIterator[World]:
    """`millrace up` in a process of its own."""
    platform = Embedded(MILLRACE_LOG_LEVEL="warning", **environment)
    try:
        async with platform.running():
            assert platform.process is not None
            yield World(platform.base, platform.database(), [platform.process.pid], "embedded")
    finally:
        shutil.rmtree(platform.folder, ignore_errors=True)


@asynccontextmanager
async def distributed(**environment: str) -> AsyncIterator[World]:
    """A process for each service, on Kafka."""
    async with Cluster(**environment) as cluster:
        pids = [process.pid for process in cluster.processes.values()]
        base = f"http://127.0.0.1:{cluster.api['gateway']}"
        yield World(base, cluster.database_url, pids, "kafka", f"{cluster.name}.")


@asynccontextmanager
async def postgres() -> AsyncIterator[str]:
    """PostgreSQL from the wheel, as `millrace up` has it: its superuser's address."""
    with data_folder() as folder:
        server = EmbeddedPostgres(folder / "postgres")
        try:
            yield await asyncio.to_thread(server.start)
        finally:
            await asyncio.to_thread(server.stop)
