"""Jobs that come back: one durable row per schedule, moved on by whichever worker finds it due first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from millrace.common.db.work import Works
from millrace.common.jobs.queue import Jobs

_DECLARE = """
insert into job_schedules as s (name, every_seconds, next_at) values ($1, $2, now())
on conflict (name) do update set every_seconds = excluded.every_seconds,
  next_at = least(s.next_at, now() + make_interval(secs => excluded.every_seconds))
"""
_TURN = """
update job_schedules set next_at = next_at + make_interval(
  secs => every_seconds * (1 + floor(extract(epoch from now() - next_at)::float8 / every_seconds)))
where name = any($1::text[]) and next_at <= now() returning name
"""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Job `job` every `seconds`, the first time at once. Missed times are not made up for; runs do not overlap."""

    job: str
    seconds: float
    arguments: Mapping[str, Any] = field(default_factory=dict)


class Schedules:
    """The schedules of one service."""

    def __init__(self, schedules: Sequence[Schedule], works: Works, jobs: Jobs) -> None:
        self._schedules = {schedule.job: schedule for schedule in schedules}
        self._works = works
        self._jobs = jobs
        self._declared = False

    async def turn(self) -> None:
        """Ask for the jobs that are due. The row's lock lets one of several workers do it."""
        if not self._schedules:
            return
        async with self._works.begin() as work:
            if not self._declared:
                for name in sorted(self._schedules):
                    await work.connection.execute(_DECLARE, name, float(self._schedules[name].seconds))
            for row in await work.connection.fetch(_TURN, sorted(self._schedules)):
                due = self._schedules[row["name"]]
                await self._jobs.enqueue(work, due.job, due.arguments, dedupe_key="schedule")
        self._declared = True
