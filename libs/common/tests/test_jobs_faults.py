"""Jobs survive what happens to workers: death, freezing, a lost database, an orderly stop."""

import asyncio
import os
import signal
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from millrace.common.jobs.job import LeaseLost, State
from millrace.common.jobs.lease import Leases
from millrace.common.jobs.process import ProcessDied, Report
from millrace.common.jobs.run import Run
from millrace.common.testing.jobs import JobStand

_OTHER_PROCESS = textwrap.dedent("""
    import asyncio, sys
    from contextlib import suppress
    from millrace.common.db.database import Database
    from millrace.common.jobs.queue import Jobs
    from millrace.common.jobs.run import Run
    from millrace.common.jobs.worker import Worker
    from millrace.common.testing.jobs import SCHEMA, works_on

    async def walk(run: Run) -> None:
        for step in range(run.job.checkpoint or 0, 1000):
            async with run.begin() as work:
                await work.connection.execute("insert into effects (text) values ($1)", f"{run.job.epoch}:{step}")
                await run.save(work, step + 1)
            await asyncio.sleep(0.01)

    async def main() -> None:
        database = Database(sys.argv[1], SCHEMA)
        await database.open()
        handlers = {"walk": walk}
        await Worker(SCHEMA, works_on(database), Jobs(handlers), handlers, lease=2.0, beat=0.05).run()

    asyncio.run(main())
""")


async def walk(run: Run) -> str:
    """Go on where the other process stopped, three steps more."""
    start = run.job.checkpoint or 0
    for step in range(start, start + 3):
        async with run.begin() as work:
            await work.connection.execute("insert into effects (text) values ($1)", f"{run.job.epoch}:{step}")
            await run.save(work, step + 1)
    return "arrived"


async def other_process(labour: JobStand, job_id: UUID) -> asyncio.subprocess.Process:
    """A worker in a process of its own, which has begun the job."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _OTHER_PROCESS, labour.url)
    await labour.until(job_id, lambda job: (job.checkpoint or 0) >= 5, 60)
    return process


def no_step_twice(effects: list[str]) -> bool:
    """Whether each step was taken once and in order, whoever took it."""
    steps = [int(text.split(":")[1]) for text in effects]
    return steps == list(range(len(steps)))


async def test_the_job_of_a_killed_worker_goes_on_elsewhere_and_no_step_is_lost_or_doubled(labour: JobStand) -> None:
    labour.jobs.names = {"walk"}
    job_id = await labour.enqueue("walk")
    process = await other_process(labour, job_id)
    process.kill()
    await process.wait()
    async with labour.worker({"walk": walk}):
        job = await labour.over(job_id)
    assert (job.state, job.result, job.tries, job.epoch) == (State.SUCCEEDED, "arrived", 1, 2)
    effects = await labour.effects()
    assert no_step_twice(effects)
    assert [text[0] for text in effects[-3:]] == ["2", "2", "2"]


async def test_a_frozen_worker_that_wakes_up_writes_nothing_for_the_job_it_lost(labour: JobStand) -> None:
    labour.jobs.names = {"walk"}
    job_id = await labour.enqueue("walk")
    process = await other_process(labour, job_id)
    try:
        process.send_signal(signal.SIGSTOP)
        async with labour.worker({"walk": walk}):
            await labour.over(job_id)
            effects = await labour.effects()
            process.send_signal(signal.SIGCONT)
            next_id = await labour.enqueue("walk")
            await labour.until(next_id, lambda job: job.state is not State.PENDING)
        assert no_step_twice(effects)
        later = await labour.effects()
        assert later[: len(effects)] == effects
        assert all(text.startswith("1:") for text in later[len(effects) :])  # the next job's own first epoch
        assert (await labour.job(job_id)).result == "arrived"
    finally:
        process.kill()
        await process.wait()


async def test_a_worker_that_dies_of_a_job_again_and_again_does_not_do_so_for_ever(labour: JobStand) -> None:
    labour.jobs.names = {"deadly"}
    job_id = await labour.enqueue("deadly", max_tries=2)

    async def pretend_to_die() -> None:
        await labour.database.fetch(
            "update jobs set state = 'running', epoch = epoch + 1, worker = 'gone', lease_until = now() where id = $1",
            job_id,
        )

    async def never(run: Run) -> None:
        raise AssertionError("it must not come back to life")

    for tries in (1, 2):
        await pretend_to_die()
        async with labour.worker({"other": never}):
            job = await labour.until(job_id, lambda job, tries=tries: job.tries == tries)  # type: ignore[misc]
    assert (job.state, job.error) == (
        State.FAILED,
        {"code": "WORKER_LOST", "message": "the worker stopped without a word"},
    )


async def test_a_worker_whose_heartbeat_fails_stops_its_handler_before_the_lease_ends(labour: JobStand) -> None:
    stopped: list[tuple[float, bool]] = []

    async def stubborn(run: Run) -> None:
        begun = time.monotonic()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.append((time.monotonic() - begun, run.lost))

    async with labour.worker({"stubborn": stubborn}, lease=3.0) as worker:
        job_id = await labour.enqueue("stubborn")
        await labour.until(job_id, lambda job: job.state is State.RUNNING)
        lock = await labour.database.pool.acquire()
        async with lock.transaction():
            await lock.execute("select 1 from jobs where id = $1 for update", job_id)
            async with asyncio.timeout(15):  # the heartbeat now waits for the row's lock
                while not stopped:
                    await asyncio.sleep(0.02)
            lease_left = await lock.fetchval("select lease_until > clock_timestamp() from jobs where id = $1", job_id)
        await labour.database.pool.release(lock)
        assert stopped[0][1]
        assert lease_left or stopped[0][0] < 4.5
        assert worker.busy


async def test_a_heartbeat_keeps_a_job_that_takes_longer_than_the_lease(labour: JobStand) -> None:
    async def long(run: Run) -> None:
        await asyncio.sleep(4.5)

    async with labour.worker({"long": long}, lease=3.0), labour.worker({"long": long}, lease=3.0):
        job = await labour.over(await labour.enqueue("long"))
    assert (job.state, job.epoch, job.tries) == (State.SUCCEEDED, 1, 0)


async def test_a_transaction_in_progress_does_not_hold_up_the_heartbeat(labour: JobStand) -> None:
    async def slow_transaction(run: Run) -> None:
        async with run.begin() as work:
            await work.connection.execute("select pg_sleep(4.5)")

    async with (
        labour.worker({"slow": slow_transaction}, lease=3.0),
        labour.worker({"slow": slow_transaction}, lease=3.0),
    ):
        job = await labour.over(await labour.enqueue("slow"))
    assert (job.state, job.epoch) == (State.SUCCEEDED, 1)


async def test_nobody_takes_a_job_over_in_the_middle_of_a_transaction_of_its_holder(labour: JobStand) -> None:
    inside, leave = asyncio.Event(), asyncio.Event()

    async def careful(run: Run) -> None:
        async with run.begin():
            inside.set()
            await leave.wait()

    labour.jobs.names = {"careful"}
    job_id = await labour.enqueue("careful")
    async with labour.worker({"careful": careful}, lease=600, beat=600):
        await asyncio.wait_for(inside.wait(), 15)
        await labour.database.fetch("update jobs set lease_until = now() - interval '1 minute' where id = $1", job_id)
        assert await Leases(labour.database, "another", 1.0).sweep(600) == []
        leave.set()
        job = await labour.over(job_id)
    assert (job.state, job.epoch, job.tries) == (State.SUCCEEDED, 1, 0)


async def test_a_transaction_that_idles_for_a_whole_lease_is_ended_so_that_no_frozen_one_holds_a_job(
    labour: JobStand,
) -> None:
    async def forgetful(run: Run) -> None:
        if run.job.tries == 0:
            async with run.begin() as work:
                await work.connection.execute("insert into effects (text) values ('never')")
                await asyncio.sleep(4)

    async with labour.worker({"forgetful": forgetful}, lease=2.0):
        job = await labour.over(await labour.enqueue("forgetful"))
    assert (job.state, job.tries) == (State.SUCCEEDED, 1)
    assert await labour.effects() == []


async def test_a_stopped_worker_gives_its_jobs_back_untried_and_at_once(labour: JobStand) -> None:
    async def endless(run: Run) -> None:
        await asyncio.Event().wait()

    async with labour.worker({"endless": endless}, lease=600):
        job_id = await labour.enqueue("endless")
        await labour.until(job_id, lambda job: job.state is State.RUNNING)
    job = await labour.job(job_id)
    assert (job.state, job.tries) == (State.PENDING, 0)


async def test_a_holder_that_lost_its_lease_can_neither_write_nor_end_the_job(labour: JobStand) -> None:
    refused = asyncio.Event()

    async def robbed(run: Run) -> None:
        await labour.database.fetch("update jobs set epoch = epoch + 1 where id = $1", run.job.id)
        try:
            async with run.begin():
                raise AssertionError("it got in")
        except LeaseLost:
            refused.set()

    async with labour.worker({"robbed": robbed}, lease=600):
        job_id = await labour.enqueue("robbed")
        await asyncio.wait_for(refused.wait(), 15)
    assert (await labour.job(job_id)).result is None


async def test_a_handler_that_is_cancelled_by_its_own_mistake_fails(labour: JobStand) -> None:
    async def confused(run: Run) -> None:
        raise asyncio.CancelledError

    async with labour.worker({"confused": confused}):
        job = await labour.over(await labour.enqueue("confused", max_tries=2))
    assert (job.state, job.tries) == (State.FAILED, 2)


def count_primes(report: Report, below: int) -> int:
    """Something for a processor to do."""
    report(0.5, "half way")
    return sum(all(n % d for d in range(2, int(n**0.5) + 1)) for n in range(2, below))


def spin(report: Report, file: str) -> None:
    """Compute for ever."""
    Path(file).write_text(str(os.getpid()))
    while True:
        pass


def vanish(report: Report) -> None:
    """Die as if killed for its memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def reject(report: Report) -> None:
    """Raise something."""
    raise ValueError("not computable")


async def test_a_computation_runs_in_a_process_of_its_own_and_reports(labour: JobStand) -> None:
    reports: list[float] = []

    async def compute(run: Run) -> int:
        found = await run.compute(count_primes, 1000)
        reports.append(run.progress)
        return found

    async with labour.worker({"compute": compute}):
        job = await labour.over(await labour.enqueue("compute"), 60)
    assert (job.result, job.note, reports) == (168, "half way", [0.5])


async def test_cancelling_a_job_kills_its_computation(labour: JobStand, tmp_path: Path) -> None:
    file = tmp_path / "pid"

    async def compute(run: Run) -> None:
        await run.compute(spin, str(file))

    async with labour.worker({"compute": compute}):
        job_id = await labour.enqueue("compute")
        async with asyncio.timeout(60):
            while not (file.exists() and file.read_text()):
                await asyncio.sleep(0.02)
        async with labour.database.transaction() as connection:
            await labour.jobs.cancel(connection, job_id)
        job = await labour.over(job_id)
    assert job.state is State.CANCELLED
    with pytest.raises(ProcessLookupError):
        os.kill(int(file.read_text()), 0)


@pytest.mark.parametrize(("function", "error"), [(vanish, ProcessDied.__name__), (reject, "ValueError")])
async def test_a_computation_that_dies_or_raises_fails_the_try(
    labour: JobStand, function: Callable[[Report], None], error: str
) -> None:
    async def compute(run: Run) -> None:
        await run.compute(function)

    async with labour.worker({"compute": compute}):
        job = await labour.over(await labour.enqueue("compute", max_tries=1), 60)
    assert job.error is not None
    assert (job.state, job.error["code"]) == (State.FAILED, error)
