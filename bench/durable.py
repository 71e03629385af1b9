"""One durable hop of ours: a unit of work emits, a consumer's handler has committed."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from millrace.common.bus.port import Bus
from millrace.common.bus.postgres import PostgresBus
from millrace.common.db import migrate
from millrace.common.db.database import Database
from millrace.common.db.outbox import LogOutbox, Outbox, TableOutbox
from millrace.common.db.relay import Relay
from millrace.common.db.work import Work, Works
from millrace.common.events.message import Message
from millrace.common.events.trading import Side, SignalRaised
from millrace.common.kernel.clock import SystemClock
from millrace.common.kernel.ids import new_id
from millrace.common.runtime.consumer import Consumer
from millrace.common.runtime.host import owned_schemas

_BOUND = 30.0
_WARM = 20


def signal(number: int) -> SignalRaised:
    """A message like those on the order's path."""
    account = UUID(int=number % 50)
    return SignalRaised(
        user_id=account,
        account_id=account,
        signal_id=new_id(),
        bot_id=account,
        bot="bench",
        exchange="binance",
        symbol="BTC/USDT",
        side=Side.BUY,
        quantity=Decimal("0.0002"),
        reference_price=Decimal("50000.00"),
        reason="to measure",
        candle_at=datetime.now(UTC),
    )


@dataclass
class Line:
    """Says through one service's unit of work, hears through another's."""

    works: Works
    heard: dict[UUID, float] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def note(self, work: Work, message: Message[Any]) -> None:
        """The handler: the inbox row is all it writes."""

        def committed() -> None:
            self.heard[message.id] = time.perf_counter()
            self.news.set()

        work.after_commit(committed)

    async def hops(self, count: int, per_second: float = 100) -> list[float]:
        """Milliseconds of hops at a steady rate, after a few that do not count."""
        said: dict[UUID, float] = {}
        first = time.monotonic()
        for number in range(_WARM + count):
            await asyncio.sleep(max(0.0, first + number / per_second - time.monotonic()))
            begun = time.perf_counter()
            async with self.works.begin() as work:
                said[work.emit(signal(number))] = begun
        async with asyncio.timeout(_BOUND):
            while not said.keys() <= self.heard.keys():
                self.news.clear()
                await self.news.wait()
        return [(self.heard[event] - begun) * 1000 for event, begun in list(said.items())[_WARM:]]


@asynccontextmanager
async def line(bus: Bus, url: str) -> AsyncIterator[Line]:
    """A hop from `bots` to `execution` on a started bus, in a database with their tables and nothing else."""
    await migrate.upgrade(url, owned_schemas(["bots", "execution"]))
    await bus.start()
    bots, execution = Database(url, "bots"), Database(url, "execution")
    await bots.open()
    await execution.open()
    clock, relay = SystemClock(), Relay(bots, bus.publish)
    outbox: Outbox = LogOutbox(bus.deliver) if isinstance(bus, PostgresBus) else TableOutbox(relay.wake)
    found = Line(Works(bots, outbox, clock))
    works = Works(execution, TableOutbox(lambda: None), clock)
    consumer = Consumer("execution", {SignalRaised: found.note}, {SignalRaised.topic: 1}, works, bus)
    tasks = [asyncio.create_task(consumer.run())]
    if not isinstance(bus, PostgresBus):
        tasks.append(asyncio.create_task(relay.run()))
    try:
        yield found
    finally:
        consumer.stop()
        await asyncio.wait(tasks[:1], timeout=10)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await bots.close()
        await execution.close()
        await bus.stop()
