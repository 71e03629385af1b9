"""What the embedded platform's process holds with 50 bots idle, and whether that grows.

PostgreSQL is not counted. Growth is the slope of a line through the samples of a paced run, from its second third on;
the recorded market plays a bar a second and the demo's four bots trade it meanwhile.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence

from effort import Effort
from figures import Figure
from processes import resident
from traders import User
from worlds import World, embedded

BOTS = 50
SAMPLE_SECONDS = 2.0
_BOUND = 120.0


def growth(samples: Sequence[tuple[float, float]]) -> float:
    """MiB an hour: the slope of the line through (seconds, MiB)."""
    seconds, held = zip(*samples, strict=True)
    return statistics.linear_regression(seconds, held).slope * 3600


async def with_idle_bots(world: World) -> None:
    """Fifty bots that run and have nothing to do: their candles close once a day."""
    async with User(world.base) as user:
        strategies = (await user.call("GET", "/api/v1/strategies"))["strategies"]
        for number in range(BOTS):
            strategy = strategies[number % len(strategies)]["id"]
            bot = {"name": f"idle{number}", "strategy_id": strategy, "symbol": "BTCUSDT", "exchange": "binance"}
            async with asyncio.timeout(_BOUND):
                while (made := await _made(user, {**bot, "config": {"timeframe": "1d"}})) is None:
                    await asyncio.sleep(0.2)
            await user.call("POST", f"/api/v1/bots/{made}/start")


async def _made(user: User, bot: dict[str, object]) -> str | None:
    try:
        return str((await user.call("POST", "/api/v1/bots", bot))["id"])
    except AssertionError:  # the account of a new user is not known at once
        return None


async def paced(effort: Effort) -> tuple[float, list[tuple[float, float]]]:
    """MiB with idle bots, and the samples of the paced run after its first third."""
    async with embedded() as world:
        await with_idle_bots(world)
        await asyncio.sleep(effort.seconds(10))
        idle = resident(world.pids[0])
        begun, samples = time.monotonic(), []
        end = 6.0 if effort.quick else effort.minutes * 60
        while (now := time.monotonic() - begun) < end:
            samples.append((now, resident(world.pids[0])))
            await asyncio.sleep(SAMPLE_SECONDS)
        return idle, [sample for sample in samples if sample[0] >= end / 3]


async def measure(effort: Effort) -> list[Figure]:
    """All of it."""
    idle, samples = await paced(effort)
    slope = growth(samples)
    hours = (samples[-1][0] - samples[0][0]) / 3600
    share = slope * hours / statistics.fmean(held for _, held in samples)
    return [
        Figure(f"embedded: memory with {BOTS} bots idle", "MiB", [idle], (), "< 400 MiB", 400.0),
        Figure(f"embedded: growth over {hours * 60:.1f} minutes, fitted", "MiB/h", [slope]),
        Figure("embedded: the same, as a share of what it holds", "", [share], (), "<= 0.02", 0.02),
    ]
