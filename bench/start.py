"""How soon the embedded platform serves, beside what the interpreter and the server alone take.

The floor is a bare process that imports the same modules and then starts the same PostgreSQL, one after the other. As
with `make up`, what is imported is compiled once.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import time

import asyncpg
from effort import Effort
from embedded import Embedded
from figures import Figure
from processes import data_folder

from millrace.common.db.embedded import EmbeddedPostgres
from millrace.common.runtime.settings import SERVICES

_BOUND = 120.0
_COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}
_IMPORTS = ["millrace.common.runtime.commands.up", *(f"millrace.{name}.main" for name in SERVICES)]


def imports() -> float:
    """Seconds that a bare process takes to import what the platform is made of."""
    begun = time.monotonic()
    command = [sys.executable, "-c", f"import {', '.join(_IMPORTS)}"]
    subprocess.run(command, env={**os.environ, **_COMPILED}, check=True)
    return time.monotonic() - begun


def floors() -> tuple[float, float]:
    """Seconds of a bare first and second start."""
    with data_folder() as folder:
        took = []
        for _ in range(2):
            begun = time.monotonic()
            server = EmbeddedPostgres(folder / "postgres")
            server.start()
            took.append(time.monotonic() - begun + imports())
            server.stop()
    return took[0], took[1]


async def starts() -> tuple[float, float, float]:
    """Seconds to an answer of /health on a new data folder, to the first fill, and to /health the second time."""
    platform = Embedded(MILLRACE_LOG_LEVEL="warning", **_COMPILED)
    begun = time.monotonic()
    async with platform.running():
        first = time.monotonic() - begun
        connection = await asyncpg.connect(platform.database())
        async with asyncio.timeout(_BOUND):
            while not await connection.fetchval("select count(*) from execution.fills"):
                await asyncio.sleep(0.1)
        fill = time.monotonic() - begun
        await connection.close()
    begun = time.monotonic()
    async with platform.running():
        second = time.monotonic() - begun
    shutil.rmtree(platform.folder, ignore_errors=True)
    return first, fill, second


async def measure(effort: Effort) -> list[Figure]:
    """All of it."""
    await asyncio.to_thread(imports)  # compiles
    bare, took = [], []
    for _ in range(effort.rounds):
        bare.append(await asyncio.to_thread(floors))
        took.append(await starts())
    first, fill, second = (list(column) for column in zip(*took, strict=True))
    bare_first, bare_second = (list(column) for column in zip(*bare, strict=True))
    return [
        Figure("embedded: first start to /health", "s", first, bare_first),
        Figure("embedded: first start to the first fill", "s", fill, (), "<= 60 s", 60.0),
        Figure("embedded: second start to /health", "s", second, (), "<= 5 s", 5.0),
        Figure("embedded: second start by the bare one", "s", second, bare_second),
    ]
