"""The cache and the jobs in contract botplatform."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from libs.contracts.tests.botplatform.cases import asked, row_of
from libs.contracts.tests.samples import ID, NOW, sample
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.botplatform import DIALECT
from millrace.contracts.botplatform.upkeep import size
from millrace.contracts.canonical.frame import Nothing
from millrace.contracts.canonical.research import Cache, CreateJob, DeleteKeys, Job, Jobs, KeysDeleted
from millrace.contracts.names import Access

CACHE_HEALTH, CACHE_STATS = "GET /api/v1/cache/health", "GET /api/v1/cache/stats"
DELETE = "DELETE /api/v1/cache/keys/{pattern:path}"
JOBS_HEALTH, JOBS_STATS, CREATE = "GET /api/v1/jobs/health", "GET /api/v1/jobs/stats", "POST /api/v1/jobs"


def answer(ask: str, result: Any) -> Any:
    """The body that a result becomes."""
    return row_of(DIALECT, ask).view.present(result, NOW)


@pytest.mark.parametrize(("connected", "status"), [(True, "healthy"), (False, "unhealthy")])
def test_a_cache_is_healthy_as_long_as_it_answers(connected: bool, status: str) -> None:
    body = answer(CACHE_HEALTH, sample(Cache, connected=connected, version="7.0.0"))
    assert body == {"status": status, "connected": connected, "redis_version": "7.0.0"}


def test_a_caches_rates_are_fractions_and_its_size_is_text() -> None:
    cache = sample(
        Cache, keys=1250, memory_bytes=15_938_355, hit_rate=Decimal("0.85"), miss_rate=Decimal("0.149999999")
    )
    assert answer(CACHE_STATS, cache) == {
        "total_keys": 1250,
        "memory_used": "15.2MB",
        "hit_rate": 0.85,
        "miss_rate": 0.15,
    }


def test_rates_are_json_numbers() -> None:
    body = answer(CACHE_STATS, sample(Cache, hit_rate=Decimal(1), miss_rate=Decimal(0)))
    assert [type(body[name]) for name in ("hit_rate", "miss_rate")] == [float, float]


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (0, "0B"),
        (1023, "1023B"),
        (1024, "1.0KB"),
        (1536, "1.5KB"),
        (1024**2, "1.0MB"),
        (5 * 1024**3, "5.0GB"),
        (2048 * 1024**3, "2048.0GB"),
    ],
)
def test_sizes_are_told_in_powers_of_1024(octets: int, text: str) -> None:
    assert size(octets) == text


@pytest.mark.parametrize("pattern", ["market:*", "*", "a/b/*", "market:BTC/USDT:[15]?", "é*"])
def test_keys_are_deleted_by_any_printable_pattern(pattern: str) -> None:
    assert asked(DIALECT, DELETE, pattern=pattern) == DeleteKeys(pattern=pattern)


@pytest.mark.parametrize("pattern", ["", "x" * 201, "a\x00b", "a\nb"])
def test_a_pattern_is_bounded(pattern: str) -> None:
    with pytest.raises(MillraceError) as refused:
        asked(DIALECT, DELETE, pattern=pattern)
    assert (refused.value.code, list(refused.value.fields)) == (Code.VALIDATION_ERROR, ["pattern"])


def test_only_an_administrator_deletes_keys() -> None:
    assert row_of(DIALECT, DELETE).access is Access.ADMIN
    assert row_of(DIALECT, CACHE_STATS).access is Access.USER


def test_how_many_keys_are_gone_is_told_with_the_pattern() -> None:
    assert answer(DELETE, KeysDeleted(pattern="market:*", count=45)) == {"deleted_count": 45, "pattern": "market:*"}


@pytest.mark.parametrize("ask", [CACHE_HEALTH, CACHE_STATS, JOBS_HEALTH, JOBS_STATS])
def test_questions_about_the_platform_say_nothing_else(ask: str) -> None:
    assert asked(DIALECT, ask) == Nothing()


def test_jobs_are_told_with_who_works_and_who_waits() -> None:
    jobs = sample(Jobs, running=True, scheduler_enabled=True, scheduler_running=False, workers=5, workers_active=3)
    assert answer(JOBS_HEALTH, jobs) == {
        "running": True,
        "timestamp": "2026-01-02T03:04:05Z",
        "scheduler": {"enabled": True, "running": False},
        "workers": {"total": 5, "active": 3, "idle": 2},
    }


def test_nobody_waits_below_zero() -> None:
    assert answer(JOBS_HEALTH, sample(Jobs, workers=1, workers_active=2))["workers"]["idle"] == 0


def test_jobs_are_counted_by_state() -> None:
    jobs = sample(Jobs, pending=12, in_progress=5, completed=1024, failed=3, workers=5, workers_active=3)
    assert answer(JOBS_STATS, jobs) == {
        "queue": {"pending": 12, "running": 5, "completed": 1024, "failed": 3},
        "workers": {"total": 5, "active": 3},
    }


def test_a_job_is_asked_for_with_everything_it_needs() -> None:
    args = {"user_id": str(ID), "exchange": "binance"}
    command = asked(DIALECT, CREATE, {"name": "sync_portfolio", "args": args, "priority": "high", "max_retries": 3})
    assert command == CreateJob(name="sync_portfolio", args=args, priority="high", max_retries=3)


def test_a_job_needs_only_a_name() -> None:
    assert asked(DIALECT, CREATE, {"name": "sync"}) == CreateJob(name="sync")


@pytest.mark.parametrize(("word", "read"), [("HIGH", "high"), (" Low ", "low"), ("normal", "normal")])
def test_a_priority_is_read_in_any_case(word: str, read: str) -> None:
    assert asked(DIALECT, CREATE, {"name": "sync", "priority": word}).priority == read


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "rm -rf"},
        {"name": "x" * 101},
        {"args": []},
        {"args": {str(n): n for n in range(101)}},
        {"priority": "now"},
        {"priority": 1},
        {"max_retries": -1},
        {"max_retries": 21},
        {"max_retries": "often"},
    ],
    ids=lambda wrong: str(wrong)[:40],
)
def test_a_job_is_bounded(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        asked(DIALECT, CREATE, {"name": "sync", **wrong})
    assert [error["loc"] for error in refused.value.errors()] == [tuple(wrong)]


@pytest.mark.parametrize("state", ["pending", "running", "completed", "failed"])
def test_a_job_is_told_with_its_state(state: str) -> None:
    body = answer(CREATE, sample(Job, status=state))
    assert body == {"job_id": str(ID), "status": state, "created_at": "2026-01-02T03:04:05Z"}
