"""Durable jobs that users ask for by name, and how the jobs of all services stand."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from millrace.common.auth.principal import Principal
from millrace.common.db.work import Works
from millrace.common.jobs.job import State
from millrace.common.jobs.queue import Jobs
from millrace.common.jobs.run import JobHandler, Run
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical import research
from millrace.gateway.app.asking import Ask

SYNC_PORTFOLIO = "sync_portfolio"
_PRIORITIES = {"low": -10, "normal": 0, "high": 10, "critical": 20}
_OTHERS = ("marketdata", "backtest", "ml")
_MOST = 1000
_MOST_UNDER_WAY = 10
_ALONE = "select pg_advisory_xact_lock(hashtextextended($1, 0))"
# none where the job is there already: it is only told again
_UNDER_WAY = """
select count(*) from jobs where user_id = $1 and state in ('pending', 'running')
  and not exists (select from jobs where id = $2)
"""


def handlers(ask: Callable[[], Ask]) -> dict[str, JobHandler]:
    """The jobs by name. `ask` gives the way to other services, which is there once the gateway is put together."""

    async def sync_portfolio(run: Run) -> dict[str, Any]:
        """Ask the venue of each of the user's accounts (of one exchange, if it is named) what it holds."""
        given = run.job.arguments
        user = await _present(ask(), UUID(given["user_id"]))
        query = {"exchange": given.get("exchange"), "limit": _MOST}
        rows = (await ask()("execution", "GET", "/accounts", user, query=query))["items"]
        for number, row in enumerate(rows):
            run.report(number / len(rows))
            await ask()("execution", "POST", f"/accounts/{row['id']}/sync-balance", user)
        return {"accounts": len(rows)}

    return {SYNC_PORTFOLIO: sync_portfolio}


async def _present(ask: Ask, user_id: UUID) -> Principal:
    """The user as they are now, which may be less than they were. Raises PERMISSION_DENIED for who is locked out."""
    me = await ask("auth", "GET", "/users/me", Principal(user_id, "", "viewer"))
    if not me["is_active"]:
        raise MillraceError(Code.PERMISSION_DENIED, "the user is not active any more")
    return Principal(user_id, me["username"], me["role"])


class Labour:
    """Takes jobs and counts them."""

    def __init__(self, works: Works, jobs: Jobs, ask: Callable[[], Ask], clock: Clock) -> None:
        self._works = works
        self._jobs = jobs
        self._ask = ask
        self._clock = clock

    async def create(self, user: Principal, asked: research.CreateJob, job_id: UUID | None) -> research.Job:
        """The job as it is taken.

        Raises VALIDATION_ERROR, PERMISSION_DENIED for a job about somebody else, and RATE_LIMITED while too many of the
        user's are under way.
        """
        if str(asked.args.get("user_id", user.user_id)) != str(user.user_id):
            raise MillraceError(Code.PERMISSION_DENIED, "args.user_id must be your own")
        if asked.priority.lower() not in _PRIORITIES:
            reason = f"must be one of {', '.join(_PRIORITIES)}"
            raise MillraceError(Code.VALIDATION_ERROR, f"priority {reason}", fields={"priority": reason})
        given = {**asked.args, "user_id": str(user.user_id)}
        async with self._works.begin(user.user_id) as work:
            await work.connection.execute(_ALONE, str(user.user_id))
            if await work.connection.fetchval(_UNDER_WAY, user.user_id, job_id) >= _MOST_UNDER_WAY:
                text = f"{_MOST_UNDER_WAY} of your jobs are under way; wait until one has ended"
                raise MillraceError(Code.RATE_LIMITED, text, details={"limit": _MOST_UNDER_WAY}, retry_after=5)
            made = await self._jobs.enqueue(
                work,
                asked.name,
                given,
                user_id=user.user_id,
                priority=_PRIORITIES[asked.priority.lower()],
                max_tries=asked.max_retries + 1,
                job_id=job_id,
            )
            job = await self._jobs.get(work.connection, made)
        return research.Job(id=made, name=asked.name, created_at=job.created_at)

    async def read(self, user: Principal) -> research.Jobs:
        """All jobs of all services that answer."""
        async with self._works.database.transaction() as connection:
            counts = await self._jobs.counts(connection)
        told = [
            {
                "pending": counts[State.PENDING],
                "running": counts[State.RUNNING],
                "completed": counts[State.SUCCEEDED],
                "failed": counts[State.FAILED],
                "workers": self._jobs.places,
            }
        ]
        for name in _OTHERS:
            try:
                told.append(await self._ask()(name, "GET", "/jobs/stats", user))
            except MillraceError:
                continue  # it is away, or has no jobs: what is known is told
        summed = {name: sum(each[name] for each in told) for name in told[0]}
        return research.Jobs(
            running=True,
            workers=summed["workers"],
            workers_active=min(summed["running"], summed["workers"]),
            pending=summed["pending"],
            in_progress=summed["running"],
            completed=summed["completed"],
            failed=summed["failed"],
        )
