"""Jobs that users ask for by name, on the real table and done by the real worker."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from millrace.common.auth.principal import Principal
from millrace.common.db.database import Database
from millrace.common.jobs.queue import Jobs
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.ids import new_id
from millrace.common.testing.jobs import works_on
from millrace.contracts.canonical.research import CreateJob
from millrace.gateway.app import work
from services.gateway.tests import rows
from services.gateway.tests.fakes import AT, INTENT, ONE, TRADER, TWO, USER, Services, clock

STATS = {"pending": 1, "running": 2, "completed": 3, "failed": 4, "workers": 5}
JOBS = "/api/v1/jobs"
ME = "auth GET /users/me"
OTHER = "00000000-0000-4000-8000-000000000099"


def asked(**changes: Any) -> CreateJob:
    return CreateJob(name=work.SYNC_PORTFOLIO, **changes)


class Table:
    """The gateway's jobs on a real database, where nobody does them."""

    places = 2

    def __init__(self, database: Database) -> None:
        self.database = database
        self.jobs = Jobs([work.SYNC_PORTFOLIO])
        self.jobs.places = self.places

    def labour(self, services: Services | None = None) -> work.Labour:
        """Over the table, with fakes for all other services."""
        return work.Labour(works_on(self.database), self.jobs, lambda: services or Services(), clock())

    async def rows(self) -> list[dict[str, Any]]:
        """All jobs."""
        return [dict(row) for row in await self.database.fetch("select * from jobs order by id")]


@pytest.fixture
async def table(migrated: Callable[[tuple[str, ...]], Awaitable[str]]) -> AsyncIterator[Table]:
    database = Database(await migrated(("gateway",)), "gateway")
    await database.open()
    yield Table(database)
    await database.close()


async def test_a_job_is_taken_for_its_user_with_what_was_asked(table: Table) -> None:
    made = await table.labour().create(TRADER, asked(args={"exchange": "binance"}, priority="HIGH"), INTENT)
    (row,) = await table.rows()
    assert (made.id, made.name, made.status) == (INTENT, "sync_portfolio", "pending")
    assert (row["id"], row["user_id"], row["priority"], row["max_tries"]) == (INTENT, USER, 10, 4)
    for word in (str(USER), "binance"):
        assert word in row["arguments"]


async def test_the_same_intent_is_one_job(table: Table) -> None:
    made = [await table.labour().create(TRADER, asked(), INTENT) for _ in range(3)]
    assert {job.id for job in made} == {INTENT}
    assert len({job.created_at for job in made}) == len(await table.rows()) == 1
    assert (await table.labour().create(TRADER, asked(), None)).id != INTENT


@pytest.mark.parametrize(("priority", "number"), [("low", -10), ("Normal", 0), ("high", 10), ("critical", 20)])
async def test_a_priority_is_a_word(table: Table, priority: str, number: int) -> None:
    await table.labour().create(TRADER, asked(priority=priority, max_retries=0), None)
    (row,) = await table.rows()
    assert (row["priority"], row["max_tries"]) == (number, 1)


@pytest.mark.parametrize(
    ("wish", "code", "field"),
    [
        (asked(priority="urgent"), Code.VALIDATION_ERROR, "priority"),
        (asked(args={"user_id": OTHER}), Code.PERMISSION_DENIED, None),
        (asked(args={"user_id": None}), Code.PERMISSION_DENIED, None),
        (CreateJob(name="mine_coins"), Code.VALIDATION_ERROR, "name"),
    ],
)
async def test_what_is_not_to_be_done_is_refused(table: Table, wish: CreateJob, code: Code, field: str | None) -> None:
    with pytest.raises(MillraceError) as refused:
        await table.labour().create(TRADER, wish, None)
    assert (refused.value.code, set(refused.value.fields)) == (code, {field} if field else set())
    assert await table.rows() == []


async def test_a_user_has_so_many_jobs_under_way_and_no_more(table: Table) -> None:
    labour = table.labour()
    made = await asyncio.gather(*(labour.create(TRADER, asked(), new_id()) for _ in range(15)), return_exceptions=True)
    refused = [one for one in made if isinstance(one, MillraceError)]
    assert {(one.code, one.retry_after) for one in refused} == {(Code.RATE_LIMITED, 5)}
    known = [row["id"] for row in await table.rows()]
    assert (len(refused), len(known)) == (5, 10)
    assert (await labour.create(TRADER, asked(), known[3])).id == known[3], "one that is there is told again"
    assert await labour.create(Principal(UUID(OTHER), "bob", "trader"), asked(), None)
    await table.database.fetch("update jobs set state = 'succeeded', finished_at = now() where id = $1", known[3])
    assert (await labour.create(TRADER, asked(), known[3])).id == known[3]
    assert await labour.create(TRADER, asked(), None)


async def test_the_jobs_of_all_services_that_answer_are_counted(table: Table) -> None:
    services = Services({f"{name} GET /jobs/stats": STATS for name in ("marketdata", "backtest", "ml")})
    found = await table.labour(services).read(TRADER)
    assert (found.pending, found.in_progress, found.completed, found.failed) == (3, 6, 9, 12)
    assert (found.workers, found.workers_active) == (15 + table.places, 6)
    assert {sent["user"] for sent in services.sent} == {TRADER}


async def test_a_service_that_is_away_is_left_out(table: Table) -> None:
    away = MillraceError(Code.UNAVAILABLE, "away")
    services = Services({"marketdata GET /jobs/stats": STATS, "backtest GET /jobs/stats": away})
    services.answers["ml GET /jobs/stats"] = away
    found = await table.labour(services).read(TRADER)
    assert (found.pending, found.completed, found.running) == (1, 3, True)


async def test_no_more_are_at_work_than_there_are(table: Table) -> None:
    busy = {**STATS, "running": 50, "workers": 1}
    services = Services({f"{name} GET /jobs/stats": busy for name in ("marketdata", "backtest", "ml")})
    found = await table.labour(services).read(TRADER)
    assert found.workers_active == found.workers < found.in_progress


class Run:
    """One try of a job, without a table."""

    def __init__(self, **arguments: Any) -> None:
        self.told: list[float] = []
        given = {"user_id": str(USER), **arguments}
        self.job = type("Job", (), {"arguments": given})()

    def report(self, progress: float, note: str = "") -> None:
        self.told.append(progress)


async def test_every_account_is_brought_up_to_date_in_the_users_name() -> None:
    services = Services({"execution GET /accounts": {"items": [{"id": ONE}, {"id": TWO}]}, ME: rows.user()})
    services.answers |= {f"execution POST /accounts/{one}/sync-balance": {"synced_at": AT} for one in (ONE, TWO)}
    run: Any = Run(exchange="binance", username="root", role="admin")
    assert await work.handlers(lambda: services)["sync_portfolio"](run) == {"accounts": 2}
    assert [path for *_, path in services.calls[2:]] == [f"/accounts/{one}/sync-balance" for one in (ONE, TWO)]
    assert {sent["user"].user_id for sent in services.sent} == {USER}
    assert {sent["user"].role for sent in services.sent[1:]} == {rows.user()["role"]}
    assert services.sent[1]["query"] == {"exchange": "binance", "limit": 1000}
    assert run.told == [0.0, 0.5]


@pytest.mark.parametrize("role", ["viewer", "admin"])
async def test_a_job_is_done_with_the_rights_its_user_has_by_then(role: str) -> None:
    services = Services({"execution GET /accounts": {"items": []}, ME: rows.user(role=role)})
    run: Any = Run()
    await work.handlers(lambda: services)["sync_portfolio"](run)
    assert services.last["user"].role == role


async def test_who_has_been_locked_out_has_no_more_jobs_done() -> None:
    services = Services({ME: rows.user(is_active=False)})
    run: Any = Run()
    with pytest.raises(MillraceError) as refused:
        await work.handlers(lambda: services)["sync_portfolio"](run)
    assert (refused.value.code, len(services.calls)) == (Code.PERMISSION_DENIED, 1)


async def test_an_account_that_cannot_be_asked_fails_the_try() -> None:
    services = Services({"execution GET /accounts": {"items": [{"id": ONE}]}, ME: rows.user()})
    services.answers[f"execution POST /accounts/{ONE}/sync-balance"] = MillraceError(Code.UNAVAILABLE, "away")
    run: Any = Run()
    with pytest.raises(MillraceError, match="away"):
        await work.handlers(lambda: services)["sync_portfolio"](run)


async def test_a_user_asks_at_the_door_and_the_job_is_done(start_door: Any) -> None:
    door = await start_door("auth", "execution", "marketdata", "portfolio", "risk")
    me = await door.register()
    await door.stand.rest()
    body = {"name": "sync_portfolio", "args": {}, "priority": "high", "max_retries": 1}
    keyed = {"headers": {"Idempotency-Key": "once"}}
    status, first, _ = await door.ask("POST", JOBS, body, **keyed)
    assert status in (200, 201), first
    assert (await door.ask("POST", JOBS, body, **keyed))[1] == first

    async def ended() -> bool:
        (row,) = await door.stand.rows("gateway", "select state from jobs")
        return row["state"] not in ("pending", "running")

    await door.stand.host.until(ended)
    (row,) = await door.stand.rows("gateway", "select * from jobs")
    assert (row["id"], row["state"], str(row["user_id"])) == (UUID(first["job_id"]), "succeeded", me["user"]["id"])
    synced = await door.stand.rows("execution", "select synced_at from accounts")
    assert synced
    assert all(account["synced_at"] is not None for account in synced)


async def test_at_the_door_another_users_id_and_an_unknown_name_are_refused(start_door: Any) -> None:
    door = await start_door("auth")
    await door.register()
    status, found, _ = await door.ask("POST", JOBS, {"name": "sync_portfolio", "args": {"user_id": OTHER}})
    assert (status, found["code"]) == (403, "PERMISSION_DENIED")
    status, found, _ = await door.ask("POST", JOBS, {"name": "mine_coins"})
    assert (status, found["code"]) == (422, "VALIDATION_ERROR")
    assert await door.stand.rows("gateway", "select * from jobs") == []
