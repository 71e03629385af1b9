"""Many backtests at a time: limits, turns, and what outlives a fall."""

import asyncio
import multiprocessing
import signal
from datetime import timedelta

import pytest

from millrace.backtest.app.runs import planned
from millrace.common.jobs import process
from millrace.common.jobs.lease import Leases
from services.backtest.tests.conftest import START, Owner, Store, walk


async def test_one_user_may_have_so_many_under_way_and_no_more(owner: Owner, other: Owner, store: Store) -> None:
    await store(walk(10))
    answers = await asyncio.gather(*(owner.create() for _ in range(9)))
    made = [answer.value()["id"] for answer in answers if answer.status == 201]
    refused = [answer for answer in answers if answer.status != 201]
    assert (len(made), {answer.status for answer in refused}) == (5, {429})
    error = refused[0].json()["error"]
    assert error["message"] == "5 of your backtests are under way; wait until one has ended, or cancel one"
    assert (error["details"]["limit"], refused[0].headers["retry-after"]) == (5, "5")
    assert (await other.create()).status == 201
    for backtest_id in made:
        assert (await owner.over(backtest_id))["status"] == "completed"
    assert (await owner.create()).status == 201


async def test_the_many_of_one_user_do_not_keep_out_the_first_of_another(
    owner: Owner, other: Owner, store: Store
) -> None:
    await store(walk(10))
    await asyncio.gather(*(owner.create() for _ in range(5)))
    late = (await other.create()).value()["id"]
    jobs = await owner.stand.rows("backtest", "select id from jobs order by priority desc, run_after, id")
    assert [str(job["id"]) for job in jobs].index(late) == 1
    await other.over(late)


async def test_a_backtest_whose_worker_died_is_run_again_to_the_same_end(owner: Owner, store: Store) -> None:
    await store(walk(200))
    end = (START + timedelta(hours=200)).isoformat()
    first = await owner.ran(end=end)
    running = owner.stand.host.running["backtest"]
    (lost,) = await owner.stand.rows(
        "backtest",
        """update jobs set state = 'running', epoch = epoch + 1, worker = 'gone', lease_until = now() - interval '1 s',
        finished_at = null where id = $1 returning id""",
        first["id"],
    )
    assert (await owner.ask("GET", f"/backtests/{lost['id']}")).value()["status"] == "running"
    await Leases(running.database, "sweeper", 30.0).sweep(1e9)
    again = await owner.over(first["id"])
    assert (again["status"], again["digest"]) == ("completed", first["digest"])
    assert again["completed_at"] > first["completed_at"]


async def test_a_backtest_that_cannot_be_run_any_more_fails_and_says_why(owner: Owner, store: Store) -> None:
    await store(walk(10))
    first = await owner.ran()
    await owner.stand.rows("marketdata", "delete from candles")
    again = "update jobs set state = 'pending', finished_at = null where id = $1"
    await owner.stand.rows("backtest", again, first["id"])
    found = await owner.over(first["id"])
    assert (found["status"], found["error"]) == ("failed", "there are no stored candles in this range")
    assert (found["equity_curve"], found["trades"]) == ([], [])


async def test_a_market_that_does_not_answer_is_asked_again(owner: Owner, store: Store) -> None:
    await store(walk(10))
    market = owner.stand.host.running["marketdata"].service
    made = (await owner.create()).value()
    api, market.api = market.api, None  # as if the process of the market were down
    jobs = "select tries, state from jobs"

    async def failed_once() -> bool:
        return (await owner.stand.rows("backtest", jobs))[0]["tries"] > 0

    try:
        await owner.stand.host.until(failed_once)
    finally:
        market.api = api
    assert (await owner.over(made["id"]))["status"] == "completed"


@pytest.mark.parametrize(
    ("strategy", "parameters", "warmup"),
    [("hold", "{}", 0), ("trend", '{"slow": 40}', 40), ("momentum", '{"rsi_period": 20}', 21)],
)
def test_a_run_asks_for_as_many_earlier_candles_as_its_strategy_wants(
    strategy: str, parameters: str, warmup: int
) -> None:
    row = {
        "strategy": strategy,
        "parameters": parameters,
        "mode": "percent_equity",
        "size": None,
        "initial_capital": 1,
        "commission": 0,
        "slippage_model": "none",
        "slippage": 0,
        "market_impact": False,
        "protection": "intrabar",
    }
    plan, needed = planned(row)
    assert (needed, plan.intrabar, str(plan.sizing.amount)) == (warmup, True, "0.1")


async def test_a_computation_that_is_killed_is_begun_anew(owner: Owner, store: Store) -> None:
    await store(walk(200))
    end = (START + timedelta(hours=200)).isoformat()

    async def computing() -> bool:
        return bool(multiprocessing.active_children())

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(process, "MANNERS", signal.pause)  # the first one comes to nothing before it is killed
        made = (await owner.create(end=end)).value()
        await owner.stand.host.until(computing)
    for child in multiprocessing.active_children():
        child.kill()
    found = await owner.over(made["id"])
    assert (found["status"], found["error"]) == ("completed", None)
    (job,) = await owner.stand.rows("backtest", "select tries, epoch from jobs")
    assert (job["tries"], job["epoch"]) == (1, 2)
