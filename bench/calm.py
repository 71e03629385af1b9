"""Whether reads, orders and alerts keep their time while a hundred users a second sign in and a backtest runs.

All are asked at a steady rate, whatever the answers take, first of a platform that does nothing else, then beside the
load. The hundred logins are offered: those for whom there is no processor are told to come again, and that is counted.
"""

import asyncio
import itertools
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Self

import aiohttp
from effort import Effort
from figures import Figure, percentile
from traders import Trader, User
from worlds import embedded

READS, ORDERS, ALERTS, LOGINS = 50.0, 10.0, 2.0, 100.0
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


class Alerter(User):
    """Whose bot trades as its owner's alerts say."""

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self._secret = (await self.call("PUT", "/api/v1/webhook/secret"))["secret"]
        strategies = (await self.call("GET", "/api/v1/strategies"))["strategies"]
        hold = next(strategy["id"] for strategy in strategies if strategy["name"] == "hold")
        bot = {"name": "alerted", "strategy_id": hold, "symbol": "BTCUSDT", "timeframe": "1h", "exchange": "binance"}
        made = await self.call("POST", "/api/v1/bots", bot)
        await self.call("POST", f"/api/v1/bots/{made['id']}/start")
        return self

    async def alert(self, number: int) -> None:
        """Buy, and sell again, as TradingView would say it: no signature, the secret in the address."""
        side = "buy" if number % 2 == 0 else "sell"
        asked = {"symbol": "BTCUSDT", "botname": "alerted", "side": side, "size": "0.0002", "order_type": "market"}
        await self.call("POST", f"/api/v1/webhook/tradingview/{self._secret}", asked)


@dataclass(frozen=True)
class P95:
    """Milliseconds within which 95 of 100 were answered."""

    reads: float
    orders: float
    alerts: float


@dataclass(frozen=True)
class Askers:
    """Who asks, and for which order."""

    reader: Trader
    order: str
    writer: Trader
    alerter: Alerter

    async def __call__(self, seconds: float) -> P95:
        """Ask for so long."""

        async def read(_: int) -> None:
            await self.reader.call("GET", f"/api/v1/orders/{self.order}")

        async def write(number: int) -> None:
            await self.writer.place("BUY" if number % 2 == 0 else "SELL")

        found = await asyncio.gather(
            steadily(READS, seconds, read),
            steadily(ORDERS, seconds, write),
            steadily(ALERTS, seconds, self.alerter.alert),
        )
        return P95(*(percentile(took, 0.95) for took in found))


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
    quiet: list[P95] = []
    busy: list[P95] = []
    answered: list[float] = []
    seconds = effort.seconds(SECONDS)
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(embedded())
        reader, writer = [await stack.enter_async_context(Trader(world.base)) for _ in range(2)]
        users = [await stack.enter_async_context(User(world.base)) for _ in range(USERS)]
        alerter = await stack.enter_async_context(Alerter(world.base))
        asked = Askers(reader, await reader.place("BUY"), writer, alerter)
        strategy = (await reader.call("GET", "/api/v1/strategies"))["strategies"][0]["id"]
        for _ in range(effort.rounds):
            quiet.append(await asked(seconds))
            async with loaded(users, strategy) as statuses:
                begun = time.monotonic()
                busy.append(await asked(seconds))
                answered.append(statuses.count(200) / (time.monotonic() - begun))
    beside = f"beside {LOGINS:.0f} logins/s and a backtest"
    goal = ("<= 1.5 x without", 1.5)
    return [
        Figure(f"embedded: p95 of reads {beside}", "ms", [b.reads for b in busy], [q.reads for q in quiet], *goal),
        Figure(f"embedded: p95 of orders {beside}", "ms", [b.orders for b in busy], [q.orders for q in quiet], *goal),
        Figure(f"embedded: p95 of alerts {beside}", "ms", [b.alerts for b in busy], (), "<= 300 ms", 300.0),
        Figure("embedded: logins that were let in meanwhile", "1/s", answered),
    ]
