"""Row-level security holds whatever a query forgets, and nothing of one transaction leaks into the next."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest

from millrace.common.bus.postgres import PostgresBus
from millrace.common.db.database import RETRYABLE, Database
from millrace.common.testing.desk import SCHEMA, Desk, NewDesk

ANNE, BERT = uuid4(), uuid4()
WHO = "select current_user::text as role, coalesce(current_setting('millrace.tenant', true), '') as tenant"


@pytest.fixture
async def notes(new_desk: NewDesk) -> Desk:
    """A desk with a note of Anne's, one of Bert's and one of nobody's."""
    desk = await new_desk("memory")
    await desk.database.fetch("insert into notes (user_id, text) values ($1, 'a'), ($2, 'b'), (null, 'n')", ANNE, BERT)
    return desk


async def test_a_user_sees_only_the_own_rows_when_the_where_is_forgotten(notes: Desk) -> None:
    async with notes.database.as_user(ANNE) as connection:
        assert [row["text"] for row in await connection.fetch("select text from notes")] == ["a"]
    async with notes.database.as_user(uuid4()) as connection:
        assert await connection.fetch("select text from notes") == []


async def test_a_user_changes_only_the_own_rows(notes: Desk) -> None:
    async with notes.database.as_user(ANNE) as connection:
        assert await connection.execute("update notes set text = 'mine'") == "UPDATE 1"
        assert await connection.execute("delete from notes where user_id = $1", BERT) == "DELETE 0"
    assert sorted(await notes.notes()) == ["b", "mine", "n"]


async def test_a_user_cannot_write_a_row_of_somebody_else(notes: Desk) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await _insert_for_bert(notes.database)
    assert len(await notes.notes()) == 3


async def _insert_for_bert(database: Database) -> None:
    async with database.as_user(ANNE) as connection:
        await connection.execute("insert into notes (user_id, text) values ($1, 'forged')", BERT)


async def test_the_role_of_users_without_a_user_sees_nothing(notes: Desk) -> None:
    async with notes.database.transaction() as connection:
        await connection.execute(f"set local role {SCHEMA}_user")
        assert await connection.fetch("select * from notes") == []


async def test_a_connection_forgets_its_user_with_the_transaction(notes: Desk) -> None:
    database = Database(notes.url, SCHEMA, size=1)
    await database.open()
    try:
        for raising in (False, True):
            try:
                async with database.as_user(ANNE) as connection:
                    assert dict(await connection.fetchrow(WHO) or {}) == {"role": f"{SCHEMA}_user", "tenant": str(ANNE)}
                    if raising:
                        raise LookupError
            except LookupError:
                pass
            assert [dict(row) for row in await database.fetch(WHO)] == [{"role": f"{SCHEMA}_worker", "tenant": ""}]
    finally:
        await database.close()


async def test_who_is_cancelled_gives_a_good_connection_back(notes: Desk) -> None:
    database = Database(notes.url, SCHEMA, size=1)
    await database.open()

    async def work(begun: asyncio.Event) -> None:
        async with database.as_user(ANNE) as connection:
            await connection.execute("insert into notes (user_id, text) values ($1, 'lost')", ANNE)
            begun.set()
            await connection.execute("select pg_sleep(30)")

    try:
        for _ in range(3):
            begun = asyncio.Event()
            task = asyncio.create_task(work(begun))
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        async with database.as_user(BERT) as connection:
            assert [row["text"] for row in await connection.fetch("select text from notes")] == ["b"]
    finally:
        await database.close()
    assert len(await notes.notes()) == 3


async def test_what_broke_a_transaction_is_told_though_its_connection_is_gone(notes: Desk) -> None:
    async def work() -> None:
        async with notes.database.as_user(ANNE) as connection:
            await connection.execute("delete from notes")
            connection.terminate()
            raise LookupError

    for _ in range(10):
        with pytest.raises(LookupError):
            await work()
    assert len(await notes.notes()) == 3


async def test_a_commit_without_a_connection_is_an_error(notes: Desk) -> None:
    async def work() -> None:
        async with notes.database.transaction() as connection:
            connection.terminate()

    for _ in range(10):
        with pytest.raises(RETRYABLE):
            await work()
    assert len(await notes.notes()) == 3


async def test_only_a_uuid_names_a_user(notes: Desk) -> None:
    with pytest.raises(AttributeError):
        notes.database.as_user("x'; set local role postgres; --")  # type: ignore[arg-type]


async def test_users_at_once_see_each_their_own(notes: Desk) -> None:
    async def look(user: object, text: str) -> None:
        for _ in range(20):
            async with notes.database.as_user(user) as connection:  # type: ignore[arg-type]
                await asyncio.sleep(0)
                assert [row["text"] for row in await connection.fetch("select text from notes")] == [text]

    await asyncio.gather(*(look(*who) for who in [(ANNE, "a"), (BERT, "b")] * 5))


async def test_neither_role_may_touch_what_it_does_not_own(notes: Desk) -> None:
    for statement in ("drop table notes", "alter table notes disable row level security", "create table t (n int)"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await notes.database.fetch(statement)


async def test_a_closed_database_says_so(notes: Desk) -> None:
    database = Database(notes.url, SCHEMA)
    with pytest.raises(RuntimeError, match="not open"):
        await database.ping()
    await database.open()
    await database.ping()
    await database.close()
    await database.close()


@pytest.mark.parametrize("kind", ["database", "bus"])
async def test_closing_cuts_who_stays_busy(new_desk: NewDesk, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr("millrace.common.db.database.CLOSE_SECONDS", 0.1)
    desk = await new_desk("postgres")
    assert isinstance(desk.bus, PostgresBus)
    pool, close = (desk.database.pool, desk.database.close) if kind == "database" else (desk.bus.pool, desk.bus.stop)
    async with pool.acquire() as connection:
        async with asyncio.timeout(10):
            await close()
        with pytest.raises(asyncpg.InterfaceError):
            await connection.fetchval("select 1")


async def test_more_work_than_connections_waits_its_turn(notes: Desk) -> None:
    database = Database(notes.url, SCHEMA, size=2)
    await database.open()

    async def work() -> None:
        async with database.transaction() as connection:
            await connection.execute("select pg_sleep(0.01)")

    await asyncio.gather(*(work() for _ in range(30)))
    await database.close()


@pytest.mark.parametrize(
    "statement",
    [
        "set local statement_timeout = '10ms'; select pg_sleep(1)",
        "set local idle_in_transaction_session_timeout = '10ms'",
        "set transaction read only; insert into notes (text) values ('x')",
        "do $$ begin raise exception 'x' using errcode = '53100'; end $$",
        "do $$ begin raise exception 'x' using errcode = '57P02'; end $$",
        "do $$ begin raise exception 'x' using errcode = '58030'; end $$",
        "do $$ begin raise exception 'x' using errcode = '40003'; end $$",
    ],
)
async def test_what_is_only_bad_luck_may_be_tried_again(notes: Desk, statement: str) -> None:
    with pytest.raises(RETRYABLE):
        await _do(notes.database, statement)
    await notes.database.ping()


@pytest.mark.parametrize("how", ["pg_cancel_backend", "pg_terminate_backend"])
async def test_what_an_operator_ends_may_be_tried_again(notes: Desk, how: str) -> None:
    with pytest.raises(RETRYABLE):
        await _end(notes, how)
    await notes.database.ping()


async def _do(database: Database, statement: str) -> None:
    async with database.transaction() as connection:
        await connection.execute(statement)
        await asyncio.sleep(0.2)  # longer than an idle transaction may last
        await connection.execute("select 1")


async def _end(notes: Desk, how: str) -> None:
    async with notes.database.transaction() as connection:
        pid = await connection.fetchval("select pg_backend_pid()")
        sleeping = asyncio.ensure_future(connection.execute("select pg_sleep(20)"))
        await notes.until(lambda: _sleeps(notes, pid))
        await notes.as_superuser(f"select {how}({pid})")
        await sleeping


async def _sleeps(notes: Desk, pid: int) -> bool:
    # pg_stat_activity hides what other roles do, unless a superuser asks
    connection = await asyncpg.connect(notes.url)
    try:
        query = "select 1 from pg_stat_activity where pid = $1 and wait_event = 'PgSleep'"
        return bool(await connection.fetch(query, pid))
    finally:
        await connection.close()


@pytest.mark.parametrize("statement", ["select 1/0", "insert into notes (number) values (1)", "select nothing"])
async def test_what_is_wrong_in_itself_is_not_tried_again(notes: Desk, statement: str) -> None:
    with pytest.raises(asyncpg.PostgresError) as caught:
        await notes.database.fetch(statement)
    assert not isinstance(caught.value, RETRYABLE)
