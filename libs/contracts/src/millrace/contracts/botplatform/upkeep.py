"""The cache and the background jobs."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from millrace.common.kernel.errors import Code
from millrace.contracts.botplatform.wire import B, Id, refused, row
from millrace.contracts.canonical.frame import Nothing
from millrace.contracts.canonical.research import Cache, CreateJob, DeleteKeys, Job, Jobs, KeysDeleted
from millrace.contracts.fields import Free, Spoken, Time
from millrace.contracts.names import Access
from millrace.contracts.spelling import moment, number
from millrace.contracts.table import Asked, Call, Shape, View
from millrace.contracts.vocab import Vocabulary

JobName = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100, pattern=r"^[A-Za-z0-9_.-]+$")]
PRIORITY = Vocabulary("priority", ("low", "normal", "high"))
_LONGEST = 200


class NewJob(Asked):
    """Work to be done in the background, tried again at most `max_retries` times."""

    name: JobName
    args: Free = Field(default_factory=dict)
    priority: Annotated[str, Spoken(PRIORITY, B)] = "normal"
    max_retries: int = Field(3, ge=0, le=20)


class CacheHealth(Shape):
    """Whether the cache answers."""

    status: Literal["healthy", "unhealthy"]
    connected: bool
    redis_version: str


class CacheStats(Shape):
    """What the cache holds and how often it helped; rates are fractions."""

    total_keys: int
    memory_used: str
    hit_rate: float
    miss_rate: float


class Deleted(Shape):
    """How many keys are gone."""

    deleted_count: int
    pattern: str


class Scheduler(Shape):
    """What starts jobs by the clock."""

    enabled: bool
    running: bool


class Workers(Shape):
    """Who does the jobs."""

    total: int
    active: int


class AllWorkers(Workers):
    """Who does the jobs, and who waits for one."""

    idle: int


class JobsHealth(Shape):
    """Whether jobs are done."""

    running: bool
    timestamp: Time
    scheduler: Scheduler
    workers: AllWorkers


class Queue(Shape):
    """How many jobs are in which state."""

    pending: int
    running: int
    completed: int
    failed: int


class JobsStats(Shape):
    """The queue and who works on it."""

    queue: Queue
    workers: Workers


class JobMade(Shape):
    """A job that was taken on."""

    job_id: Id
    status: Literal["pending", "running", "completed", "failed"]
    created_at: Time


def cache_health(cache: Cache, now: datetime) -> dict[str, Any]:
    """Whether the cache answers."""
    status = "healthy" if cache.connected else "unhealthy"
    return {"status": status, "connected": cache.connected, "redis_version": cache.version}


def cache_stats(cache: Cache, now: datetime) -> dict[str, Any]:
    """What the cache holds."""
    return {
        "total_keys": cache.keys,
        "memory_used": size(cache.memory_bytes),
        "hit_rate": number(round(cache.hit_rate, 4)),
        "miss_rate": number(round(cache.miss_rate, 4)),
    }


def size(octets: int) -> str:
    """`15.2MB`, in powers of 1024."""
    amount, units = float(octets), iter(("B", "KB", "MB", "GB"))
    unit = next(units)
    while amount >= 1024 and unit != "GB":
        amount, unit = amount / 1024, next(units)
    return f"{amount:.0f}B" if unit == "B" else f"{amount:.1f}{unit}"


def deleted(result: KeysDeleted, now: datetime) -> dict[str, Any]:
    """How many keys are gone."""
    return {"deleted_count": result.count, "pattern": result.pattern}


def jobs_health(jobs: Jobs, now: datetime) -> dict[str, Any]:
    """Whether jobs are done."""
    idle = max(jobs.workers - jobs.workers_active, 0)
    return {
        "running": jobs.running,
        "timestamp": moment(now),
        "scheduler": {"enabled": jobs.scheduler_enabled, "running": jobs.scheduler_running},
        "workers": {"total": jobs.workers, "active": jobs.workers_active, "idle": idle},
    }


def jobs_stats(jobs: Jobs, now: datetime) -> dict[str, Any]:
    """The queue and who works on it."""
    return {
        "queue": {
            "pending": jobs.pending,
            "running": jobs.in_progress,
            "completed": jobs.completed,
            "failed": jobs.failed,
        },
        "workers": {"total": jobs.workers, "active": jobs.workers_active},
    }


def job(made: Job, now: datetime) -> dict[str, Any]:
    """A job that was taken on."""
    return {"job_id": str(made.id), "status": made.status, "created_at": moment(made.created_at)}


def _delete(call: Call) -> DeleteKeys:
    pattern = call.path["pattern"]
    if not (0 < len(pattern) <= _LONGEST and pattern.isprintable()):
        reason = f"must be 1 to {_LONGEST} printable characters"
        raise refused(Code.VALIDATION_ERROR, f"pattern {reason}", "pattern", reason)
    return DeleteKeys(pattern=pattern)


def _create(call: Call) -> CreateJob:
    asked: NewJob = call.body
    return CreateJob(**asked.model_dump() | {"priority": PRIORITY.read(asked.priority, B)})


def _ask(call: Call) -> Nothing:
    return Nothing()


_CACHE, _JOBS = "/api/v1/cache", "/api/v1/jobs"
ROWS = (
    row("GET", f"{_CACHE}/health", "cache.read", Access.USER, View(_ask, cache_health, CacheHealth)),
    row("GET", f"{_CACHE}/stats", "cache.read", Access.USER, View(_ask, cache_stats, CacheStats)),
    row("DELETE", f"{_CACHE}/keys/{{pattern:path}}", "cache.delete", Access.ADMIN, View(_delete, deleted, Deleted)),
    row("GET", f"{_JOBS}/health", "jobs.read", Access.USER, View(_ask, jobs_health, JobsHealth)),
    row("GET", f"{_JOBS}/stats", "jobs.read", Access.USER, View(_ask, jobs_stats, JobsStats)),
    row("POST", _JOBS, "jobs.create", Access.TRADER, View(_create, job, JobMade, 201, body=NewJob)),
)
