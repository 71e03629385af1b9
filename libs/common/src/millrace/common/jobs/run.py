"""What a job's handler is given: its job, a way to report, and transactions that only the job's holder can commit."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from millrace.common.db.work import Work, Works
from millrace.common.jobs.job import Job, LeaseLost, to_json
from millrace.common.jobs.process import Report, in_process

P = ParamSpec("P")
R = TypeVar("R")

Claim = tuple[UUID, int]

# The key share lock keeps others from taking the job over before the commit, and lets the heartbeat through. A frozen
# process must not hold it for ever: the server ends a transaction that idles longer than the lease.
_HOLD = """
select set_config('idle_in_transaction_session_timeout', $3, true)
from jobs where id = $1 and epoch = $2 and state = 'running' for key share
"""
_SAVE = "update jobs set checkpoint = $3::jsonb where id = $1 and epoch = $2 and state = 'running' returning 1"


class Run:
    """One try of a job in this process.

    A handler is called again when it failed or its worker died, so what it does must bear repetition: `begin` and
    `save` keep its rows and its checkpoint together. It is cancelled (asyncio) when the job is.
    """

    def __init__(self, job: Job, works: Works, lease: float) -> None:
        self.job = job
        self.lease = lease
        self.progress = job.progress
        self.note = job.note
        self.cancelled = False
        self.lost = False
        self.stopped = False
        self.task: asyncio.Future[Any] | None = None
        self.expiry: asyncio.TimerHandle | None = None
        self._works = works

    @property
    def claim(self) -> Claim:
        """Which taking of which job this is."""
        return self.job.id, self.job.epoch

    def report(self, progress: float, note: str = "") -> None:
        """Tell how far it is, from 0 to 1, and with what; written with the next heartbeat."""
        self.progress = min(max(float(progress), 0.0), 1.0)
        self.note = note[:500].replace("\x00", "")

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Work]:
        """A unit of work that commits only while this worker holds the job. Raises `LeaseLost`.

        Wait for nothing but the database inside: a transaction that idles for a whole lease (30 s) is ended.
        """
        async with self._works.begin() as work:
            limit = f"{self.lease * 1000:.0f}ms"
            if await work.connection.fetchval(_HOLD, self.job.id, self.job.epoch, limit) is None:
                raise LeaseLost(f"job {self.job.id} is no longer held here")
            yield work

    async def save(self, work: Work, checkpoint: Any) -> None:
        """Keep, with the commit of `work`, where to go on from: the next try finds it as `job.checkpoint`."""
        text = to_json(checkpoint)
        if await work.connection.fetchval(_SAVE, self.job.id, self.job.epoch, text) is None:
            raise LeaseLost(f"job {self.job.id} is no longer held here")

    async def compute(
        self, function: Callable[Concatenate[Report, P], R], *arguments: P.args, **options: P.kwargs
    ) -> R:
        """Call `function(report, *arguments)` in a process of its own; it is killed when the job is cancelled."""
        return await in_process(function, self.report, *arguments, **options)

    def lose(self) -> None:
        """The lease has run out or another worker has the job: stop without a word."""
        self.lost = True
        self.stop()

    def stop(self) -> None:
        """Cancel the handler."""
        self.stopped = True
        if self.task is not None:
            self.task.cancel()


JobHandler = Callable[[Run], Awaitable[Any]]
"""Does the job; what it returns becomes the job's result. A `MillraceError` below 500 is final, all else is retried."""
