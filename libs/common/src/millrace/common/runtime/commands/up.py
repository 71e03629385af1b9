"""`millrace up` and `millrace run`."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import orjson

from millrace.common.runtime.cli import errors, wait_for_signal
from millrace.common.runtime.host import Host
from millrace.common.runtime.platform import AlreadyRunning, Platform
from millrace.common.runtime.server import HttpServer
from millrace.common.runtime.settings import SERVICES, Settings
from millrace.common.telemetry import logs
from millrace.common.telemetry.health import Health


async def up(settings: Settings) -> int:
    """Start everything, say where it is, and run until a signal comes."""
    logs.configure(settings.log_level, pretty=sys.stderr.isatty())
    stopped = wait_for_signal()
    platform = Platform(settings)
    try:
        await platform.start()
    except AlreadyRunning as running:
        errors.print(str(running), highlight=False)
        return 1
    link, password = await platform.welcome()
    _announce(platform, link, password)
    await _until_over(platform.host, stopped)
    await platform.stop()
    return 0


def _announce(platform: Platform, link: str, password: str | None) -> None:
    folder = Path(platform.settings.data_dir)
    shown = (
        f"user demo, password {password} (shown once)"
        if password
        else "user demo, with the password shown at the first start"
    )
    lines = [
        f"Millrace runs on {platform.address}  (PAPER trading, recorded market)",
        f"  sign in   {link}  (once, within ten minutes)",
        f"  or as     {shown}",
        f"  API       {platform.address}/openapi.json",
        f"  health    http://localhost:{platform.health_port}/readyz and /metrics",
        f"  data      {folder}",
        "  docs      README.md, ARCHITECTURE.md; `millrace --help`",
        "Stop with Ctrl-C.",
    ]
    print("\n".join(lines), flush=True)


async def serve(settings: Settings, name: str) -> int:
    """Run one service: its API on `port`, health and metrics on `ops_port`."""
    if name not in SERVICES:
        errors.print(f"there is no service {name!r}; there are {', '.join(SERVICES)}")
        return 3
    logs.configure(settings.log_level, name)
    stopped = wait_for_signal()
    host, health = Host(settings, [name]), Health()
    ops = HttpServer(Operations(health, host), settings.host, settings.ops_port)
    await ops.start()
    if not await _started(host, stopped):
        await host.stop()
        await ops.stop()
        return 0
    running = host.running[name]
    health.checks = {"database": running.database.ping}
    server = HttpServer(running.service.front or running.service.api, settings.host, settings.port)
    await server.start()
    health.started = True
    await _until_over(host, stopped)
    health.draining = True
    await host.drain()
    await server.stop()
    await host.stop()
    await ops.stop()
    return 0


async def _started(host: Host, stopped: "asyncio.Future[int]") -> bool:
    """Start; False when the signal to stop came first."""
    starting = asyncio.ensure_future(host.start())
    waiting: set[asyncio.Future[Any]] = {starting, stopped}
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    if starting.done():
        starting.result()
        return True
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    return False


async def _until_over(host: Host, stopped: "asyncio.Future[int]") -> None:
    assert host.failed is not None
    waiting: set[asyncio.Future[Any]] = {stopped, host.failed}
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    if host.failed.done() and not stopped.done():
        raise RuntimeError(f"a background loop failed: {host.failed.result()!r}")


class Operations:
    """Health and metrics, and `/rest` for replays: whether this process has nothing left to do."""

    def __init__(self, health: Health, host: Host) -> None:
        self._health = health
        self._host = host

    async def __call__(self, scope: object, receive: object, send: object) -> None:
        if isinstance(scope, dict) and scope.get("path") == "/rest":
            from millrace.common.telemetry.health import answer

            at_rest = self._health.started and await self._host.rests()
            await answer(send, 200 if at_rest else 503, orjson.dumps(self._host.places()))
            return
        await self._health(scope, receive, send)  # type: ignore[arg-type]
