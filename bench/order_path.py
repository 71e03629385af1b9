"""From a REST order, and from a closed candle, to the fill a WebSocket client sees, at 50 orders a second.

The floor is what the path's durable steps cost bare, on the same servers, between the same rounds. Every commit is
counted once: a bare embedded hop (insert, NOTIFY, wake, read) holds one commit, a bare hop over Kafka (commit outbox,
produce, read, commit inbox) holds two, and only what a hop costs beyond them is added.

A REST order passes six commits and three hops:
  1 execution  order + OrderRequested          hop to risk
  2 risk       reservation + OrderApproved     hop to execution
  3 execution  SUBMITTING
  4 venue      the paper venue's report
  5 execution  booking: FILLED + FillBooked    hop to the notifier
  6 notifier   the user's log, then the socket
A closed candle passes eight and five: marketdata's candle (hop to bots) and the bot's signal (hop to execution, where
commit 1 takes it) come before. Its time runs from the instant at which the candle closed, so it holds the feed's own
lateness too.
"""

import asyncio
import math
import statistics
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import datetime

import saga
from effort import Effort
from figures import Figure, percentile
from floors import bare_commits, bare_hops, bare_notified
from traders import Trader, many
from worlds import World, distributed, embedded

from millrace.common.runtime.verify import verify

REST, CANDLE = (6, 3), (8, 5)
RATE, TRADERS, BOTS = 50.0, 5, 16
_VERIFY_SECONDS = 300.0
_COMMITS_IN_HOP = {"embedded": 1, "kafka": 2}


async def paced(traders: Sequence[Trader], count: int) -> list[float]:
    """Milliseconds from the request to the fill, for orders at a steady rate whatever the answers take."""
    sent: dict[str, float] = {}

    async def one(number: int) -> None:
        trader = traders[number % len(traders)]
        begun = time.time()
        order = await trader.place("BUY" if number // len(traders) % 2 == 0 else "SELL")
        await trader.fill_of(order)
        sent[order] = begun

    tasks = []
    first = time.monotonic()
    for number in range(count):
        await asyncio.sleep(max(0.0, first + number / RATE - time.monotonic()))
        tasks.append(asyncio.create_task(one(number)))
    await asyncio.gather(*tasks)
    return [(trader.filled[order] - sent[order]) * 1000 for trader in traders for order in trader.filled.keys() & sent]


async def from_candles(trader: Trader, seconds: float) -> list[float]:
    """Milliseconds from the close of a candle to the fill of the bot order it caused.

    A bot's order carries the time of the candle that caused it.
    """
    strategies = (await trader.call("GET", "/api/v1/strategies"))["strategies"]
    trend = next(s["id"] for s in strategies if s["name"] == "trend")
    for number in range(BOTS):
        parameters = {"fast": 2 + number // 2, "slow": 4 + number, "kind": "sma"}
        config = {"timeframe": "1s", "position_size": 0.02, "parameters": parameters}
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


async def floor(world: World, count: int) -> tuple[float, float]:
    """Milliseconds of a bare commit and of what a bare hop costs beyond its commits."""
    commit = percentile(await bare_commits(world.database, count), 0.5)
    hops = bare_notified if world.shape == "embedded" else bare_hops
    hop = percentile(await hops(world.database, count), 0.5)
    return commit, max(0.0, hop - _COMMITS_IN_HOP[world.shape] * commit)


async def violations(world: World) -> float:
    """How many invariants are broken; what breaks them is printed. Infinite when that cannot be told in time."""
    try:
        async with asyncio.timeout(_VERIFY_SECONDS):
            bad = [finding for finding in await verify(world.database, 60) if finding.rows]
    except TimeoutError:
        return math.inf
    for finding in bad:
        print(f"{finding.check.number} {finding.check.meaning}: {finding.rows[:3]}", flush=True)
    return float(len(bad))


async def measure(opened: AbstractAsyncContextManager[World], effort: Effort) -> list[Figure]:
    """All of it, on a platform of its own."""
    async with opened as world:
        orders, candles, bare = [], [], []
        for _ in range(effort.rounds):
            bare.append(await floor(world, effort.some(200)))
            async with AsyncExitStack() as stack:
                traders = await many(stack, world.base, TRADERS)
                await paced(traders, effort.some(100))
                orders.append(await paced(traders, effort.some(600)))
            async with Trader(world.base) as trader:
                candles.append(await from_candles(trader, 8 if effort.quick else 25))
        rates = await saga.measure(world, effort)
        broken = Figure(
            f"{world.shape}: invariants broken after all of it", "", [await violations(world)], (), "none", 0.0
        )
        return [
            *_paths(world.shape, "order", REST, orders, bare),
            *_candles(world.shape, candles, bare),
            *rates,
            broken,
        ]


def _candles(shape: str, candles: list[list[float]], bare: list[tuple[float, float]]) -> list[Figure]:
    kept = [(found, base) for found, base in zip(candles, bare, strict=True) if found]
    if not kept:
        print("no bot traded: there are no figures from candles", flush=True)
        return []
    return _paths(shape, "candle", CANDLE, [found for found, _ in kept], [base for _, base in kept])


def _paths(
    shape: str, what: str, steps: tuple[int, int], found: list[list[float]], bare: list[tuple[float, float]]
) -> list[Figure]:
    floors = [steps[0] * commit + steps[1] * hop for commit, hop in bare]
    p50, p99 = ([percentile(times, share) for times in found] for share in (0.5, 0.99))
    name, most = f"{shape}: {what} to fill", 10.0 if shape == "embedded" else 20.0
    tail = (
        Figure(f"{name} p99 by p50", "ms", p99, p50, "<= 4 x p50", 4.0)
        if shape == "embedded"
        else Figure(f"{name} p99", "ms", p99, (), "<= 80 ms", 80.0)
    )
    count = statistics.fmean(map(len, found))
    return [
        Figure(f"{name} p50 ({count:.0f} a round)", "ms", p50, (), f"<= {most:.0f} ms", most),
        Figure(f"{name} p50 by {steps[0]} commits + {steps[1]} hops", "ms", p50, floors, "<= 2 x the floor", 2.0),
        tail,
    ]


async def on_one_machine(effort: Effort) -> list[Figure]:
    """The embedded platform."""
    return await measure(embedded(), effort)


async def on_kafka(effort: Effort) -> list[Figure]:
    """One process per service; broker and PostgreSQL share the cores."""
    return await measure(distributed(), effort)
