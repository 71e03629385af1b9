"""Keys that change while they are asked about, and what is left of them when one of two requests loses."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

from millrace.common.db.outbox import TableOutbox
from millrace.common.db.work import Works
from millrace.execution.app import accounts
from services.execution.tests.desk import CLOCK
from services.execution.tests.floor import Floor
from services.execution.tests.luno import KEY, SECRET, Luno

LIVE = {"exchange": "luno", "mode": "live", "api_key": KEY, "api_secret": SECRET}


async def test_an_answer_about_old_keys_says_nothing_of_the_new(floor: Floor) -> None:
    made = await floor.done("POST", "/accounts", LIVE)
    (row,) = await floor.stand.rows("execution", "select sealed_at from credentials")
    account = {"id": UUID(made["id"]), "user_id": floor.user.user_id}
    works = Works(floor.stand.host.running["execution"].database, TableOutbox(lambda: None), CLOCK)
    for since, expected in ((row["sealed_at"] - timedelta(microseconds=1), True), (row["sealed_at"], False)):
        async with works.begin(floor.user.user_id) as work:
            await accounts.keys_checked(work, account, since, False, row["sealed_at"])
        assert (await floor.get(f"/accounts/{made['id']}"))["keys_valid"] is expected


async def test_an_unanswered_check_leaves_what_was_known(floor: Floor, luno: Luno) -> None:
    made = await floor.done("POST", "/accounts", LIVE)
    path = f"/accounts/{made['id']}"
    luno.broken = True
    assert (await floor.done("POST", f"{path}/check-keys"))["valid"] is None
    assert (await floor.get(path))["keys_valid"] is True
    assert (await floor.get(path))["last_check"] == made["last_check"]


async def test_new_keys_at_once_leave_one_set_that_opens(floor: Floor) -> None:
    made = await floor.done("POST", "/accounts", LIVE)
    path, keys = f"/accounts/{made['id']}", {"api_key": KEY, "api_secret": SECRET}
    answers = await asyncio.gather(*(floor.ask("PUT", f"{path}/credentials", keys) for _ in range(5)))
    assert {a.status for a in answers} == {200}
    assert len(await floor.stand.rows("execution", "select 1 from credentials")) == 1
    assert (await floor.done("POST", f"{path}/check-keys"))["valid"] is True


async def test_a_row_moved_to_another_tenant_does_not_open_there(floor: Floor) -> None:
    made = await floor.done("POST", "/accounts", LIVE)
    stranger = uuid4()
    for table, column in (("accounts", "id"), ("credentials", "account_id")):
        query = f"update {table} set user_id = $1 where {column}::text = $2"
        await floor.stand.rows("execution", query, stranger, made["id"])
    thief = type(floor.user)(stranger, "thief", "trader")
    for place in ("check-keys", "sync-balance"):
        code, text = await floor.refused("POST", f"/accounts/{made['id']}/{place}", user=thief)
        assert (code, "cannot be opened" in text) == ("INVALID_STATE", True)
        assert KEY not in text
        assert SECRET not in text


async def test_a_balance_that_the_exchange_refuses_marks_the_keys(floor: Floor, luno: Luno) -> None:
    made = await floor.done("POST", "/accounts", LIVE)
    luno.broken = True
    path = f"/accounts/{made['id']}"
    await floor.done("PUT", f"{path}/credentials", {"api_key": KEY, "api_secret": "revoked-secret"})
    luno.broken = False
    code, text = await floor.refused("POST", f"{path}/sync-balance")
    assert (code, "does not accept" in text, "revoked-secret" in text) == ("INVALID_STATE", True, False)
    found = await floor.get(path)
    assert (found["keys_valid"], found["balances"], found["synced_at"]) == (False, {}, None)


async def test_a_deleted_account_at_once_is_deleted_once(floor: Floor) -> None:
    made = await floor.done("POST", "/accounts", LIVE)
    answers = await asyncio.gather(*(floor.ask("DELETE", f"/accounts/{made['id']}") for _ in range(4)))
    assert sorted(a.status for a in answers) == [200, 404, 404, 404]
    assert [line["action"] for line in await floor.get("/audit")].count("account.delete") == 1
    assert await floor.stand.rows("execution", "select 1 from credentials") == []
