"""`millrace replay`: the same bars give the same digest, on every bus."""

import os
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from millrace.common.auth.internal import HEADER
from millrace.common.auth.principal import Principal
from millrace.common.runtime.cli import errors
from millrace.common.runtime.digest import digest, first_difference, record
from millrace.common.runtime.host import Host
from millrace.common.runtime.settings import SERVICES, Settings
from millrace.common.telemetry import logs

_ROOT = Principal(UUID(int=0), "command line", "admin")
_USER = {"username": "replay", "email": "replay@millrace.example", "password": "a lockstep replay"}
_CONFIG = {"position_size": 0.3, "timeframe": "5m"}


async def replay(
    bus: str, data: Path | None, symbol: str, strategies: list[str], bars: int, against: Path | None, save: Path | None
) -> int:
    """Print the digest; exit 1 when it differs from the record given with --against."""
    logs.configure("warning")
    lines = await lockstep(bus, data, symbol, strategies, bars)
    if save:
        save.write_text("\n".join(lines) + "\n")
    print(f"{digest(lines)}  {bus}  {len(lines)} events")
    if against is not None:
        difference = first_difference(against.read_text().splitlines(), lines)
        print(difference or f"equal to {against}")
        return 1 if difference else 0
    return 0


async def lockstep(bus: str, data: Path | None, symbol: str, strategies: list[str], bars: int) -> list[str]:
    """Run one replay on a fresh platform in this process; returns its record."""
    os.environ.update(
        MILLRACE_MARKETDATA_FEED="lockstep", MILLRACE_MARKETDATA_SYMBOLS=symbol, MILLRACE_MARKETDATA_BARS=str(bars)
    )
    if data is not None:
        os.environ["MILLRACE_MARKETDATA_FILE"] = str(data.resolve())
    with tempfile.TemporaryDirectory(prefix="millrace-replay-", ignore_cleanup_errors=True) as folder:
        settings = Settings(data_dir=Path(folder), bus=bus, clock="messages")
        host = Host(settings, SERVICES)
        await host.start()
        try:
            await play(host, symbol, strategies)
            return await record(host.url)
        finally:
            await host.stop()


async def play(host: Host, symbol: str, strategies: list[str]) -> None:
    """Make a user with a bot for each strategy, then play all bars."""

    async def ask(service: str, method: str, path: str, who: Principal = _ROOT, json: Any = None) -> Any:
        headers = {HEADER: host.keys().internal.sign(who, service)}
        return (await host.client(service).request(method, path, json=json, headers=headers, deadline=30)).value()

    user = await ask(
        "auth",
        "POST",
        "/users",
        json={"username": "replay", "email": "r@millrace.example", "password": "a lockstep replay"},
    )
    who = Principal(UUID(user["id"]), "replay", "trader")
    await host.until(host.at_rest)
    known = {s["name"]: s["id"] for s in (await ask("bots", "GET", "/strategies", who))["items"]}
    for name in strategies:
        if name not in known:
            raise LookupError(f"there is no strategy {name!r}; there are {', '.join(known)}")
        bot = {
            "name": name,
            "strategy_id": known[name],
            "symbol": symbol,
            "config": {"position_size": 0.3, "timeframe": "5m"},
        }
        made = await ask("bots", "POST", "/bots", who, bot)
        await ask("bots", "POST", f"/bots/{made['id']}/start", who)
    await host.until(host.at_rest)
    begun = time.monotonic()
    total = (await ask("marketdata", "POST", "/replay"))["total"]

    async def over() -> bool:
        return bool((await ask("marketdata", "GET", "/replay"))["played"] >= total)

    await host.until(over, 3600)
    seconds = time.monotonic() - begun
    errors.print(f"{total} bars in {seconds:.1f} s, {total / seconds:.0f} bars/s")
