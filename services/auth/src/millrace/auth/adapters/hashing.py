"""Hashing passwords with argon2id in processes of their own, which give way to everything else for a moment.

A process reads one request a line, answers with a line, and ends with its input: when whoever asked is gone. Where the
processors leave it no time, the calling thread hashes: logins are slow then, and go on.
"""

import atexit
import os
import queue
import select
import signal
import subprocess
import sys
from contextlib import suppress
from typing import Any

import orjson
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from millrace.common.jobs.priority import give_way

_PATIENCE = 2.0
_Process = subprocess.Popen[bytes]


class Hashers:
    """As many processes as there are calls at once, kept for the next ones until this process ends.

    One is waited for `patience` seconds.
    """

    def __init__(self, patience: float = _PATIENCE) -> None:
        self.patience = patience
        self._idle: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        atexit.register(self.close)

    def ask(self, *request: Any) -> Any:
        """The answer to `request`, waited for."""
        line = orjson.dumps(request) + b"\n"
        try:
            process = self._take()
        except OSError:  # there is no room for another process
            return answer(*request)
        try:
            found = self._asked(process, line)
        except (OSError, EOFError):  # it came to its end, or to nothing in time
            _end(process)
            return answer(*request)
        self._idle.put(process)
        return found

    def _take(self) -> _Process:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            command = [sys.executable, "-P", "-m", __name__]
            return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - this module

    def _asked(self, process: _Process, request: bytes) -> Any:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(request)
        process.stdin.flush()
        waiting = select.poll()  # whose limit is not 1,024 open files
        waiting.register(process.stdout, select.POLLIN)
        if not waiting.poll(self.patience * 1000):
            raise TimeoutError
        if not (line := process.stdout.readline()).endswith(b"\n"):
            raise EOFError
        return orjson.loads(line)

    def close(self) -> None:
        """End the idle processes."""
        while not self._idle.empty():
            _end(self._idle.get())


def _end(process: _Process) -> None:
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):  # what it would not take any more
                pipe.close()
    process.wait()


HASHERS = Hashers()


def answer(memory: int, time: int, password: str, stored: str | None = None) -> str | bool:
    """The hash of a password; with a stored one, whether it is the password's. `memory` in KiB, `time` in passes."""
    hasher = PasswordHash((Argon2Hasher(memory_cost=memory, time_cost=time, parallelism=1),))
    return hasher.hash(password) if stored is None else hasher.verify(password, stored)


def serve() -> None:
    """Answer what is asked, line by line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    give_way()
    with suppress(BrokenPipeError):  # whoever asked has ended meanwhile
        for line in sys.stdin.buffer:
            os.write(sys.stdout.fileno(), orjson.dumps(answer(*orjson.loads(line))) + b"\n")


if __name__ == "__main__":
    serve()
