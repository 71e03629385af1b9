"""Whether reads and orders keep their time while a hundred users a second sign in and a backtest runs.

Both are asked at a steady rate, whatever the answers take, first of a platform that does nothing else, then beside the
load. The hundred logins are offered: those for whom there is no processor are told to come again, and that is counted.
"""

import asyncio
import itertools
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
from effort import Effort
from figures import Figure, percentile
from traders import Trader, User
from worlds import embedded

READS, ORDERS, LOGINS = 50.0, 10.0, 100.0
SECONDS, USERS = 10.0, 20
_MOST = 400  # logins under way at once; more would only be this process's own queue
_BACKTEST = {
    "symbol": "BTCUSDT",
    "start_date": "2026-01-01T00:00:00Z",
    "end_date": "2026-10-01T00:00:00Z",
    "config": {
        "initial_capital": 10_000,
        "mode": "PERCENT_EQUITY",
        "commission_rate": 0.001,
        "slippage_model": "fixed",
    },
}


async def steadily(per_second: float, seconds: float, act: Callable[[int], Awaitable[None]]) -> list[float]:
    """Milliseconds that each call took from the instant it was due; infinite for one that failed."""
    found: list[float] = []
    first = time.monotonic()

    async def one(number: int) -> None:
        try:
            await act(number)
        except (AssertionError, aiohttp.ClientError) as problem:
            print(f"calm: {problem}", flush=True)
            found.append(math.inf)
        else:
            found.append((time.monotonic() - first - number / per_second) * 1000)

    tasks = []
    for number in range(int(per_second * seconds)):
        await asyncio.sleep(max(0.0, first + number / per_second - time.monotonic()))
        tasks.append(asyncio.create_task(one(number)))
    await asyncio.gather(*tasks)
    return found


async def asked(reader: Trader, order: str, writer: Trader, seconds: float) -> tuple[float, float]:
    """The p95 of reads and of orders, in milliseconds."""

    async def read(_: int) -> None:
        await reader.call("GET", f"/api/v1/orders/{order}")

    async def write(number: int) -> None:
        await writer.place("BUY" if number % 2 == 0 else "SELL")

    reads, orders = await asyncio.gather(steadily(READS, seconds, read), steadily(ORDERS, seconds, write))
    return percentile(reads, 0.95), percentile(orders, 0.95)


@asynccontextmanager
async def loaded(users: Sequence[User], strategy: str) -> AsyncIterator[list[int]]:
    """Logins and one backtest after the other, until the end; gives the statuses of the logins' answers."""
    statuses: list[int] = []
    waiting: set[asyncio.Task[None]] = set()

    async def sign_in(user: User) -> None:
        statuses.append(await user.sign_in())

    async def logins() -> None:
        for user in itertools.cycle(users):
            if len(waiting) < _MOST:
                task = asyncio.create_task(sign_in(user))
                waiting.add(task)
                task.add_done_callback(waiting.discard)
            await asyncio.sleep(1 / LOGINS)

    async def backtests() -> None:
        user = users[0]
        while True:
            made = await user.call("POST", "/api/v1/backtests", {"strategy_id": strategy, **_BACKTEST})
            while (await user.call("GET", f"/api/v1/backtests/{made['id']}"))["status"] in ("pending", "running"):
                await asyncio.sleep(0.2)

    tasks = [asyncio.create_task(logins()), asyncio.create_task(backtests())]
    try:
        await asyncio.sleep(1)
        yield statuses
        for task in tasks:
            if task.done():
                task.result()  # a load that ended by itself was none
    finally:
        for task in (*tasks, *waiting):
            task.cancel()
        await asyncio.gather(*tasks, *waiting, return_exceptions=True)


async def measure(effort: Effort) -> list[Figure]:
    """The p95 beside the load, by the p95 without it."""
    quiet: list[tuple[float, float]] = []
    busy: list[tuple[float, float]] = []
    answered: list[float] = []
    seconds = effort.seconds(SECONDS)
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(embedded())
        reader, writer = [await stack.enter_async_context(Trader(world.base)) for _ in range(2)]
        users = [await stack.enter_async_context(User(world.base)) for _ in range(USERS)]
        order = await reader.place("BUY")
        strategy = (await reader.call("GET", "/api/v1/strategies"))["strategies"][0]["id"]
        for _ in range(effort.rounds):
            quiet.append(await asked(reader, order, writer, seconds))
            async with loaded(users, strategy) as statuses:
                begun = time.monotonic()
                busy.append(await asked(reader, order, writer, seconds))
                answered.append(statuses.count(200) / (time.monotonic() - begun))
    goal = ("<= 1.5 x without", 1.5)
    found = [
        Figure(f"embedded: p95 of {what} beside {LOGINS:.0f} logins/s and a backtest", "ms", *values, *goal)
        for what, values in {
            "reads": ([b[0] for b in busy], [q[0] for q in quiet]),
            "orders": ([b[1] for b in busy], [q[1] for q in quiet]),
        }.items()
    ]
    return [*found, Figure("embedded: logins that were let in meanwhile", "1/s", answered)]
