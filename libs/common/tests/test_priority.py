"""Who gives way is interrupted at once, or at least gets less."""

import os

import pytest

from millrace.common.jobs import priority, process


def policy(_: object) -> tuple[int, int]:
    """How this process is scheduled."""
    return os.sched_getscheduler(0), os.nice(0)


def unknown() -> None:
    """Give way where the system knows no policies."""
    with pytest.MonkeyPatch.context() as patched:
        patched.delattr(os, "SCHED_IDLE")
        priority.give_way()


async def test_a_computation_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "MANNERS", priority.give_way)
    assert (await process.in_process(policy, lambda *_: None))[0] == os.SCHED_IDLE


async def test_without_policies_it_is_as_nice_as_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "MANNERS", unknown)
    assert (await process.in_process(policy, lambda *_: None))[1] == 19
