"""Backtests over HTTP: pages, cancelling, deleting, and what belongs to others."""

from datetime import timedelta
from uuid import UUID

from millrace.common.auth.principal import Principal
from millrace.common.kernel.ids import new_id
from services.backtest.tests.conftest import START, Owner, Store, walk

WISH = UUID("00000000-0000-7000-8000-000000000077")

MONTHS = {"timeframes": ["1m"], "end": (START + timedelta(minutes=60_000)).isoformat()}
"""Long enough to be cancelled while it runs."""
_MINUTES = """
insert into candles (exchange, symbol, timeframe, opened_at, open, high, low, close, volume)
select 'binance', 'BTC/USDT', '1m', $1::timestamptz + n * interval '1 min', p, p, p, p, 1
from generate_series(0, 59999) as n, lateral (select 100 + n % 7 as p) as prices
"""


async def test_backtests_are_listed_newest_first_by_pages_with_their_total(
    owner: Owner, other: Owner, store: Store
) -> None:
    await store(walk(10))
    await other.ran(name="theirs")
    ids = [(await owner.ran(name=f"run {number}"))["id"] for number in range(3)]
    page = (await owner.ask("GET", "/backtests", query={"limit": 2, "offset": 1})).value()
    assert ([item["id"] for item in page["items"]], page["total"]) == ([ids[1], ids[0]], 3)
    assert (page["limit"], page["offset"]) == (2, 1)
    assert {"equity_curve", "trades", "user_id"}.isdisjoint(page["items"][0])
    assert page["items"][0]["metrics"]["total_trades"] >= 0
    for status, total in (("completed", 3), ("failed", 0), (["failed", "completed"], 3)):
        assert (await owner.ask("GET", "/backtests", query={"status": status})).value()["total"] == total
    by_number = (await owner.ask("GET", f"/backtests/{page['items'][0]['num']}")).value()
    assert by_number == page["items"][0]


async def test_what_belongs_to_others_is_not_there(owner: Owner, other: Owner, store: Store) -> None:
    await store(walk(10))
    theirs = await other.ran()
    routes = [("GET", ""), ("GET", "/results"), ("POST", "/cancel"), ("DELETE", "")]
    for method, path in routes:
        answers = [
            await owner.ask(method, f"/backtests/{ref}{path}")
            for ref in (theirs["id"], theirs["num"], UUID(int=9), 1 << 40)
        ]
        assert {answer.status for answer in answers} == {404}, method
        errors = [{**answer.json()["error"], "request_id": None} for answer in answers]
        assert all(error == errors[0] for error in errors)
        assert errors[0]["message"] == "backtest not found"
    assert (await other.ask("GET", f"/backtests/{theirs['id']}")).value()["status"] == "completed"


async def test_the_walls_between_users_hold_without_the_queries(owner: Owner, other: Owner, store: Store) -> None:
    await store(walk(10))
    await other.ran()
    database = owner.stand.host.running["backtest"].database
    for table in ("backtests", "results", "jobs"):
        async with database.as_user(owner.user.user_id) as connection:
            assert await connection.fetchval(f"select count(*) from {table}") == 0
        async with database.as_user(other.user.user_id) as connection:
            assert await connection.fetchval(f"select count(*) from {table}") == 1


async def test_a_viewer_looks_and_changes_nothing(owner: Owner, store: Store) -> None:
    await store(walk(10))
    made = await owner.ran()
    owner.user = Principal(owner.user.user_id, "owner", "viewer")
    assert (await owner.ask("GET", f"/backtests/{made['id']}/results")).value()["digest"] == made["digest"]
    for answer in (
        await owner.create(),
        await owner.ask("DELETE", f"/backtests/{made['id']}"),
        await owner.ask("POST", f"/backtests/{made['id']}/cancel"),
    ):
        assert (answer.status, answer.json()["error"]["code"]) == (403, "PERMISSION_DENIED")


async def test_a_running_backtest_is_cancelled_within_seconds(owner: Owner) -> None:
    await owner.stand.rows("marketdata", _MINUTES, START)
    made = (await owner.create(**MONTHS)).value()
    await runs(owner, made["id"])
    assert (await owner.ask("POST", f"/backtests/{made['id']}/cancel")).status == 200
    found = await owner.over(made["id"])
    assert (found["status"], found["error"], found["metrics"], found["final_capital"]) == (
        "cancelled",
        None,
        None,
        None,
    )
    assert (found["equity_curve"], found["trades"], found["digest"]) == ([], [], None)
    again = await owner.ask("POST", f"/backtests/{made['id']}/cancel")
    assert (again.status, again.json()["error"]["message"]) == (409, "the backtest is cancelled already")


async def test_a_waiting_backtest_is_cancelled_at_once(owner: Owner) -> None:
    await owner.stand.rows("marketdata", _MINUTES, START)
    first, second, third = [(await owner.create(**MONTHS)).value()["id"] for _ in range(3)]
    await runs(owner, first)
    answer = (await owner.ask("POST", f"/backtests/{third}/cancel")).value()
    assert (answer["status"], answer["started_at"]) == ("cancelled", None)
    assert answer["completed_at"] is not None
    waiting = (await owner.ask("GET", "/backtests", query={"status": ["queued", "running"]})).value()
    assert [item["id"] for item in waiting["items"]] == [second, first]
    for backtest_id in (first, second):
        await owner.ask("DELETE", f"/backtests/{backtest_id}")


async def test_deleting_cancels_what_runs_and_forgets_what_was_found(owner: Owner) -> None:
    await owner.stand.rows("marketdata", _MINUTES, START)
    running, done = (await owner.create(**MONTHS)).value(), await owner.ran(timeframes=["1m"])
    await runs(owner, running["id"])
    for backtest_id in (running["id"], done["id"]):
        answer = await owner.ask("DELETE", f"/backtests/{backtest_id}")
        assert (answer.status, answer.body) == (204, b"")
        assert (await owner.ask("GET", f"/backtests/{backtest_id}")).status == 404
        assert (await owner.ask("DELETE", f"/backtests/{backtest_id}")).status == 404
    await owner.stand.rest(30)
    jobs = await owner.stand.rows("backtest", "select state from jobs order by id")
    assert [job["state"] for job in jobs] == ["cancelled", "succeeded"]
    assert await owner.stand.rows("backtest", "select from results") == []


async def test_the_jobs_are_counted_for_everybody_alike(owner: Owner, other: Owner, store: Store) -> None:
    await store(walk(10))
    await owner.ran()
    told = (await other.ask("GET", "/jobs/stats")).value()
    assert told == {"pending": 0, "running": 0, "completed": 1, "failed": 0, "workers": 2}


async def runs(owner: Owner, backtest_id: str) -> None:
    """Wait until a backtest runs."""

    async def begun() -> bool:
        return bool((await owner.ask("GET", f"/backtests/{backtest_id}")).value()["status"] == "running")

    await owner.stand.host.until(begun, 30)


async def test_a_wish_for_a_backtest_that_comes_again_makes_no_second_one(owner: Owner, store: Store) -> None:
    await store(walk(10))
    made = [(await owner.create(intent_id=str(WISH))).value() for _ in range(3)]
    assert {one["id"] for one in made} == {str(WISH)}
    await owner.over(WISH)
    assert (await owner.create(intent_id=str(WISH))).value()["status"] == "completed"
    assert (await owner.ask("GET", "/backtests")).value()["total"] == 1
    assert (await owner.ask("DELETE", f"/backtests/{WISH}")).status == 204
    assert (await owner.create(intent_id=str(WISH))).status == 404, "nor does what was deleted come back"


async def test_the_last_backtest_there_is_room_for_is_told_again(owner: Owner, store: Store) -> None:
    await owner.stand.rows("marketdata", _MINUTES, START)
    last: dict[str, str] = {}
    while (answer := await owner.create(**MONTHS, intent_id=str(new_id()))).status == 201:
        last = answer.value()
    assert answer.status == 429
    assert (await owner.create(**MONTHS, intent_id=last["id"])).value()["id"] == last["id"]
    for item in (await owner.ask("GET", "/backtests")).value()["items"]:
        await owner.ask("DELETE", f"/backtests/{item['id']}")
