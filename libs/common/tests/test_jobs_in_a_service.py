"""A service that names its jobs has them done by the process that runs it."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from millrace.common.jobs.job import State, UnknownJob
from millrace.common.jobs.run import Run
from millrace.common.jobs.schedule import Schedule
from millrace.common.runtime import host
from millrace.common.runtime.service import Build, Context, Service
from millrace.common.testing.service import StartService


@dataclass(frozen=True)
class Installed:
    """A service as its distribution would announce it."""

    name: str
    build: Build

    def load(self) -> Build:
        """What the entry point names."""
        return self.build


class Yard:
    """A service with jobs and nothing else, on the tables of one that has jobs."""

    def __init__(self) -> None:
        self.context: Context | None = None
        self.swept = 0

    def build(self, context: Context) -> Service:
        """Put it together."""
        self.context = context

        async def dig(run: Run) -> str:
            await asyncio.sleep(0.05)
            return f"dug {run.job.arguments['feet']} feet"

        async def sweep(run: Run) -> None:
            self.swept += 1

        return Service("marketdata", jobs={"dig": dig, "sweep": sweep}, schedules=[Schedule("sweep", 3600)])

    async def ask(self, name: str, arguments: dict[str, Any]) -> UUID:
        """Ask for a job as a handler would."""
        assert self.context is not None
        async with self.context.works.begin() as work:
            return await self.context.jobs.enqueue(work, name, arguments)


async def test_jobs_asked_for_by_a_service_are_done_and_the_stand_rests_only_then(
    start_service: StartService, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard = Yard()
    monkeypatch.setattr(host, "entry_points", lambda group: [Installed("marketdata", yard.build)])
    stand = await start_service("marketdata")
    job_id = await yard.ask("dig", {"feet": 6})
    await stand.rest()
    assert yard.context is not None
    async with yard.context.database.transaction() as connection:
        job = await yard.context.jobs.get(connection, job_id)
    assert (job.state, job.result) == (State.SUCCEEDED, "dug 6 feet")
    assert yard.swept == 1
    with pytest.raises(UnknownJob):
        await yard.ask("dance", {})
