"""What goes into a computation's process and what comes out of it, without stopping everything else."""

import asyncio
import multiprocessing
from collections.abc import Callable, Coroutine
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
import uvloop

from millrace.common.jobs.process import Report, in_process
from millrace.common.kernel.errors import Code, MillraceError

LARGE = b"x" * 30_000_000


def measure(report: Report, data: bytes) -> int:
    """Say that it has begun, and how much it was given."""
    report(0.5, "begun")
    return len(data)


def repeat(report: Report, size: int) -> bytes:
    """A large answer after some large reports."""
    for number in range(3):
        report(number / 3, "y" * size)
    return b"x" * size


def refuse(report: Report) -> None:
    """Say no, with everything that can be said."""
    raise MillraceError(Code.RATE_LIMITED, "no", fields={"a": "b"}, details={"c": 1}, retry_after=2.0)


def ignore(*_: Any) -> None:
    """Hear a report."""


async def test_an_error_of_ours_comes_back_as_it_was_raised() -> None:
    with pytest.raises(MillraceError) as caught:
        await in_process(refuse, ignore)
    error = caught.value
    assert (error.code, error.message, error.retry_after) == (Code.RATE_LIMITED, "no", 2.0)
    assert (error.fields, error.details) == ({"a": "b"}, {"c": 1})


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
async def test_answers_of_any_size_come_back_on_every_loop(run: Callable[[Coroutine[Any, Any, bytes]], bytes]) -> None:
    heard: list[int] = []
    computing = in_process(repeat, lambda _, note: heard.append(len(note)), 5_000_000)
    assert await asyncio.to_thread(run, computing) == b"x" * 5_000_000
    assert heard == [5_000_000] * 3


async def test_the_loop_goes_on_while_large_arguments_are_handed_over() -> None:
    loop = asyncio.get_running_loop()
    begun: list[float] = []
    computing = asyncio.ensure_future(in_process(measure, lambda *_: begun.append(loop.time()), LARGE))
    ticks = [loop.time()]
    while not computing.done():
        await asyncio.sleep(0.001)
        ticks.append(loop.time())
    assert await computing == len(LARGE)
    before = [tick for tick in ticks if tick < begun[0]]
    assert len(before) > 10
    assert max(b - a for a, b in pairwise(before)) < (begun[0] - ticks[0]) / 2


async def test_a_computation_that_is_cancelled_while_it_starts_leaves_no_process() -> None:
    started = len(multiprocessing.active_children())
    for patience in range(5):
        computing = asyncio.ensure_future(in_process(measure, ignore, LARGE))
        for _ in range(patience):
            await asyncio.sleep(0)
        computing.cancel()
        computing.cancel()
        with suppress(asyncio.CancelledError):
            await computing
        assert computing.cancelled()
    assert len(multiprocessing.active_children()) == started
