"""What nobody waits for by the millisecond gives way to what does."""

import os
from contextlib import suppress


def give_way() -> None:
    """Compute only while nothing else wants the processor, from now on and in this process.

    A process that is merely nicer still finishes its slice of some milliseconds when another one wakes, which an order
    would pay at each of its round trips; on Linux an idle one is interrupted at once. Never for a thread beside an
    event loop: interrupted while it holds the interpreter's lock, it would hold up the loop.
    """
    with suppress(AttributeError, OSError):  # another system, or a sandbox that knows no policies
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        return
    os.nice(19)
