"""Jobs are done once, by whoever is alive, in the order that was asked for."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from millrace.common.jobs.job import State, UnknownJob
from millrace.common.jobs.run import Run
from millrace.common.jobs.schedule import Schedule
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.testing.jobs import JobStand


async def write(run: Run) -> dict[str, Any]:
    """Leave a trace in the database."""
    async with run.begin() as work:
        await work.connection.execute("insert into effects (text) values ($1)", str(run.job.arguments["text"]))
    return {"written": run.job.arguments["text"]}


async def test_a_job_is_done_and_its_result_is_kept(labour: JobStand) -> None:
    async with labour.worker({"write": write}):
        job = await labour.over(await labour.enqueue("write", {"text": "hello"}))
    assert (job.state, job.result, job.progress, job.tries) == (State.SUCCEEDED, {"written": "hello"}, 1.0, 0)
    assert await labour.effects() == ["hello"]


async def test_four_workers_do_every_job_exactly_once(labour: JobStand) -> None:
    labour.jobs.names = {"write"}
    ids = [await labour.enqueue("write", {"text": f"{n:03}"}) for n in range(120)]
    # on a busy machine a short lease ends before its heartbeat, and a job is rightly taken twice
    workers = [labour.worker({"write": write}, concurrency=5, lease=30.0) for _ in range(4)]
    async with workers[0], workers[1], workers[2], workers[3]:
        jobs = [await labour.over(job_id) for job_id in ids]
    assert {job.epoch for job in jobs} == {1}
    assert sorted(await labour.effects()) == [f"{n:03}" for n in range(120)]


async def test_a_job_asked_for_in_a_transaction_that_fails_never_exists(labour: JobStand) -> None:
    labour.jobs.names = {"write"}

    async def change_mind() -> None:
        async with labour.works.begin() as work:
            await labour.jobs.enqueue(work, "write", {"text": "never"})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await change_mind()
    async with labour.database.transaction() as connection:
        assert await labour.jobs.newest(connection) == []


async def test_an_unknown_job_is_refused_with_the_known_names(labour: JobStand) -> None:
    labour.jobs.names = {"write"}
    with pytest.raises(UnknownJob) as refused:
        await labour.enqueue("os.system")
    assert (refused.value.status, refused.value.details) == (422, {"supported": ["write"]})


async def test_a_worker_leaves_the_jobs_it_does_not_know_to_others(labour: JobStand) -> None:
    labour.jobs.names = {"write", "newer"}
    newer, known = await labour.enqueue("newer", priority=9), await labour.enqueue("write", {"text": "x"})
    async with labour.worker({"write": write}):
        await labour.over(known)
    assert (await labour.job(newer)).state is State.PENDING


async def test_urgent_jobs_go_first_and_equals_in_the_order_they_were_asked_for(labour: JobStand) -> None:
    labour.jobs.names = {"write"}
    for text, priority in (("low", -5), ("first", 0), ("second", 0), ("urgent", 9)):
        last = await labour.enqueue("write", {"text": text}, priority=priority)
    async with labour.worker({"write": write}, concurrency=1):
        await labour.over(last)
        async with asyncio.timeout(15):
            while len(await labour.effects()) < 4:
                await asyncio.sleep(0.02)
    assert await labour.effects() == ["urgent", "first", "second", "low"]


async def test_no_more_jobs_than_allowed_run_at_a_time(labour: JobStand) -> None:
    running, most = 0, 0

    async def count(run: Run) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1

    labour.jobs.names = {"count"}
    ids = [await labour.enqueue("count") for _ in range(9)]
    async with labour.worker({"count": count}, concurrency=3):
        for job_id in ids:
            await labour.over(job_id)
    assert most == 3


async def test_a_job_for_later_waits_for_its_time(labour: JobStand) -> None:
    async with labour.worker({"write": write}):
        asked_at = datetime.now(UTC)
        later = await labour.enqueue("write", {"text": "later"}, delay=timedelta(seconds=0.4))
        now = await labour.enqueue("write", {"text": "now"})
        tomorrow = await labour.enqueue("write", {"text": "tomorrow"}, run_after=asked_at + timedelta(days=1))
        await labour.over(now)
        job = await labour.over(later)
        assert job.started_at is not None
        assert job.started_at - asked_at >= timedelta(seconds=0.4)
        assert (await labour.job(tomorrow)).state is State.PENDING
    assert await labour.effects() == ["now", "later"]


async def test_a_failing_job_is_tried_again_with_growing_waits_until_it_succeeds(labour: JobStand) -> None:
    times: list[float] = []

    async def flaky(run: Run) -> str:
        times.append(asyncio.get_running_loop().time())
        if run.job.tries < 2:
            raise ConnectionError("token=hunter2 refused")
        return "done"

    async with labour.worker({"flaky": flaky}, backoff=0.2):
        job = await labour.over(await labour.enqueue("flaky"))
    assert (job.state, job.tries, job.epoch, job.result) == (State.SUCCEEDED, 2, 3, "done")
    assert times[1] - times[0] >= 0.2
    assert times[2] - times[1] >= 0.4


async def test_a_job_that_keeps_failing_is_given_up_with_its_error_and_without_secrets(labour: JobStand) -> None:
    async def broken(run: Run) -> None:
        raise ConnectionError("https://venue/?token=hunter2 refused \x00")

    async with labour.worker({"broken": broken}):
        job = await labour.over(await labour.enqueue("broken", max_tries=3))
    assert (job.state, job.tries) == (State.FAILED, 3)
    assert job.error == {"code": "ConnectionError", "message": "https://venue/?token=*** refused "}


async def test_a_request_that_can_never_succeed_is_not_tried_again(labour: JobStand) -> None:
    async def refuse(run: Run) -> None:
        raise MillraceError(Code.INVALID_SYMBOL, "no such pair")

    async with labour.worker({"refuse": refuse}):
        job = await labour.over(await labour.enqueue("refuse"))
    assert (job.state, job.tries, job.error) == (State.FAILED, 1, {"code": "INVALID_SYMBOL", "message": "no such pair"})


@pytest.mark.parametrize("result", [object(), {"text": "\x00"}, {1: "\ud800"}])
async def test_a_result_that_cannot_be_stored_fails_the_job_instead_of_hanging_it(
    labour: JobStand, result: Any
) -> None:
    async def odd(run: Run) -> Any:
        return result

    async with labour.worker({"odd": odd}):
        job = await labour.over(await labour.enqueue("odd", max_tries=1))
    assert job.state is State.FAILED


async def test_a_job_that_is_alive_is_not_doubled_and_may_be_asked_for_again_afterwards(labour: JobStand) -> None:
    labour.jobs.names = {"write"}
    first = await labour.enqueue("write", {"text": "one"}, dedupe_key="BTC")
    same = await labour.enqueue("write", {"text": "two"}, dedupe_key="BTC")
    other = await labour.enqueue("write", {"text": "three"}, dedupe_key="ETH")
    owned = await labour.enqueue("write", {"text": "four"}, dedupe_key="BTC", user_id=uuid4())
    assert first == same
    assert len({first, other, owned}) == 3
    async with labour.worker({"write": write}):
        for job_id in (first, other, owned):
            await labour.over(job_id)
        again = await labour.enqueue("write", {"text": "five"}, dedupe_key="BTC")
        assert again != first
        await labour.over(again)
    assert sorted(await labour.effects()) == ["five", "four", "one", "three"]


async def test_the_same_job_asked_for_by_many_at_once_exists_once(labour: JobStand) -> None:
    labour.jobs.names = {"write"}
    ids = await asyncio.gather(*(labour.enqueue("write", {"text": "x"}, dedupe_key="BTC") for _ in range(20)))
    assert len(set(ids)) == 1


async def test_a_waiting_job_is_cancelled_at_once_and_never_runs(labour: JobStand) -> None:
    labour.jobs.names = {"write"}
    job_id = await labour.enqueue("write", {"text": "never"})
    async with labour.database.transaction() as connection:
        assert await labour.jobs.cancel(connection, job_id) is State.CANCELLED
    async with labour.worker({"write": write}):
        await labour.over(await labour.enqueue("write", {"text": "next"}))
    assert await labour.effects() == ["next"]


async def test_a_running_job_is_stopped_when_it_is_cancelled(labour: JobStand) -> None:
    stopped = asyncio.Event()

    async def endless(run: Run) -> None:
        run.report(0.25, "a quarter")
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    async with labour.worker({"endless": endless}):
        job_id = await labour.enqueue("endless")
        running = await labour.until(job_id, lambda job: job.note == "a quarter")
        assert (running.state, running.progress) == (State.RUNNING, 0.25)
        async with labour.database.transaction() as connection:
            assert await labour.jobs.cancel(connection, job_id) is State.RUNNING
        job = await labour.over(job_id)
    assert stopped.is_set()
    assert (job.state, job.progress, job.tries) == (State.CANCELLED, 0.25, 0)
    with pytest.raises(MillraceError, match="the job is cancelled"):
        async with labour.database.transaction() as connection:
            await labour.jobs.cancel(connection, job_id)


async def test_a_failed_job_can_be_run_once_more_and_goes_on_from_its_checkpoint(labour: JobStand) -> None:
    async def walk(run: Run) -> list[int]:
        done: list[int] = run.job.checkpoint or []
        for step in range(len(done), 3):
            if step == 2 and run.job.epoch == 1:
                raise MillraceError(Code.INVALID_STATE, "the road is closed")
            async with run.begin() as work:
                await work.connection.execute("insert into effects (text) values ($1)", str(step))
                await run.save(work, done := [*done, step])
        return done

    async with labour.worker({"walk": walk}):
        job_id = await labour.enqueue("walk")
        assert (await labour.over(job_id)).state is State.FAILED
        async with labour.database.transaction() as connection:
            await labour.jobs.again(connection, job_id)
        job = await labour.over(job_id)
    assert (job.state, job.result) == (State.SUCCEEDED, [0, 1, 2])
    assert await labour.effects() == ["0", "1", "2"]


async def test_users_see_and_cancel_their_own_jobs_only(labour: JobStand) -> None:
    labour.jobs.names = {"write"}
    ann, bob = uuid4(), uuid4()
    hers = await labour.enqueue("write", {"text": "a"}, user_id=ann)
    his = await labour.enqueue("write", {"text": "b"}, user_id=bob)
    await labour.enqueue("write", {"text": "system"})
    async with labour.database.as_user(ann) as connection:
        assert [job.id for job in await labour.jobs.newest(connection)] == [hers]
        with pytest.raises(MillraceError, match="not found"):
            await labour.jobs.cancel(connection, his)
        assert await connection.fetch("select * from job_schedules") == []
    async with labour.works.begin(ann) as work:
        await labour.jobs.enqueue(work, "write", {"text": "c"}, user_id=ann)


async def test_a_schedule_fires_once_per_turn_whatever_the_number_of_workers(labour: JobStand) -> None:
    schedules, handlers = [Schedule("write", 0.3, {"text": "tick"})], {"write": write}
    async with labour.worker(handlers, schedules), labour.worker(handlers, schedules):
        begun = asyncio.get_running_loop().time()
        async with asyncio.timeout(15):
            while len(await labour.effects()) < 4:
                await asyncio.sleep(0.02)
        lasted = asyncio.get_running_loop().time() - begun
    assert len(await labour.effects()) <= lasted / 0.3 + 1
    assert await labour.database.fetch("select 1 from jobs where epoch > 1") == []


async def test_a_schedule_does_not_start_a_job_that_still_runs(labour: JobStand) -> None:
    release = asyncio.Event()

    async def slow(run: Run) -> None:
        await release.wait()

    async with labour.worker({"slow": slow}, [Schedule("slow", 0.05)], lease=0.3):
        await asyncio.wait_for(_turned(labour, 5), 15)
        assert len(await labour.database.fetch("select 1 from jobs")) == 1
        release.set()


async def _turned(labour: JobStand, times: int) -> None:
    seen = set()
    while len(seen) < times:
        seen |= {row["next_at"] for row in await labour.database.fetch("select next_at from job_schedules")}
        await asyncio.sleep(0.02)
