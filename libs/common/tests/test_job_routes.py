"""How a service's durable jobs stand, over HTTP."""

import asyncio
from typing import Any
from uuid import UUID

from fastapi import FastAPI

from millrace.common.auth.internal import HEADER, Identities, current_principal
from millrace.common.auth.principal import Principal
from millrace.common.jobs.run import Run
from millrace.common.jobs.worker import Worker
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.testing.jobs import JobStand
from millrace.common.web.app import add_routes, create_app
from millrace.common.web.client import InProcess
from millrace.common.web.job_routes import job_routes

IDENTITIES = Identities(b"k" * 32)
VIEWER = Principal(UUID(int=1), "viewer", "viewer")


def served(labour: JobStand) -> FastAPI:
    """The route in an app."""
    app = create_app("labour", service="labour")
    add_routes(app, job_routes(labour.database, labour.jobs, current_principal(IDENTITIES, "labour")))
    return app


async def stats(labour: JobStand) -> Any:
    """What is told."""
    headers = {HEADER: IDENTITIES.sign(VIEWER, "labour")}
    return (await InProcess(served(labour)).request("GET", "/jobs/stats", headers=headers)).value()


async def test_jobs_are_counted_by_how_they_stand(labour: JobStand) -> None:
    go_on = asyncio.Event()

    async def wait(run: Run) -> None:
        await go_on.wait()

    async def fail(run: Run) -> None:
        raise MillraceError(Code.VALIDATION_ERROR, "impossible")

    async with labour.worker({"wait": wait, "fail": fail}, concurrency=1):
        await labour.over(await labour.enqueue("fail"))
        first, _ = await labour.enqueue("wait"), await labour.enqueue("wait")
        await labour.until(first, lambda job: job.started_at is not None)
        told = await stats(labour)
        assert told == {"pending": 1, "running": 1, "completed": 0, "failed": 1, "workers": 0}
        go_on.set()
        await labour.over(first)
        assert (await stats(labour))["completed"] >= 1


async def test_the_workers_of_this_process_are_told(labour: JobStand) -> None:
    Worker("labour", labour.works, labour.jobs, {}, concurrency=3)
    assert (await stats(labour))["workers"] == 3


async def test_who_says_not_who_he_is_is_told_nothing(labour: JobStand) -> None:
    answer = await InProcess(served(labour)).request("GET", "/jobs/stats")
    assert (answer.status, answer.json()["error"]["code"]) == (401, "AUTH_REQUIRED")
