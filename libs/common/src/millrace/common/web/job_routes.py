"""The route that tells how the durable jobs of a service stand."""

from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from millrace.common.db.database import Database
from millrace.common.jobs.job import State
from millrace.common.jobs.queue import Jobs
from millrace.common.web.answers import json_response


def job_routes(database: Database, jobs: Jobs, current: Any) -> APIRouter:
    """`GET /jobs/stats`: how many jobs of all users wait, run, were done and failed (kept for 30 days).

    `workers` is how many this process does at a time. `current` is the dependency that demands an identity.
    """
    api = APIRouter(dependencies=[Depends(current)])

    @api.get("/jobs/stats")
    async def stats() -> Response:
        async with database.transaction() as connection:
            counts = await jobs.counts(connection)
        told = {
            "pending": counts[State.PENDING],
            "running": counts[State.RUNNING],
            "completed": counts[State.SUCCEEDED],
            "failed": counts[State.FAILED],
        }
        return json_response({**told, "workers": jobs.places})

    return api
