"""Every service of docker-compose.yml, started with its declared command and environment against real servers.

What only containers give is put in place of it: host names become 127.0.0.1, and the ports of each container, which
may all be equal there, become free ones here. Topics get a prefix, since the broker is shared with other tests.
"""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import asyncpg
import pytest
import yaml

from millrace.common.bus.inspection import delete_topics
from millrace.common.runtime.settings import SERVICES
from tests.cli.program import free_port
from tests.e2e.client import Client

ROOT = Path(__file__).parent.parent.parent
pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
NAME = f"compose{uuid4().hex[:8]}"
OPERATOR = {
    "POSTGRES_PASSWORD": uuid4().hex,
    "MILLRACE_MASTER_KEY": uuid4().hex + uuid4().hex,
    "MILLRACE_INTERNAL_KEY": uuid4().hex + uuid4().hex,
    "MILLRACE_APPROVAL_KEY": uuid4().hex + uuid4().hex,
}


def interpolated(text: str) -> str:
    """`${NAME:?why}` as Compose replaces it."""
    return re.sub(r"\$\{(\w+):\?[^}]*\}", lambda found: OPERATOR[found[1]], text)


def native(declared: dict[str, str], name: str, ports: dict[tuple[str, str], int]) -> dict[str, str]:
    """A container's environment as it must read on this machine."""
    server = os.environ["MILLRACE_TEST_POSTGRES"].rsplit("/", 1)[0]
    found = {}
    for variable, value in declared.items():
        value = interpolated(value)
        value = re.sub(r"^http://(\w+):8000$", lambda m: f"http://127.0.0.1:{ports[m[1], '8000']}", value)
        value = re.sub(r"^postgresql://millrace:\w+@postgres:5432/millrace$", f"{server}/{NAME}", value)
        value = value.replace("kafka:9092", os.environ["MILLRACE_TEST_KAFKA"])
        value = value.replace("redis://redis:6379/0", os.environ["MILLRACE_TEST_REDIS"])
        found[variable] = value
    for variable in ("MILLRACE_PORT", "MILLRACE_OPS_PORT"):
        found[variable] = str(ports[name, found[variable]])
    return found


@pytest.fixture
async def database() -> AsyncIterator[None]:
    """A database of its own, and no topics left behind."""
    server = await asyncpg.connect(os.environ["MILLRACE_TEST_POSTGRES"])
    await server.execute(f"create database {NAME}")
    yield
    await server.execute(f"drop database {NAME} with (force)")
    await server.close()
    await delete_topics(os.environ["MILLRACE_TEST_KAFKA"], f"{NAME}.")


async def test_every_declared_service_starts_trades_and_stops(database: None, tmp_path: Path) -> None:
    compose: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    entrypoint = re.findall(r'ENTRYPOINT \["(.+)"\]', (ROOT / "deploy/Dockerfile").read_text())
    ports = {(name, inner): free_port() for name in SERVICES for inner in ("8000", "9000")}
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name in SERVICES:
            declared = native(compose[name]["environment"], name, ports)
            changed = {"MILLRACE_KAFKA_PREFIX": f"{NAME}.", "MILLRACE_DATA_DIR": str(tmp_path / name)}
            program = [str(Path(sys.executable).parent / entrypoint[0]), *compose[name]["command"]]
            processes[name] = _launch(program, {**declared, **changed}, tmp_path / f"{name}.log")
        for name in SERVICES:
            await _ready(name, ports[name, "9000"], processes[name], tmp_path / f"{name}.log")
        async with Client(f"http://127.0.0.1:{ports['gateway', '8000']}") as client:
            await client.register()
            await client.order_with((await client.order())["id"], "filled")
        for process in processes.values():
            process.send_signal(signal.SIGTERM)
        codes = {name: await asyncio.to_thread(process.wait, 20) for name, process in processes.items()}
        assert set(codes.values()) == {0}, codes
    finally:
        for process in processes.values():
            if process.poll() is None:
                process.kill()
                process.wait()


def _launch(program: list[str], variables: dict[str, str], file: Path) -> "subprocess.Popen[bytes]":
    plain = {k: v for k, v in os.environ.items() if not k.startswith("MILLRACE_")}
    with file.open("wb") as log:
        return subprocess.Popen(program, env={**plain, **variables}, stdout=log, stderr=log)


async def _ready(name: str, port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(90):
        while True:
            assert process.poll() is None, f"{name} died:\n{log.read_text()[-3000:]}"
            try:
                async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
