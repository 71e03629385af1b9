"""`millrace demo`."""

import asyncio
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
from rich.table import Table

from millrace.common.runtime.cli import errors, settings_with, show, wait_for_signal
from millrace.common.runtime.commands.inspect import report
from millrace.common.runtime.failures import PROBLEMS
from millrace.common.runtime.platform import Platform
from millrace.common.runtime.verify import verify
from millrace.common.telemetry import logs

_BOTS = """
select b.name, b.symbol, b.strategy, b.status, count(t.fill_id) as fills, coalesce(sum(t.realized_pnl), 0) as realized,
  coalesce(sum(t.fee), 0) as fees
from bots.bots b left join portfolio.trades t on t.bot_id = b.id group by b.num, 1, 2, 3, 4 order by b.num
"""
_EQUITY = "select coalesce(sum(equity), 0) as equity, coalesce(sum(opening), 0) as opening from portfolio.accounts"


async def demo(seconds: float, data_dir: Path | None, output: str) -> int:
    """Exit 0 when there were fills and the books are clean, 6 when not."""
    logs.configure("warning")
    with tempfile.TemporaryDirectory(prefix="millrace-demo-", ignore_cleanup_errors=True) as folder:
        platform = Platform(settings_with(data_dir or Path(folder), port=0))
        stopped = wait_for_signal()
        await platform.start()
        try:
            await platform.welcome()
            errors.print(f"trading a recorded market on paper for {seconds:g} seconds at {platform.address} ...")
            await asyncio.wait({stopped}, timeout=seconds)
            findings = await verify(platform.host.url, 15)
            bots, equity = await _results(platform.host.url)
        finally:
            await platform.stop()
    fills = sum(row["fills"] for row in bots)
    clean = not any(f.rows for f in findings)
    summary = {"bots": bots, "fills": fills, **equity, "clean": clean}
    show(summary, output, _table(bots, equity))
    report(findings, output) if output != "json" else None
    errors.print(f"{fills} fills; the books are {'clean' if clean else 'BROKEN'}")
    return 0 if fills and clean else PROBLEMS


async def _results(url: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    connection = await asyncpg.connect(url)
    try:
        return [dict(row) for row in await connection.fetch(_BOTS)], dict(await connection.fetchrow(_EQUITY) or {})
    finally:
        await connection.close()


def _table(bots: list[dict[str, Any]], equity: dict[str, Any]) -> Table:
    change = equity["equity"] - equity["opening"]
    table = Table("bot", "symbol", "strategy", "status", "fills", "realized", "fees", title="Paper trading")
    for row in bots:
        money = (f"{Decimal(row[name]):.2f}" for name in ("realized", "fees"))
        table.add_row(row["name"], row["symbol"], row["strategy"], row["status"], str(row["fills"]), *money)
    table.caption = f"equity {equity['equity']:.2f} USDT ({change:+.2f})"
    return table
