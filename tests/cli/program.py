"""The installed `millrace` program in processes of its own."""

import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import aiohttp

PATIENCE = float(os.environ.get("MILLRACE_TEST_PATIENCE", 1))  # how many times longer things may take on a busy machine
PROGRAM = str(Path(sys.executable).parent / "millrace")


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its output, parsed."""
        return json.loads(self.out)


def millrace(*arguments: str | Path, stdin: str = "", **environment: str) -> Done:
    """Run a command to its end. No command may show a traceback."""
    done = subprocess.run(
        [PROGRAM, *map(str, arguments)],
        input=stdin,
        env=_environment(environment),
        capture_output=True,
        text=True,
        timeout=60 * PATIENCE,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


def _environment(changes: dict[str, str]) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MILLRACE_")}
    return {**plain, **changes}


class Started:
    """A command that goes on running; killed when the test is over."""

    def __init__(self, *arguments: str | Path, **environment: str) -> None:
        self.process = subprocess.Popen(
            [PROGRAM, *map(str, arguments)],
            env=_environment(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def line(self) -> str:
        """The next line of its output; empty when it has ended."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def stop(self, number: int = signal.SIGTERM, seconds: float = 20) -> Done:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=seconds * PATIENCE)
        assert "Traceback" not in err, err
        return Done(self.process.returncode, out, err)


def free_port() -> int:
    """A port nobody listens on, below those that outgoing connections take, so that it stays free over a restart."""
    while True:
        port = random.randint(10_000, 24_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


async def seconds_to_health(address: str, begun: float) -> float:
    """Wait until a platform serves; the seconds since `begun`, a monotonic instant."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(60 * PATIENCE):
        while True:
            try:
                async with session.get(f"{address}/health") as answer:
                    if answer.status == 200:
                        return time.monotonic() - begun
            except aiohttp.ClientError:
                await asyncio.sleep(0.02)


def processes_of(folder: Path) -> list[str]:
    """The command lines of the processes that mention a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in text and "pytest" not in text:
            found.append(text)
    return found
