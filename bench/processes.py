"""Processes under measurement: what they use, and how scripts of this folder are spoken to."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

HERE = Path(__file__).parent
_TICK = 1 / os.sysconf("SC_CLK_TCK")


def cpu(pids: Iterable[int]) -> float:
    """Seconds of processor time, user and system, that processes have used so far."""
    total = 0.0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += (int(fields[11]) + int(fields[12])) * _TICK
    return total


def resident(pid: int) -> float:
    """MiB of memory that a process holds, without its children."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def many_files() -> None:
    """Allow this process as many open sockets as the system does."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@contextmanager
def data_folder() -> Iterator[Path]:
    """A folder for a platform's files that is gone afterwards."""
    with TemporaryDirectory(prefix="millrace-bench-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


class Child:
    """A program in a process of its own, on a core of its own if one is named; it speaks JSON lines."""

    def __init__(self, *command: str, core: int | None = None, **environment: str) -> None:
        if command[0].endswith(".py"):
            command = (sys.executable, str(HERE / command[0]), *command[1:])
        pinned = ("taskset", "-c", str(core), *command) if core is not None else command
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(pinned, env={**os.environ, **environment}, stdin=pipe, stdout=pipe)
        self.pid = self.process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()  # what reads commands ends with them
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def fileno(self) -> int:
        """Readable when an answer has come."""
        assert self.process.stdout is not None
        return self.process.stdout.fileno()

    def say(self, **command: Any) -> None:
        """Tell it something."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        self.process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        """Its next line, waited for. Raises when it has ended."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args!r} has ended with {self.process.wait()}")
        return dict(json.loads(line))

    def ask(self, **command: Any) -> dict[str, Any]:
        """Its answer to a command."""
        self.say(**command)
        return self.hear()
