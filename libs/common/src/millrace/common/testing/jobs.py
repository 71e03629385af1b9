"""A service with nothing but durable jobs, on real PostgreSQL, with leases short enough to wait for."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from millrace.common.db import migrate
from millrace.common.db.database import Database
from millrace.common.db.outbox import TableOutbox
from millrace.common.db.work import Works
from millrace.common.jobs.job import Job
from millrace.common.jobs.queue import Jobs
from millrace.common.jobs.run import JobHandler
from millrace.common.jobs.schedule import Schedule
from millrace.common.jobs.worker import Worker
from millrace.common.kernel.clock import SystemClock
from millrace.common.testing.postgres import NewDatabase

SCHEMA = "labour"
_MIGRATION = f"""
from millrace.common.db.migrations import common_tables, jobs_table, run

revision = "0001"
down_revision = None


def upgrade() -> None:
    common_tables()
    jobs_table("{SCHEMA}")
    run("create table effects (number bigint generated always as identity, text text)")
"""


class JobStand:
    """Asks for jobs, starts workers that do them, and looks."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.database = Database(url, SCHEMA, size=10)
        self.works = works_on(self.database)
        self.jobs = Jobs()

    async def enqueue(self, name: str, arguments: Mapping[str, Any] | None = None, **options: Any) -> UUID:
        """Ask for a job in a transaction of its own."""
        async with self.works.begin() as work:
            return await self.jobs.enqueue(work, name, arguments, **options)

    async def job(self, job_id: UUID) -> Job:
        """The job as it is now."""
        async with self.database.transaction() as connection:
            return await self.jobs.get(connection, job_id)

    async def until(self, job_id: UUID, true: Callable[[Job], bool], seconds: float = 15.0) -> Job:
        """Wait until something holds for the job. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not true(job := await self.job(job_id)):
                await asyncio.sleep(0.02)
        return job

    async def over(self, job_id: UUID, seconds: float = 15.0) -> Job:
        """Wait until the job has ended, however."""
        return await self.until(job_id, lambda job: job.finished_at is not None, seconds)

    async def effects(self) -> list[str]:
        """What handlers wrote, in order."""
        return [row["text"] for row in await self.database.fetch("select text from effects order by number")]

    @asynccontextmanager
    async def worker(
        self, handlers: Mapping[str, JobHandler], schedules: Sequence[Schedule] = (), **options: Any
    ) -> AsyncIterator[Worker]:
        """A worker with connections of its own, stopped at the end."""
        self.jobs.names = handlers.keys()
        database = Database(self.url, SCHEMA)
        await database.open()
        quick = {"lease": 5.0, "beat": 0.05, "backoff": 0.05}
        worker = Worker(SCHEMA, works_on(database), Jobs(handlers), handlers, schedules, **{**quick, **options})
        task = asyncio.ensure_future(worker.run())
        try:
            yield worker
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await database.close()


def works_on(database: Database) -> Works:
    """Units of work whose messages nobody publishes."""
    return Works(database, TableOutbox(lambda: None), SystemClock())


@pytest.fixture
async def labour(new_database: NewDatabase, tmp_path: Path) -> AsyncIterator[JobStand]:
    """A fresh `JobStand`."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_jobs.py").write_text(_MIGRATION)
    url = await new_database()
    await migrate.upgrade(url, {SCHEMA: folder})
    stand = JobStand(url)
    await stand.database.open()
    yield stand
    await stand.database.close()
