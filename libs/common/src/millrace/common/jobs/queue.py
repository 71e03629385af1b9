"""Asking for jobs and looking at them. A job asked for in a transaction exists when that transaction commits."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from millrace.common.db.database import Connection
from millrace.common.db.work import Work
from millrace.common.jobs.job import COLUMNS, Job, State, UnknownJob, to_json
from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.common.kernel.ids import new_id
from millrace.common.telemetry import tracing

_ENQUEUE = """
insert into jobs (id, name, user_id, arguments, priority, run_after, max_tries, dedupe_key, traceparent)
values ($1, $2, $3, $4::jsonb, $5, coalesce($6, now()) + $7, $8, $9, $10)
on conflict do nothing returning id
"""
_TWIN = """
select id from jobs where id = $1 or (name = $2 and dedupe_key = $3 and user_id is not distinct from $4
  and state in ('pending', 'running'))
"""
_GET = f"select {COLUMNS} from jobs where id = $1"  # noqa: S608 - constants only
_LIST = f"""
select {COLUMNS} from jobs
where ($1::text is null or name = $1) and ($2::text is null or state = $2) and ($3::uuid is null or id < $3)
order by id desc limit $4
"""  # noqa: S608
_CANCEL = """
update jobs set cancel_requested = true,
  finished_at = case when state = 'pending' then now() end,
  state = case when state = 'pending' then 'cancelled' else state end
where id = $1 and state in ('pending', 'running') returning state
"""
_AGAIN = """
update jobs set state = 'pending', tries = 0, cancel_requested = false, run_after = now(), error = null,
  finished_at = null
where id = $1 and state in ('failed', 'cancelled') returning id
"""
_LOOKS = 5
_COUNTS = "select state, count(*) as jobs from jobs group by state"


class Jobs:
    """One service's jobs. `names` are those it can run; `wake` tells a worker of this process that one is waiting.

    `places` is how many this process does at a time; 0 where none are done.
    """

    def __init__(self, names: Collection[str] = (), wake: Callable[[], None] = lambda: None) -> None:
        self.names = names
        self.wake = wake
        self.places = 0

    async def enqueue(
        self,
        work: Work,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        user_id: UUID | None = None,
        priority: int = 0,
        run_after: datetime | None = None,
        delay: timedelta = timedelta(),
        max_tries: int = 5,
        dedupe_key: str | None = None,
        job_id: UUID | None = None,
    ) -> UUID:
        """Ask for a job with the commit of `work`; returns its id.

        A job with the same name, owner and `dedupe_key` that is still alive is not doubled: its id is returned.
        Neither is one with the same `job_id`. Higher priorities run first. Raises `UnknownJob`.
        """
        if name not in self.names:
            raise UnknownJob(name, self.names)
        job_id, text = job_id or new_id(), to_json(arguments or {})
        values = (priority, run_after, delay, max_tries, dedupe_key, tracing.traceparent())
        for _ in range(_LOOKS):
            if await work.connection.fetchval(_ENQUEUE, job_id, name, user_id, text, *values) is not None:
                work.after_commit(self.wake)
                return job_id
            # none when the other one has ended in the meantime: ask again
            twin: UUID | None = await work.connection.fetchval(_TWIN, job_id, name, dedupe_key, user_id)
            if twin is not None:
                return twin
        raise MillraceError(Code.CONFLICT, "a job of this id is somebody else's")

    async def get(self, connection: Connection, job_id: UUID) -> Job:
        """One job. Raises NOT_FOUND."""
        row = await connection.fetchrow(_GET, job_id)
        if row is None:
            raise not_found("job")
        return Job.of(row)

    async def newest(
        self,
        connection: Connection,
        *,
        name: str | None = None,
        state: State | None = None,
        before: UUID | None = None,
        limit: int = 50,
    ) -> list[Job]:
        """The newest jobs first; `before` continues after the last one of the page before."""
        return [Job.of(row) for row in await connection.fetch(_LIST, name, state, before, limit)]

    async def cancel(self, connection: Connection, job_id: UUID) -> State:
        """Stop a job: at once when it waits, within seconds when it runs (the state is then still `running`).

        Raises NOT_FOUND, and INVALID_STATE when it is over already.
        """
        state = await connection.fetchval(_CANCEL, job_id)
        if state is None:
            raise _over(await self.get(connection, job_id))
        self.wake()
        return State(state)

    async def again(self, connection: Connection, job_id: UUID) -> None:
        """Run a failed or cancelled job once more, from its checkpoint.

        Raises NOT_FOUND, INVALID_STATE when it is not over, and CONFLICT when its successor is alive.
        """
        try:
            if await connection.fetchval(_AGAIN, job_id) is None:
                raise _over(await self.get(connection, job_id))
        except asyncpg.UniqueViolationError:
            raise MillraceError(Code.CONFLICT, "a job that does the same is alive") from None
        self.wake()

    async def counts(self, connection: Connection) -> dict[State, int]:
        """How many jobs there are in each state."""
        found = {row["state"]: row["jobs"] for row in await connection.fetch(_COUNTS)}
        return {state: found.get(state, 0) for state in State}


def _over(job: Job) -> MillraceError:
    return MillraceError(Code.INVALID_STATE, f"the job is {job.state}", details={"state": job.state.value})
