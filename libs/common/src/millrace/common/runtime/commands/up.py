"""`millrace up` and `millrace run`."""

import asyncio
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from socket import socket
from typing import Any

import orjson

from millrace.common.runtime.cli import wait_for_signal
from millrace.common.runtime.failures import ABSENT, Failure
from millrace.common.runtime.host import Host
from millrace.common.runtime.memory import keep_what_start_made
from millrace.common.runtime.platform import Platform
from millrace.common.runtime.rest import asked_for
from millrace.common.runtime.server import HttpServer, bind, tls_of
from millrace.common.runtime.settings import SERVICES, Settings
from millrace.common.runtime.spelling import warn_of_unknown
from millrace.common.telemetry import logs
from millrace.common.telemetry.health import Health


async def up(settings: Settings, feed: str, output: str) -> int:
    """Start everything, say where it is, and run until a signal comes."""
    logs.configure(settings.log_level, pretty=sys.stderr.isatty())
    warn_of_unknown(os.environ)
    stopped = wait_for_signal()
    platform = Platform(settings)
    if not await _started(platform.start(), stopped):
        return 0
    try:
        link, password = await platform.welcome()
        _announce(platform, link, password, await platform.admin_link(), feed, output)
        await _until_over(platform.host, stopped)
    finally:
        await platform.stop()
    return 0


def _announce(platform: Platform, link: str, password: str | None, admin: str | None, feed: str, output: str) -> None:
    if output == "json":
        health = f"http://localhost:{platform.health_port}/readyz"
        found = {"address": platform.address, "sign_in": link, "user": "demo", "password": password, "health": health}
        found["admin"] = admin
        print(orjson.dumps({**found, "data_dir": str(platform.settings.data_dir)}).decode(), flush=True)
        return
    folder = Path(platform.settings.data_dir)
    shown = (
        f"user demo, password {password} (shown once)"
        if password
        else "user demo, with the password shown at the first start"
    )
    lines = [
        f"Millrace runs on {platform.address}  (PAPER trading, {feed} market)",
        f"  sign in   {link}  (once, within ten minutes)",
        f"  or as     {shown}",
        f"  API       {platform.address}/openapi.json",
        f"  health    http://localhost:{platform.health_port}/readyz and /metrics",
        f"  data      {folder}",
        f"  admin     {admin}  (once, within a day: registers the first administrator)"
        if admin
        else "  docs      README.md, ARCHITECTURE.md; `millrace --help`",
        "Stop with Ctrl-C.",
    ]
    print("\n".join(lines), flush=True)


async def serve(settings: Settings, name: str) -> int:
    """Run one service: its API on `port`, health and metrics on `ops_port`."""
    if name not in SERVICES:
        raise Failure(f"there is no service {name!r}", f"choose one of {', '.join(SERVICES)}", ABSENT)
    logs.configure(settings.log_level, name)
    warn_of_unknown(os.environ)
    stopped = wait_for_signal()
    host, health = Host(settings, [name]), Health()
    tls = tls_of(settings) if name == "gateway" else {}
    listener = bind(settings.host, settings.port)
    ops = HttpServer(Operations(health, host), bind(settings.host, settings.ops_port))
    await ops.start()
    try:
        if await _started(host.start(), stopped):
            await _serve(host, health, listener, stopped, tls)
    finally:
        health.draining = True
        await host.stop()
        await ops.stop()
        listener.close()
    return 0


async def _serve(
    host: Host, health: Health, listener: socket, stopped: "asyncio.Future[int]", tls: dict[str, str]
) -> None:
    running = host.running[host.names[0]]
    health.checks = {"database": running.database.ping}
    app = running.service.front or running.service.api
    settings = host.settings
    more = [bind(settings.host, port) for port in running.service.ports]
    servers = [HttpServer(app, each, proxies=settings.proxies, tls=tls) for each in (listener, *more)]
    for server in servers:
        await server.start()
    health.started = True
    try:
        await _until_over(host, stopped)
    finally:
        health.draining = True
        await host.drain()
        for server in servers:
            await server.stop()
        for each in more:
            each.close()


async def _started(start: Coroutine[Any, Any, None], stopped: "asyncio.Future[int]") -> bool:
    """Start; False when the signal to stop came first."""
    starting = asyncio.ensure_future(start)
    waiting: set[asyncio.Future[Any]] = {starting, stopped}
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        return False
    starting.result()
    keep_what_start_made()
    return True


async def _until_over(host: Host, stopped: "asyncio.Future[int]") -> None:
    assert host.failed is not None
    waiting: set[asyncio.Future[Any]] = {stopped, host.failed}
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    if host.failed.done() and not stopped.done():
        raise Failure(
            f"a background loop failed: {host.failed.result()!r}", "start again; the log above has the details"
        )


class Operations:
    """Health and metrics, and `/rest` for replays: answers as soon as this process has nothing left to do."""

    def __init__(self, health: Health, host: Host) -> None:
        self._health = health
        self._host = host

    async def __call__(self, scope: object, receive: object, send: object) -> None:
        if isinstance(scope, dict) and scope.get("path") == "/rest":
            from millrace.common.telemetry.health import answer

            places = await self._host.rested(asked_for(scope["query_string"])) if self._health.started else None
            await answer(send, 503 if places is None else 200, orjson.dumps(places))
            return
        await self._health(scope, receive, send)  # type: ignore[arg-type]
