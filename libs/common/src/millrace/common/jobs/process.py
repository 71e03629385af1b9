"""Computing in a process of its own, so that the event loop goes on and a cancelled computation ends at once.

A process per computation, not a pool: one in a pool cannot be killed without the others, and jobs are long enough
for the start (about 0.2 s) not to matter.
"""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any, Concatenate, ParamSpec, TypeVar

from millrace.common.jobs.priority import give_way
from millrace.common.kernel.errors import MillraceError

Report = Callable[[float, str], None]
P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

_SPAWN = multiprocessing.get_context("spawn")
MANNERS: Callable[[], None] = give_way
"""What such a process does first; on a machine that is always busy it would come to nothing."""


class ProcessDied(RuntimeError):
    """The process ended without an answer: killed, or out of memory."""


async def in_process(
    function: Callable[Concatenate[Report, P], R], report: Report, *arguments: P.args, **options: P.kwargs
) -> R:
    """Call `function(report, *arguments)` elsewhere; raises what it raises, and `ProcessDied`.

    `function`, its arguments and its result must be picklable. Cancelling kills the process.
    """
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_main, args=(theirs, MANNERS, function, arguments, options), daemon=True)
    try:
        try:
            await _beside(process.start)
        finally:
            theirs.close()
        while True:
            await _readable(ours.fileno())
            kind, value = await _beside(partial(_receive, ours))
            match kind:
                case "report":
                    report(*value)
                case "result":
                    result: R = value
                    return result
                case "refused":
                    code, message, said = value
                    raise MillraceError(code, message, **said)
                case _:
                    raise value
    except (EOFError, ConnectionResetError):
        process.join()
        raise ProcessDied(f"the computation ended with exit code {process.exitcode}") from None
    finally:
        if process.pid is not None:
            process.kill()
            process.join()
        ours.close()
        process.close()


async def _beside(function: Callable[[], T]) -> T:
    """Call it in a thread: what goes through a pipe may be large, and stays there until the other side takes it.

    A cancellation is told once it has ended, so that nobody closes the pipe under it.
    """
    calling = asyncio.get_running_loop().run_in_executor(None, function)
    cancelled: asyncio.CancelledError | None = None
    while not calling.done():
        try:
            await asyncio.wait([calling])
        except asyncio.CancelledError as told:
            cancelled = told
    result = calling.result()
    if cancelled is not None:
        raise cancelled
    return result


async def _readable(file: int) -> None:
    """Wait until there is something to read, or nobody left to write."""
    loop = asyncio.get_running_loop()
    there = asyncio.Event()
    loop.add_reader(file, there.set)
    try:
        await there.wait()
    finally:
        loop.remove_reader(file)


def _receive(pipe: "Connection[Any, Any]") -> Any:
    os.set_blocking(pipe.fileno(), True)  # uvloop makes what it watches non-blocking, which a large message breaks on
    return pipe.recv()


def _main(
    pipe: "Connection[Any, Any]",
    manners: Callable[[], None],
    function: Callable[..., Any],
    arguments: Any,
    options: Any,
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    manners()
    threading.Thread(target=_die_with_parent, daemon=True).start()
    try:
        answer = (
            "result",
            function(lambda progress, note="": pipe.send(("report", (progress, note))), *arguments, **options),
        )
    except MillraceError as problem:  # as pickle does not know how it is made, and the worker must know what it says
        said = {"fields": problem.fields, "details": problem.details, "retry_after": problem.retry_after}
        answer = "refused", (problem.code, problem.message, said)
    except Exception as problem:
        answer = "error", problem
    try:
        pipe.send(answer)
    except (TypeError, AttributeError, ValueError) as problem:  # it cannot be pickled
        pipe.send(("error", RuntimeError(f"{answer[1]!r} cannot be handed over: {problem}")))


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
