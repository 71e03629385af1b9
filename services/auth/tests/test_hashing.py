"""Passwords are hashed elsewhere: in processes that give way, end with who asked, and may be killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from millrace.auth.adapters.hashing import Hashers
from millrace.auth.adapters.passwords import Passwords
from millrace.auth.config import AuthSettings

COSTS = 256, 1  # KiB, passes
_ASKS_AND_DIES = """
import os, signal
from millrace.auth.adapters.hashing import HASHERS
HASHERS.ask(256, 1, "x")
process = HASHERS._idle.get()
print(process.pid, flush=True)
{}
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def hashers() -> Iterator[Hashers]:
    found = Hashers()
    yield found
    found.close()


def test_a_hash_is_its_passwords_and_no_others(hashers: Hashers) -> None:
    stored = hashers.ask(*COSTS, "Pässwörd 1\n")
    assert stored.startswith("$argon2id$v=19$m=256,t=1,p=1$")
    assert hashers.ask(*COSTS, "Pässwörd 1\n", stored) is True
    assert hashers.ask(*COSTS, "Pässwörd 1", stored) is False


def test_one_process_serves_call_after_call_and_gives_way(hashers: Hashers) -> None:
    pids = set()
    for _ in range(3):
        hashers.ask(*COSTS, "x")
        process = hashers._idle.get()
        pids.add(process.pid)
        assert os.sched_getscheduler(process.pid) == os.SCHED_IDLE
        hashers._idle.put(process)
    assert len(pids) == 1


def test_a_killed_process_is_replaced(hashers: Hashers) -> None:
    hashers.ask(*COSTS, "x")
    process = hashers._idle.get()
    process.kill()
    hashers._idle.put(process)
    assert hashers.ask(*COSTS, "x").startswith("$argon2id$")
    assert process.returncode == -signal.SIGKILL, "nothing of it is left"


def test_processes_that_cannot_live_are_done_without(
    hashers: Hashers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (broken := tmp_path / "python").write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    assert hashers.ask(*COSTS, "x").startswith("$argon2id$")
    assert hashers._idle.empty()


def test_a_machine_without_room_for_processes_hashes_all_the_same(
    hashers: Hashers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "absent"))
    assert hashers.ask(*COSTS, "x").startswith("$argon2id$")


def test_a_process_that_gets_no_time_is_not_waited_for_long(hashers: Hashers) -> None:
    hashers.ask(*COSTS, "x")
    process = hashers._idle.get()
    process.send_signal(signal.SIGSTOP)
    hashers._idle.put(process)
    hashers.patience = 0.05
    assert hashers.ask(*COSTS, "x").startswith("$argon2id$")
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("busy", ["", r"""process.stdin.write(b'[19456,20,"x"]\n'); process.stdin.flush()"""])
def test_it_ends_with_whoever_asked_however_that_ended(busy: str) -> None:
    script = _ASKS_AND_DIES.format(busy)
    asked = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert asked.returncode == -signal.SIGKILL
    assert asked.stderr == ""
    # its own output was the child's error stream too: `run` came back, so the child has closed it
    assert not Path(f"/proc/{int(asked.stdout)}/exe").exists()


async def test_nobodys_password_is_nobodys_and_costs_as_much() -> None:
    passwords = Passwords(AuthSettings(argon2_memory=256, argon2_time=1))
    try:
        assert await passwords.verify("", None) is False
        assert passwords._nobodys.split("$")[:4] == (await passwords.hash("x")).split("$")[:4]
    finally:
        await passwords.close()
