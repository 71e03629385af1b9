"""How many orders a second go through the whole saga: by REST in closed loops, and from signals put on the bus.

The load generator runs on the same cores as the platform and its servers; what it takes of them is one of the figures.
"""

import asyncio
import itertools
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import asyncpg
from effort import Effort
from figures import Figure
from processes import cpu
from traders import Trader, many
from worlds import World

from millrace.common.events.trading import Side, SignalRaised
from millrace.common.kernel.ids import new_id

TRADERS = 64
IN_FLIGHT = (64, 256)
SIGNALS = 4000
_BOUND = 120.0
_ACCOUNTS = """
select distinct on (user_id) user_id, id from execution.accounts
where user_id = any($1::uuid[]) and exchange = 'binance'
"""
_PRICE = "select reference_price from execution.orders where symbol = 'BTC/USDT' order by num desc limit 1"
_FILLED = "select count(*) from execution.orders where state = 'filled' and intent_id = any($1::uuid[])"


async def by_rest(world: World, traders: Sequence[Trader], workers: int, seconds: float) -> tuple[float, float, float]:
    """Filled orders a second, the generator's cores, and the platform's milliseconds of processor time an order.

    Each of `workers` places its next order when it has seen the last one filled.
    """
    end = time.monotonic() + seconds

    async def work(trader: Trader) -> int:
        for number in itertools.count():
            if time.monotonic() > end:
                return number
            await trader.fill_of(await trader.place("BUY" if number % 2 == 0 else "SELL"))
        return 0

    begun, own, theirs = time.monotonic(), time.process_time(), cpu(world.pids)
    total = sum(await asyncio.gather(*(work(traders[n % len(traders)]) for n in range(workers))))
    took = time.monotonic() - begun
    return total / took, (time.process_time() - own) / took, (cpu(world.pids) - theirs) / total * 1000


async def by_signals(world: World, traders: Sequence[Trader], count: int) -> float:
    """Filled orders a second, from the commit that says `count` signals until the last of their fills is booked."""
    connection = await asyncpg.connect(world.database)
    accounts = await connection.fetch(_ACCOUNTS, [UUID(trader.id) for trader in traders])
    price = await connection.fetchval(_PRICE)
    bots = {row["user_id"]: new_id() for row in accounts}
    now = datetime.now(UTC)
    signals = [
        SignalRaised(
            user_id=row["user_id"],
            account_id=row["id"],
            signal_id=new_id(),
            bot_id=bots[row["user_id"]],
            bot="bench",
            exchange="binance",
            symbol="BTC/USDT",
            side=Side.SELL if number // len(accounts) % 2 else Side.BUY,
            quantity=Decimal("0.0002"),
            reference_price=price,
            reason="to measure",
            candle_at=now,
        )
        for number, row in zip(range(count), itertools.cycle(accounts), strict=False)
    ]
    async with world.works("bots") as works:
        async with works.begin() as work:
            for signal in signals:
                work.emit(signal)
        begun = time.monotonic()
        wanted = [signal.signal_id for signal in signals]
        async with asyncio.timeout(_BOUND):
            while await connection.fetchval(_FILLED, wanted) < count:
                await asyncio.sleep(0.1)
    await connection.close()
    return count / (time.monotonic() - begun)


async def measure(world: World, effort: Effort) -> list[Figure]:
    """All of it."""
    rest: dict[int, list[tuple[float, float, float]]] = {workers: [] for workers in IN_FLIGHT}
    signals = []
    async with AsyncExitStack() as stack:
        traders = await many(stack, world.base, 4 if effort.quick else TRADERS)
        for _ in range(effort.rounds):
            for workers in IN_FLIGHT:
                rest[workers].append(await by_rest(world, traders, effort.some(workers), effort.seconds(8)))
            signals.append(await by_signals(world, traders, effort.some(SIGNALS)))
    least = 1000.0 if world.shape == "embedded" else 400.0
    found = []
    for workers, rounds in rest.items():
        rates, own, each = (list(column) for column in zip(*rounds, strict=True))
        name = f"{world.shape}: {workers} REST orders in flight"
        found += [
            Figure(f"{name}, orders filled", "1/s", rates, (), f">= {least:.0f}/s", least=least),
            Figure(f"{name}, load generator's share", "cores", own),
            Figure(f"{name}, platform's processor time", "ms/order", each),
        ]
    name = f"{world.shape}: {SIGNALS} signals on the bus, orders filled"
    return [*found, Figure(name, "1/s", signals, (), f">= {least:.0f}/s", least=least)]
