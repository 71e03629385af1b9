"""Holding jobs: taking them, keeping the lease, giving them back. Every write names the epoch of its claim.

Times are the database's, so that workers need not agree on the clock.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from millrace.common.db.database import Database
from millrace.common.jobs.job import COLUMNS, Job, State, to_json
from millrace.common.jobs.run import Claim, Run

_CLAIM = f"""
with due as materialized (
  select id from jobs where state = 'pending' and run_after <= now() and name = any($1::text[])
  order by priority desc, run_after, id limit $2 for update skip locked)
update jobs set state = 'running', epoch = epoch + 1, worker = $3, lease_until = now() + make_interval(secs => $4),
  started_at = coalesce(started_at, now())
where id in (select id from due) returning {COLUMNS}
"""  # noqa: S608 - constants only
_BEAT = """
update jobs j set lease_until = now() + make_interval(secs => $1), progress = b.progress, note = b.note
from unnest($2::uuid[], $3::bigint[], $4::float8[], $5::text[]) as b(id, epoch, progress, note)
where j.id = b.id and j.epoch = b.epoch and j.state = 'running' returning j.id, j.epoch, j.cancel_requested
"""
_SETTLE = """
update jobs set state = case when $3 = 'pending' and cancel_requested then 'cancelled' else $3 end,
  result = $4::jsonb, error = $5::jsonb, progress = $6, note = $7, tries = tries + $8,
  run_after = now() + make_interval(secs => $9), worker = null, lease_until = null,
  finished_at = case when $3 <> 'pending' or cancel_requested then now() end
where id = $1 and epoch = $2 and state = 'running' returning state
"""
_SWEEP = """
with stalled as materialized (
  select id, case when cancel_requested then 'cancelled' when tries + 1 < max_tries then 'pending' else 'failed' end
    as state
  from jobs where state = 'running' and lease_until < now() for update skip locked)
update jobs j set state = s.state, tries = tries + 1, worker = null, lease_until = null,
  error = jsonb_build_object('code', 'WORKER_LOST', 'message', 'the worker stopped without a word'),
  finished_at = case when s.state <> 'pending' then now() end
from stalled s where j.id = s.id returning j.id, j.name, j.state
"""
_RELEASE = """
update jobs set state = 'pending', worker = null, lease_until = null where worker = $1 and state = 'running'
"""
_PURGE = "delete from jobs where finished_at < now() - make_interval(secs => $1)"
_WAITING = "select coalesce(extract(epoch from now() - min(run_after)), 0)::float8 from jobs where state = 'pending'"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try ended. `failed` counts it; with state `pending` the job is tried again after `delay` seconds."""

    state: State
    result: Any = None
    error: dict[str, str] | None = None
    failed: bool = False
    delay: float = 0.0


class Leases:
    """What one worker does to the table. `seconds` is how long a job stays its own without a heartbeat."""

    def __init__(self, database: Database, worker: str, seconds: float) -> None:
        self._database = database
        self._worker = worker
        self.seconds = seconds

    async def claim(self, names: Collection[str], limit: int) -> list[Job]:
        """Take up to `limit` due jobs, the most urgent first. No two workers ever take the same one."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(_CLAIM, sorted(names), limit, self._worker, self.seconds)
        return sorted((Job.of(row) for row in rows), key=lambda j: (-j.priority, j.run_after, j.id))

    async def beat(self, runs: Iterable[Run]) -> dict[Claim, bool]:
        """Keep the leases and write the progress; the claims still held, each with whether to cancel it."""
        held = list(runs)
        rows = await self._database.fetch(
            _BEAT,
            self.seconds,
            [run.job.id for run in held],
            [run.job.epoch for run in held],
            [run.progress for run in held],
            [run.note for run in held],
        )
        return {(row["id"], row["epoch"]): row["cancel_requested"] for row in rows}

    async def settle(self, run: Run, outcome: Outcome) -> State | None:
        """Give the job back with its outcome; the state it has now, or None when it was no longer held."""
        progress = 1.0 if outcome.state is State.SUCCEEDED else run.progress
        rows = await self._database.fetch(
            _SETTLE,
            run.job.id,
            run.job.epoch,
            outcome.state.value,
            to_json(outcome.result) if outcome.result is not None else None,
            to_json(outcome.error) if outcome.error else None,
            progress,
            run.note,
            int(outcome.failed),
            outcome.delay,
        )
        return State(rows[0]["state"]) if rows else None

    async def release(self) -> None:
        """Give back everything that is still held, untried."""
        await self._database.fetch(_RELEASE, self._worker)

    async def sweep(self, kept_seconds: float) -> list[Any]:
        """Give the jobs of silent workers to others, and forget what was over `kept_seconds` ago."""
        rows = await self._database.fetch(_SWEEP)
        await self._database.fetch(_PURGE, kept_seconds)
        return rows

    async def oldest(self) -> float:
        """Seconds for which the oldest due job has been waiting."""
        found: float = (await self._database.fetch(_WAITING))[0][0]
        return max(found, 0.0)
