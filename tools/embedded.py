"""Millrace as `make up` runs it: one process with a PostgreSQL of its own, which can be killed and started again."""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
from cluster import PATIENCE, free_ports

_DOWN = (aiohttp.ClientError, TimeoutError, ConnectionError)


class Embedded:
    """`millrace up`, as one process."""

    targets = ("platform",)

    def __init__(self, **environment: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="millrace-embedded-"))
        self.port = free_ports(1)[0]
        self.base = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self._extra = environment

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """From start to a clean stop."""
        try:
            await self.start()
            yield
        finally:
            if self.process is not None:
                self.process.terminate()
                await asyncio.to_thread(self.process.wait, 30)

    async def start(self) -> None:
        """Start, and wait until it serves."""
        command = [str(Path(sys.executable).parent / "millrace"), "up", "--port", str(self.port)]
        log = (self.folder / "log").open("ab")
        ours = {"MILLRACE_GATEWAY_RATES": "0", "MILLRACE_DATA_DIR": str(self.folder / "data")}
        environment = {**os.environ, **ours, **self._extra}
        self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        async with aiohttp.ClientSession() as session, asyncio.timeout(60 * PATIENCE):
            while not await _healthy(session, self.base):
                if self.process.poll() is not None:
                    raise RuntimeError((self.folder / "log").read_text()[-3000:])
                await asyncio.sleep(0.1)

    async def crash(self, _: str) -> None:
        """Kill it whole and start it again."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        await self.start()

    def tell(self) -> None:
        """Print how its log ends."""
        print((self.folder / "log").read_text(errors="replace")[-3000:], flush=True)

    def database(self) -> str:
        """The embedded server's address."""
        return f"postgresql://postgres@/postgres?host={self.folder}/data/postgres"


async def _healthy(session: aiohttp.ClientSession, base: str) -> bool:
    with suppress(*_DOWN):
        async with session.get(f"{base}/health", timeout=aiohttp.ClientTimeout(1)) as answer:
            return answer.status == 200
    return False
