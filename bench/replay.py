"""Lockstep bars a second with one bot, and from one closed candle to the signals of 500 bots on its symbol.

Lockstep is `millrace replay` in a process of its own, once with few bars and once with many: the difference holds no
start-up. The candle's time runs from the start of the unit of work that says it, over the embedded bus, through the
bots service's own handler, to the last of the signals at a reader of the bus.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

from effort import Effort
from figures import Figure
from processes import data_folder

from millrace.common.auth.internal import HEADER
from millrace.common.auth.principal import Principal
from millrace.common.bus.port import Subscription
from millrace.common.bus.postgres import PostgresBus
from millrace.common.db.outbox import LogOutbox
from millrace.common.db.work import Works
from millrace.common.events.market import CandleClosed
from millrace.common.events.message import Event
from millrace.common.events.trading import AccountOpened, SignalRaised
from millrace.common.kernel.market import Candle
from millrace.common.kernel.timeframes import length
from millrace.common.runtime.host import Host
from millrace.common.runtime.settings import Settings

FEW, MANY = 200, 3000
BOTS = 500
_BOTS_EACH = 100  # a user may have no more at an exchange
_TIMEFRAMES = ("1m", "5m", "15m", "30m", "1h", "4h", "1d")
_FALL_AND_RISE = (100, 99, 98, 97, 96, 120)
_START = datetime(2026, 1, 1, tzinfo=UTC)
_BOUND = 60.0


def played(bars: int) -> float:
    """Seconds of a replay of so many bars on the embedded bus, from process start to its end."""
    program = str(Path(sys.executable).parent / "millrace")
    command = [program, "replay", "--bus", "postgres", "--strategy", "trend", "--bars", str(bars), "-o", "json"]
    begun = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return time.monotonic() - begun


class Owner:
    """A user with an account and `count` bots that do the same, on a timeframe of their own."""

    def __init__(self, host: Host, timeframe: str) -> None:
        self.user = Principal(uuid4(), "bench", "trader")
        self.timeframe = timeframe
        self._host = host
        assert isinstance(host.bus, PostgresBus)
        self._works = Works(host.running["marketdata"].database, LogOutbox(host.bus.deliver), host.clock)

    async def say(self, event: Event) -> None:
        """As the service it comes from would."""
        async with self._works.begin() as work:
            work.emit(event)

    async def open(self, count: int) -> None:
        """The account and the bots."""
        account: dict[str, Any] = {"name": "Paper", "exchange": "binance", "mode": "paper", "currency": "USDT"}
        user_id = self.user.user_id
        await self.say(
            AccountOpened(user_id=user_id, account_id=uuid4(), initial_balance=Decimal(10_000_000), **account)
        )
        await self._host.until(self._host.at_rest)
        strategies = (await self._ask("GET", "/strategies"))["items"]
        trend = next(s["id"] for s in strategies if s["name"] == "trend")
        config = {"position_size": 0.001, "parameters": {"fast": 2, "slow": 4, "kind": "sma"}}
        bot = {"name": "bot", "strategy_id": trend, "symbol": "BTC/USDT", "timeframe": self.timeframe, "config": config}
        for _ in range(count):
            made = await self._ask("POST", "/bots", bot)
            await self._ask("POST", f"/bots/{made['id']}/start")

    async def _ask(self, method: str, path: str, json: Any = None) -> Any:
        headers = {HEADER: self._host.keys().internal.sign(self.user, "bots")}
        return (await self._host.client("bots").request(method, path, json=json, headers=headers)).value()

    async def close(self, number: int, price: int) -> None:
        """A flat candle closes."""
        flat, opened_at = Decimal(price), _START + number * length(self.timeframe)
        candle = Candle("binance", "BTC/USDT", self.timeframe, opened_at, flat, flat, flat, flat, Decimal(1))
        await self.say(CandleClosed.of(candle))


async def all_signal(host: Host, ear: Subscription, timeframe: str, count: int) -> float:
    """Milliseconds from the candle on which every bot buys to the last signal."""
    owners = [Owner(host, timeframe) for _ in range(-(-count // _BOTS_EACH))]
    for number, owner in enumerate(owners):
        await owner.open(min(_BOTS_EACH, count - number * _BOTS_EACH))
    market = owners[0]
    *falling, rise = _FALL_AND_RISE
    for number, price in enumerate(falling):
        await market.close(number, price)
        await host.until(host.at_rest, _BOUND)
    heard = 0
    begun = time.perf_counter()
    await market.close(len(falling), rise)
    async with asyncio.timeout(_BOUND):
        while heard < count:
            heard += len(await ear.poll(1000, 1.0))
    return (time.perf_counter() - begun) * 1000


@asynccontextmanager
async def bots_alone() -> AsyncIterator[Host]:
    """The bots service and a market that stands still, on the embedded bus."""
    os.environ["MILLRACE_MARKETDATA_FEED"] = "none"
    with data_folder() as folder:
        host = Host(Settings(data_dir=folder), ["marketdata", "bots"])
        try:
            await host.start()
            yield host
        finally:
            await host.stop()
            del os.environ["MILLRACE_MARKETDATA_FEED"]


async def measure(effort: Effort) -> list[Figure]:
    """All of it."""
    rates, signals = [], []
    few, many, count = effort.some(FEW), effort.some(MANY), effort.some(BOTS)
    for _ in range(effort.rounds):
        start = await asyncio.to_thread(played, few)
        rates.append((many - few) / max(0.001, await asyncio.to_thread(played, many) - start))
    async with bots_alone() as host:
        ear = await host.bus.subscribe("bench", [SignalRaised.topic])
        for timeframe in _TIMEFRAMES[: effort.rounds]:
            signals.append(await all_signal(host, ear, timeframe, count))
    return [
        Figure("embedded: lockstep replay, one bot", "bars/s", rates, (), ">= 200 bars/s", least=200.0),
        Figure(f"embedded: a candle to the signals of {count} bots", "ms", signals, (), "<= 250 ms", 250.0),
    ]
