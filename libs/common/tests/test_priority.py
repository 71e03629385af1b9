"""Who gives way is interrupted at once, or at least gets less."""

import os

import pytest

from millrace.common.jobs import priority
from millrace.common.jobs.process import in_process


def policy(_: object, refused: bool) -> tuple[int, int]:
    """How this process is scheduled once it gives way; `refused` where the system knows no policies."""
    if refused:
        with pytest.MonkeyPatch.context() as patched:
            patched.delattr(os, "SCHED_IDLE")
            priority.give_way()
    else:
        priority.give_way()
    return os.sched_getscheduler(0), os.nice(0)


async def test_a_computation_gives_way() -> None:
    assert (await in_process(policy, lambda *_: None, False))[0] == os.SCHED_IDLE


async def test_without_policies_it_is_as_nice_as_can_be() -> None:
    assert (await in_process(policy, lambda *_: None, True))[1] == 19
