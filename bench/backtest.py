"""A year of hourly candles, from the request to its results, beside the bare simulation of the same year.

The services run in this process, as they do embedded; the longest time for which its event loop answered nobody
meanwhile is the price that everybody else pays.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from effort import Effort
from figures import Figure
from processes import data_folder
from worlds import postgres

from millrace.backtest.domain.costs import Costs
from millrace.backtest.domain.plan import Plan, Series
from millrace.backtest.domain.simulation import Simulation
from millrace.common.auth.internal import HEADER
from millrace.common.auth.principal import Principal
from millrace.common.kernel.instruments import instrument
from millrace.common.kernel.market import Candle
from millrace.common.runtime.host import Host
from millrace.common.runtime.settings import Settings
from millrace.strategy.sizing_rule import Basis, SizingRule

START = datetime(2025, 1, 1, tzinfo=UTC)
YEAR = 365 * 24
SERVICES = ("marketdata", "bots", "backtest")
USER = Principal(UUID(int=1), "bench", "trader")
PARAMETERS = {"fast": 10, "slow": 30, "position_size": "0.5"}
_INSERT = """
insert into candles (exchange, symbol, timeframe, opened_at, open, high, low, close, volume)
values ('binance', 'BTC/USDT', '1h', $1, $2, $3, $4, $5, $6)
"""


def year(count: int) -> list[Candle]:
    """Hours of a random market."""
    chance, price, found = random.Random(1), 40_000.0, []
    for number in range(count):
        close = round(max(price * (1 + chance.gauss(0, 0.006)), 1.0), 2)
        shown = (price, max(price, close) * 1.002, min(price, close) * 0.998, close, chance.uniform(1, 50))
        opened, high, low, closed, volume = (Decimal(str(round(value, 2))) for value in shown)
        at = START + number * timedelta(hours=1)
        found.append(Candle("binance", "BTC/USDT", "1h", at, opened, high, low, closed, volume))
        price = close
    return found


@asynccontextmanager
async def platform(candles: list[Candle]) -> AsyncIterator[Host]:
    """The services that a backtest needs, with these candles stored."""
    with data_folder() as folder:
        async with postgres() as url:
            host = Host(Settings(bus="memory", database_url=url, data_dir=folder), SERVICES)
            await host.start()
            try:
                rows = [(c.opened_at, c.open, c.high, c.low, c.close, c.volume) for c in candles]
                async with host.running["marketdata"].database.transaction() as connection:
                    await connection.executemany(_INSERT, rows)
                yield host
            finally:
                await host.stop()


async def ask(host: Host, method: str, path: str, asked: Any = None) -> Any:
    """The service's answer."""
    headers = {HEADER: host.keys().internal.sign(USER, "backtest")}
    return (await host.client("backtest").request(method, path, json=asked, headers=headers)).value()


async def requested(host: Host, count: int) -> float:
    """Seconds from a request until its results are there."""
    asked = {
        "strategy": "trend",
        "parameters": PARAMETERS,
        "symbols": ["BTCUSDT"],
        "start": START.isoformat(),
        "end": (START + count * timedelta(hours=1)).isoformat(),
        "initial_capital": 10_000,
        "slippage": "0.0005",
        "market_impact": True,
    }
    begun = time.monotonic()
    row = await ask(host, "POST", "/backtests", asked)
    async with asyncio.timeout(120):
        while row["status"] in ("queued", "running"):
            await asyncio.sleep(0.02)
            row = await ask(host, "GET", f"/backtests/{row['id']}")
    found = await ask(host, "GET", f"/backtests/{row['id']}/results")
    assert (found["status"], len(found["equity_curve"])) == ("completed", count + 1), found["error"]
    return time.monotonic() - begun


async def stalled(until: asyncio.Event) -> float:
    """The longest wait of who only wanted to wait for a millisecond, in milliseconds."""
    worst = 0.0
    while not until.is_set():
        before = time.monotonic()
        await asyncio.sleep(0.001)
        worst = max(worst, time.monotonic() - before - 0.001)
    return worst * 1e3


def bare(candles: list[Candle]) -> float:
    """Seconds of the simulation alone."""
    costs = Costs(Decimal("0.001"), "fixed", Decimal("0.0005"), impact=True)
    sizing = SizingRule(Basis.EQUITY, Decimal("0.5"))
    plan = Plan("trend", PARAMETERS, Decimal(10_000), sizing, costs)
    begun = time.monotonic()
    Simulation(plan, [Series(instrument("binance", "BTC/USDT"), [], candles)]).run()
    return time.monotonic() - begun


async def measure(effort: Effort) -> list[Figure]:
    """The figures."""
    count = effort.some(YEAR)
    candles = year(count)
    seconds, floors, stalls = [], [], []
    async with platform(candles) as host:
        await requested(host, count)  # the first one opens connections
        for _ in range(effort.rounds):
            done = asyncio.Event()
            watching = asyncio.create_task(stalled(done))
            seconds.append(await requested(host, count))
            done.set()
            stalls.append(await watching)
            floors.append(bare(candles))
    return [
        Figure("backtest of a year of hours, whole", "s", seconds, (), "<= 20 s", 20.0),
        Figure("backtest by its simulation alone", "s", seconds, floors),
        Figure("backtest: longest stall of everybody else", "ms", stalls),
    ]
