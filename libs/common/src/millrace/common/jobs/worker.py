"""Runs a service's jobs: takes what is due, keeps its leases, lets go of what it lost, and sweeps up after the dead.

A job is held by a lease that a heartbeat renews. A worker that cannot renew it stops its handler by its own clock
before the lease ends in the database; and if it cannot even do that (a frozen process), its writes are refused.
"""

import asyncio
import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from time import perf_counter

import asyncpg
import structlog

from millrace.common.db.database import RETRYABLE
from millrace.common.db.work import Works
from millrace.common.jobs.job import Job, State
from millrace.common.jobs.lease import Leases, Outcome
from millrace.common.jobs.queue import Jobs
from millrace.common.jobs.run import Claim, JobHandler, Run
from millrace.common.jobs.schedule import Schedule, Schedules
from millrace.common.kernel.errors import MillraceError
from millrace.common.kernel.ids import new_id
from millrace.common.telemetry import metrics, tracing
from millrace.common.telemetry.logs import redact

log = structlog.get_logger()

_KEPT_SECONDS = 30 * 86_400.0
_LONGEST_DELAY = 300.0
_STOP_SECONDS = 5.0


class Worker:
    """One process's share of a service's jobs: at most `concurrency` at a time.

    `lease` seconds after a worker's last heartbeat its jobs go to others; a heartbeat is sent every `beat` seconds,
    and new jobs are looked for as often. A failed try waits `backoff` seconds, twice as long after each further one.
    """

    def __init__(
        self,
        service: str,
        works: Works,
        jobs: Jobs,
        handlers: Mapping[str, JobHandler],
        schedules: Sequence[Schedule] = (),
        *,
        concurrency: int = 2,
        lease: float = 30.0,
        beat: float = 1.0,
        backoff: float = 2.0,
    ) -> None:
        self.service = service
        self.runs: dict[Claim, Run] = {}
        self._works = works
        self._jobs = jobs
        self._handlers = handlers
        self._schedules = Schedules(schedules, works, jobs)
        self._leases = Leases(works.database, f"{socket.gethostname()}/{os.getpid()}/{new_id().hex[-6:]}", lease)
        self._concurrency = concurrency
        self._beat = beat
        self._backoff = backoff
        self._tasks: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()
        self._looking = False
        self._upkeep_at = 0.0
        jobs.wake, jobs.places = self.wake, concurrency
        for state in State:
            metrics.JOBS.labels(service, state.value)
        for name in handlers:
            for outcome in ("succeeded", "failed"):
                metrics.JOB_SECONDS.labels(name, outcome)

    @property
    def busy(self) -> bool:
        """Whether a job runs here, or was asked for here and has not been looked at yet."""
        return bool(self.runs) or self._looking or self._news.is_set()

    def wake(self) -> None:
        """Look at the table now."""
        self._news.set()

    async def run(self) -> None:
        """Work until cancelled; then jobs in hand are given back untried. A lost database is waited for."""
        try:
            while True:
                try:
                    await self._turn()
                except RETRYABLE as problem:
                    log.warning("waiting to work", service=self.service, error=repr(problem))
                    await asyncio.sleep(self._beat)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._beat):
                        await self._news.wait()
        finally:
            await self._stop()

    async def _stop(self) -> None:
        for run in self.runs.values():
            run.stop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_STOP_SECONDS)
        with suppress(*RETRYABLE):
            async with asyncio.timeout(_STOP_SECONDS / 2):
                await self._leases.release()

    async def _turn(self) -> None:
        loop = asyncio.get_running_loop()
        self._looking = True
        self._news.clear()
        try:
            if self.runs:
                await self._keep()
            if loop.time() >= self._upkeep_at:
                await self._upkeep()
                self._upkeep_at = loop.time() + self._leases.seconds / 6
            free, asked_at = self._concurrency - len(self.runs), loop.time()
            for job in await self._leases.claim(self._handlers.keys(), free) if free > 0 else ():
                self._begin(job, asked_at)
        finally:
            self._looking = False

    async def _keep(self) -> None:
        asked_at, runs = asyncio.get_running_loop().time(), list(self.runs.values())
        held = await self._leases.beat(runs)
        for run in runs:
            if run.claim not in self.runs:
                continue  # it ended meanwhile
            if run.claim not in held:
                run.lose()
            else:
                self._hold(run, asked_at)
                if held[run.claim] and not run.cancelled:
                    run.cancelled = True
                    run.stop()

    def _hold(self, run: Run, asked_at: float) -> None:
        if run.expiry is not None:
            run.expiry.cancel()
        run.expiry = asyncio.get_running_loop().call_at(asked_at + self._leases.seconds, run.lose)

    async def _upkeep(self) -> None:
        for row in await self._leases.sweep(_KEPT_SECONDS):
            log.warning("a job's worker was lost", job=str(row["id"]), name=row["name"], state=row["state"])
        await self._schedules.turn()
        async with self._works.database.transaction() as connection:
            counts = await self._jobs.counts(connection)
        for state, count in counts.items():
            metrics.JOBS.labels(self.service, state.value).set(count)
        metrics.JOB_OLDEST.labels(self.service).set(await self._leases.oldest())

    def _begin(self, job: Job, asked_at: float) -> None:
        run = Run(job, self._works, self._leases.seconds)
        self.runs[run.claim] = run
        self._hold(run, asked_at)
        handler = run.task = asyncio.ensure_future(self._handle(run))
        task = asyncio.create_task(self._execute(run, handler), name=f"job:{job.name}:{job.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _handle(self, run: Run) -> object:
        with tracing.working(run.job.name, run.job.traceparent):
            return await self._handlers[run.job.name](run)

    async def _execute(self, run: Run, handler: "asyncio.Future[object]") -> None:
        begun = perf_counter()
        try:
            await asyncio.wait([handler])
            state = await self._settle(run, self._outcome(run, handler))
        finally:
            if run.expiry is not None:
                run.expiry.cancel()
            del self.runs[run.claim]
            self._news.set()
        outcome = state.value if state else "lost"
        metrics.JOB_SECONDS.labels(run.job.name, outcome).observe(perf_counter() - begun)
        log.info("a job's try ended", name=run.job.name, job=str(run.job.id), outcome=outcome)

    def _outcome(self, run: Run, handler: "asyncio.Future[object]") -> Outcome:
        if handler.cancelled() and run.stopped:
            return Outcome(State.CANCELLED if run.cancelled else State.PENDING)
        problem = asyncio.CancelledError() if handler.cancelled() else handler.exception()
        if problem is None:
            return Outcome(State.SUCCEEDED, handler.result())
        log.warning("a job failed", name=run.job.name, job=str(run.job.id), tries=run.job.tries + 1, exc_info=problem)
        return self._failure(run.job, problem)

    def _failure(self, job: Job, problem: BaseException) -> Outcome:
        known = problem if isinstance(problem, MillraceError) else None
        error = {"code": known.code.value if known else type(problem).__name__, "message": _shown(problem)}
        final = job.tries + 1 >= job.max_tries or (known is not None and known.status < 500)
        delay = min(self._backoff * 2.0 ** min(job.tries, 20), _LONGEST_DELAY)
        return Outcome(State.FAILED if final else State.PENDING, error=error, failed=True, delay=delay)

    async def _settle(self, run: Run, outcome: Outcome) -> State | None:
        while not run.lost:
            try:
                return await self._leases.settle(run, outcome)
            except (asyncpg.DataError, TypeError, ValueError) as problem:
                outcome = self._failure(run.job, problem)  # the result cannot be stored
            except RETRYABLE as problem:
                log.warning("waiting to end a job", name=run.job.name, job=str(run.job.id), error=repr(problem))
                await asyncio.sleep(self._beat)
        return None


def _shown(problem: BaseException) -> str:
    return str(redact(str(problem)))[:2000].replace("\x00", "")
