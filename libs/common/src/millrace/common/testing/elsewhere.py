"""Services in a process of their own on a stand's database, to be killed in the middle of something."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from millrace.common.auth.internal import HEADER
from millrace.common.auth.principal import Principal
from millrace.common.kernel.clock import Clock, ManualClock
from millrace.common.runtime.host import Host
from millrace.common.runtime.settings import Settings
from millrace.common.testing.service import Stand
from millrace.common.web.answers import encode

_SECONDS = 30
_SILENT = "update {}.jobs set lease_until = now() where state = 'running'"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The other process, and a look into the database it works on."""

    pid: int
    connection: "asyncpg.Connection[Any]"

    def children(self) -> list[int]:
        """The processes it has started and that live."""
        found: list[int] = []
        for task in Path(f"/proc/{self.pid}/task").glob("*/children"):
            with suppress(OSError):  # a thread that has just ended
                found += map(int, task.read_text().split())
        return found


@asynccontextmanager
async def elsewhere(stand: Stand, user: Principal, service: str, path: str, asked: Any) -> AsyncIterator[Elsewhere]:
    """Stop a stand's services, start them in another process and post `asked` there for `user`.

    At the end that process is killed at once, its jobs count as nobody's, and the stand's services start again.
    """
    host = stand.host
    await host.stop()
    told = {
        "url": host.settings.database_url,
        "folder": str(host.settings.data_dir),
        "names": host.names,
        "clock": host.clock.now() if isinstance(host.clock, ManualClock) else None,
        "request": (service, path, asked, host.keys().internal.sign(user, service)),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, encode(told).decode(), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    connection = await asyncpg.connect(host.settings.database_url)
    try:
        async with asyncio.timeout(_SECONDS):
            while (line := await process.stdout.readline()) != b"ready\n":
                assert line, "the other process has ended"
        yield Elsewhere(process.pid, connection)
        process.kill()
        await process.wait()
        if await connection.fetchval("select to_regclass($1)", f"{service}.jobs"):
            await connection.execute(_SILENT.format(service))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await connection.close()
    stand.host = Host(host.settings, host.names, clock=host.clock)
    await stand.host.start(migrating=False)
    await stand.open()


async def main(told: dict[str, Any]) -> None:
    """Start, say so, ask, and stay until killed."""
    clock: Clock | None = ManualClock(datetime.fromisoformat(told["clock"])) if told["clock"] else None
    settings = Settings(bus="memory", database_url=told["url"], data_dir=Path(told["folder"]))
    host = Host(settings, told["names"], clock=clock)
    await host.start(migrating=False)
    print("ready", flush=True)
    service, path, asked, identity = told["request"]
    await host.client(service).request("POST", path, json=asked, headers={HEADER: identity}, deadline=_SECONDS)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(orjson.loads(sys.argv[1])))
