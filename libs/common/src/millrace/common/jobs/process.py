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
from multiprocessing.connection import Connection, wait
from typing import Any, Concatenate, ParamSpec, TypeVar

from millrace.common.kernel.errors import MillraceError

Report = Callable[[float, str], None]
P = ParamSpec("P")
R = TypeVar("R")

_SPAWN = multiprocessing.get_context("spawn")
_NICE = 5


class ProcessDied(RuntimeError):
    """The process ended without an answer: killed, or out of memory."""


async def in_process(
    function: Callable[Concatenate[Report, P], R], report: Report, *arguments: P.args, **options: P.kwargs
) -> R:
    """Call `function(report, *arguments)` elsewhere; raises what it raises, and `ProcessDied`.

    `function`, its arguments and its result must be picklable. Cancelling kills the process.
    """
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_main, args=(theirs, function, arguments, options), daemon=True)
    try:
        await _start(process)
    finally:
        theirs.close()
    loop, readable = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(ours.fileno(), readable.set)
    try:
        while True:
            await readable.wait()
            readable.clear()
            while ours.poll():
                kind, value = ours.recv()
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
        loop.remove_reader(ours.fileno())
        ours.close()
        process.kill()
        process.join()
        process.close()


async def _start(process: "multiprocessing.process.BaseProcess") -> None:
    """In a thread: large arguments fill a pipe until the new process is there to read them.

    A cancellation is told once it has been started, and kills it.
    """
    starting = asyncio.get_running_loop().run_in_executor(None, process.start)
    cancelled: asyncio.CancelledError | None = None
    while not starting.done():
        try:
            await asyncio.wait([starting])
        except asyncio.CancelledError as told:
            cancelled = told
    starting.result()
    if cancelled is not None:
        process.kill()
        process.join()
        raise cancelled


def _main(pipe: "Connection[Any, Any]", function: Callable[..., Any], arguments: Any, options: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    os.nice(_NICE)
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
