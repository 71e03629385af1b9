"""From a REST order, and from a closed candle, to the fill a WebSocket client sees; and orders per second.

The floor is what the path's durable steps cost bare: six commits (order, approval, submitting, venue, booking, log)
on the same server in the same run, and on Kafka four durable hops.
"""

import asyncio
import itertools
import time
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

import asyncpg
from figures import Figure, percentile
from floors import bare_commits, bare_hops
from traders import Trader

from millrace.common.runtime.verify import verify

COMMITS, KAFKA_HOPS = 6, 4
_name = itertools.count(int(time.time()) % 100_000_000)


def name() -> str:
    """A user name of its own."""
    return f"bench{next(_name)}"


async def paced(trader: Trader, count: int, per_second: float) -> list[float]:
    """Milliseconds from the request to the fill, for orders at a steady rate whatever the answers take."""
    sent: dict[str, float] = {}

    async def one(number: int) -> None:
        begun = time.time()
        order = await trader.place("BUY" if number % 2 == 0 else "SELL")
        await trader.fill_of(order)
        sent[order] = begun

    tasks = []
    first = time.monotonic()
    for number in range(count):
        await asyncio.sleep(max(0.0, first + number / per_second - time.monotonic()))
        tasks.append(asyncio.create_task(one(number)))
    await asyncio.gather(*tasks)
    return [(trader.filled[order] - begun) * 1000 for order, begun in sent.items()]


async def from_candles(trader: Trader, seconds: float) -> list[float]:
    """Milliseconds from a candle's publication to the fill of the bot order it caused.

    A bot's order carries the time of the candle that caused it.
    """
    strategies = (await trader.call("GET", "/api/v1/strategies"))["strategies"]
    trend = next(s["id"] for s in strategies if s["name"] == "trend")
    for number in range(4):
        parameters = {"fast": 2 + number, "slow": 4 + 2 * number, "kind": "sma"}
        config = {"timeframe": "1s", "position_size": 0.1, "parameters": parameters}
        bot = {"name": f"bot{number}", "strategy_id": trend, "exchange": "binance", "config": config}
        made = await trader.call("POST", "/api/v1/bots", {**bot, "symbol": "BTCUSDT" if number % 2 else "ETHUSDT"})
        await trader.call("POST", f"/api/v1/bots/{made['id']}/start")
    before = set(trader.filled)
    await asyncio.sleep(seconds)
    return [
        (seen - datetime.fromisoformat(trader.requested[order]).timestamp()) * 1000
        for order, seen in trader.filled.items()
        if order not in before
    ]


async def sustained(base: str, traders: int, seconds: float) -> float:
    """Filled orders per second with many traders, each placing its next order when the last one is filled."""
    async with AsyncExitStack() as stack:
        found = [await stack.enter_async_context(Trader(base, name())) for _ in range(traders)]
        end = time.monotonic() + seconds

        async def work(trader: Trader) -> int:
            for number in itertools.count():
                if time.monotonic() > end:
                    return number
                await trader.fill_of(await trader.place("BUY" if number % 2 == 0 else "SELL"))
            return 0

        begun = time.monotonic()
        total = sum(await asyncio.gather(*(work(trader) for trader in found)))
        return total / (time.monotonic() - begun)


async def measure(world: Any, bus: str, rounds: int, orders: int = 300) -> list[Figure]:
    """All of it, on a running platform."""
    latencies: list[list[float]] = []
    floors: list[float] = []
    rates: list[float] = []
    for _ in range(rounds):
        connection = await asyncpg.connect(world.database())
        commit = percentile(await bare_commits(connection, 200), 0.5)
        await connection.close()
        hop = percentile(await bare_hops(world.database(), 200), 0.5) if bus == "kafka" else 0.0
        floors.append(COMMITS * commit + KAFKA_HOPS * hop)
        async with Trader(world.base, name()) as trader:
            await paced(trader, 30, 50)
            latencies.append(await paced(trader, orders, 50))
        rates.append(await sustained(world.base, 32, 8))
    async with Trader(world.base, name()) as trader:
        candles = await from_candles(trader, 30)
    bad = [finding for finding in await verify(world.database(), 45) if finding.rows]
    p50 = [percentile(found, 0.5) for found in latencies]
    p99 = [percentile(found, 0.99) for found in latencies]
    most, tail, rate = (10.0, None, 1000.0) if bus == "postgres" else (20.0, 80.0, 400.0)
    place = "embedded" if bus == "postgres" else "kafka"
    return [
        Figure(f"{place}: order to fill p50", "ms", p50, goal=f"<= {most:.0f} ms", most=most),
        Figure(f"{place}: order to fill p50 by its floor", "ms", p50, floors, "<= 2 x the floor", most=2.0),
        Figure(f"{place}: order to fill p99", "ms", p99, goal=f"<= {tail:.0f} ms", most=tail)
        if tail
        else Figure(f"{place}: order to fill p99 by p50", "ms", p99, p50, "<= 4 x p50", most=4.0),
        Figure(f"{place}: candle to fill p50", "ms", [percentile(candles, 0.5)], goal=f"<= {most:.0f} ms", most=most),
        Figure(f"{place}: candle to fill p99", "ms", [percentile(candles, 0.99)]),
        Figure(f"{place}: orders per second", "1/s", rates, goal=f">= {rate:.0f}", least=rate),
        Figure(f"{place}: violations after it", "", [float(len(bad))], goal="none", most=0.0),
    ]
