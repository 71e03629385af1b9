"""Millrace as operators run it: one process per service on Kafka and PostgreSQL, each of which can be killed.

The servers are named by MILLRACE_TEST_KAFKA and MILLRACE_TEST_POSTGRES (tools/devstack prints them). Every cluster
has a database and a topic prefix of its own.
"""

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import uuid
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp
import asyncpg

from millrace.common.bus.inspection import delete_topics
from millrace.common.runtime.settings import SERVICES, Settings

PATIENCE = float(os.environ.get("MILLRACE_TEST_PATIENCE", 1))  # how many times longer things may take on a busy machine


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on now, below those that outgoing connections take: a restarted process finds its own."""
    found: list[int] = []
    while len(found) < count:
        port = random.randint(10_000, 24_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in found:
                found.append(port)
    return found


class Cluster:
    """The processes of one platform."""

    def __init__(self, **environment: str) -> None:
        self.name = f"mr{uuid.uuid4().hex[:8]}"
        self.folder = Path(tempfile.mkdtemp(prefix="millrace-cluster-"))
        ports = iter(free_ports(2 * len(SERVICES)))
        self.api = {name: next(ports) for name in SERVICES}
        self.ops = {name: next(ports) for name in SERVICES}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._server = os.environ["MILLRACE_TEST_POSTGRES"]
        self._extra = environment

    @property
    def database_url(self) -> str:
        """This cluster's own database."""
        return self._server.rsplit("/", 1)[0] + "/" + self.name

    def environment(self, name: str) -> dict[str, str]:
        """What a service's process is told."""
        others = ",".join(f"http://127.0.0.1:{port}" for other, port in self.ops.items() if other != name)
        urls = {f"MILLRACE_{other.upper()}_URL": f"http://127.0.0.1:{port}" for other, port in self.api.items()}
        return {
            **urls,
            "MILLRACE_BUS": "kafka",
            "MILLRACE_KAFKA": os.environ["MILLRACE_TEST_KAFKA"],
            "MILLRACE_KAFKA_PREFIX": f"{self.name}.",
            "MILLRACE_DATABASE_URL": self.database_url,
            "MILLRACE_DATA_DIR": str(self.folder),
            "MILLRACE_PORT": str(self.api.get(name, 0)),
            "MILLRACE_OPS_PORT": str(self.ops.get(name, 0)),
            "MILLRACE_REST_URLS": others,
            "MILLRACE_GATEWAY_RATES": "0",
            "MILLRACE_LOG_LEVEL": "warning",
            "MILLRACE_START_SECONDS": "120",
            **self._extra,
        }

    def settings(self) -> Settings:
        """The settings of a process that looks at this cluster from outside."""
        found = {k.removeprefix("MILLRACE_").lower(): v for k, v in self.environment("").items()}
        return Settings(**{k: v for k, v in found.items() if k in Settings.model_fields})  # type: ignore[arg-type]

    async def __aenter__(self) -> Self:
        connection = await asyncpg.connect(self._server)
        await connection.execute(f"create database {self.name}")
        await connection.close()
        try:
            self.launch("auth")  # the first one creates topics and schemas; the others find them
            await self.ready(["auth"])
            for name in SERVICES[1:]:
                self.launch(name)
            await self.ready(SERVICES)
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self.processes.values():
            try:
                await asyncio.to_thread(process.wait, 20)
            except subprocess.TimeoutExpired:
                process.kill()
        connection = await asyncpg.connect(self._server)
        await connection.execute(f"drop database if exists {self.name} with (force)")
        await connection.close()
        await delete_topics(os.environ["MILLRACE_TEST_KAFKA"], f"{self.name}.")

    def launch(self, name: str) -> None:
        """Start a service's process."""
        log = (self.folder / f"{name}.log").open("ab")
        command = [str(Path(sys.executable).parent / "millrace"), "run", name.split("-")[0]]
        environment = {**os.environ, **self.environment(name)}
        self.processes[name] = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def revive(self) -> list[str]:
        """Start again what ended by itself, as an orchestrator does; returns who that was."""
        dead = [name for name, process in self.processes.items() if process.poll() is not None]
        for name in dead:
            self.launch(name)
        return dead

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """Send a service a signal; after SIGKILL it is gone when this returns."""
        self.processes[name].send_signal(number)
        if number == signal.SIGKILL:
            self.processes[name].wait()

    async def ready(self, names: "tuple[str, ...] | list[str]", seconds: float = 60) -> None:
        """Wait until services say that they are ready. Raises with the log of one that died."""
        async with asyncio.timeout(seconds * PATIENCE), aiohttp.ClientSession() as session:
            for name in names:
                while not await self._answers(session, name):
                    if self.processes[name].poll() is not None:
                        raise RuntimeError(f"{name} died:\n{self.log(name)[-3000:]}")
                    await asyncio.sleep(0.1)

    async def _answers(self, session: aiohttp.ClientSession, name: str) -> bool:
        try:
            async with session.get(f"http://127.0.0.1:{self.ops[name]}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    def log(self, name: str) -> str:
        """What a service wrote."""
        return (self.folder / f"{name}.log").read_text(errors="replace")
