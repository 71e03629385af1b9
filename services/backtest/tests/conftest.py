"""Markets made up for one test, and the backtest service beside bots and a market that only the test moves."""

import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from millrace.backtest.domain.costs import Costs
from millrace.backtest.domain.plan import Plan, Series
from millrace.common.auth.principal import Principal
from millrace.common.kernel import timeframes
from millrace.common.kernel.instruments import instrument
from millrace.common.kernel.market import Candle
from millrace.common.testing.service import Stand, StartService
from millrace.strategy.sizing_rule import Basis, SizingRule

START = datetime(2024, 1, 1, tzinfo=UTC)
FREE = Costs()
QUICK = {"fast": 2, "slow": 3, "kind": "sma", "position_size": "0.5"}
"""Averages so short that a handful of candles makes them cross."""


def bar(number: int, close: object, timeframe: str = "1h", symbol: str = "BTC/USDT", **prices: object) -> Candle:
    """A flat candle, unless other prices are given."""
    flat = {name: Decimal(str(prices.get(name, close))) for name in ("open", "high", "low")}
    volume = Decimal(str(prices.get("volume", 10)))
    at = START + number * timeframes.length(timeframe)
    return Candle("binance", symbol, timeframe, at, **flat, close=Decimal(str(close)), volume=volume)


def walk(count: int, seed: int = 1, symbol: str = "BTC/USDT", timeframe: str = "1h") -> list[Candle]:
    """A random market without gaps between a close and the next open."""
    chance, price, bars = random.Random(seed), 40_000.0, []
    for number in range(count):
        close = max(price * (1 + chance.gauss(0, 0.01)), 1.0)
        high, low = max(price, close) * (1 + chance.random() / 200), min(price, close) * (1 - chance.random() / 200)
        shown = {name: round(value, 2) for name, value in (("open", price), ("high", high), ("low", low))}
        bars.append(bar(number, round(close, 2), timeframe, symbol, **shown, volume=chance.randint(1, 50)))
        price = close
    return bars


def series(bars: Sequence[Candle], past: Sequence[Candle] = ()) -> Series:
    """Candles of one pair with its instrument."""
    return Series(instrument("binance", bars[0].symbol), past, bars)


def plan(strategy: str = "trend", *, share: str = "0.5", costs: Costs = FREE, **options: Any) -> Plan:
    """10,000 USDT, half of it in each entry."""
    parameters = options.pop("parameters", {} if strategy == "hold" else QUICK)
    sizing = SizingRule(Basis.EQUITY, Decimal(share))
    return Plan(strategy, parameters, Decimal(options.pop("capital", 10_000)), sizing, costs, **options)


class Owner:
    """One user of the backtest service."""

    def __init__(self, stand: Stand, number: int) -> None:
        self.stand = stand
        self.user = Principal(UUID(int=number), f"owner {number}", "trader")

    async def ask(self, method: str, path: str, json: Any = None, query: Any = None) -> Any:
        """The service's answer to this owner."""
        return await self.stand.ask("backtest", method, path, self.user, json=json, query=query)

    def asked(self, **asked: Any) -> Any:
        """A request for ten hours of trend, changed as asked."""
        new = {
            "name": "ten hours",
            "strategy": "trend",
            "parameters": QUICK,
            "symbols": ["BTCUSDT"],
            "start": START.isoformat(),
            "end": (START + timedelta(hours=10)).isoformat(),
            "initial_capital": 10_000,
        }
        return {k: v for k, v in {**new, **asked}.items() if v is not None}

    async def create(self, **asked: Any) -> Any:
        """The answer to such a request."""
        return await self.ask("POST", "/backtests", self.asked(**asked))

    async def over(self, backtest_id: object) -> Any:
        """The backtest once it has ended, however."""

        async def ended() -> bool:
            row = (await self.ask("GET", f"/backtests/{backtest_id}")).value()
            return row["status"] not in ("queued", "running")

        await self.stand.host.until(ended, 30)
        return (await self.ask("GET", f"/backtests/{backtest_id}/results")).value()

    async def ran(self, **asked: Any) -> Any:
        """The results of such a request."""
        return await self.over((await self.create(**asked)).value()["id"])


Store = Callable[[Sequence[Candle]], Awaitable[None]]


@pytest.fixture
async def stand(start_service: StartService, monkeypatch: pytest.MonkeyPatch) -> Stand:
    """Market data, with nothing happening by itself, bots and backtests."""
    monkeypatch.setenv("MILLRACE_MARKETDATA_FEED", "none")
    return await start_service("marketdata", "bots", "backtest")


@pytest.fixture
def owner(stand: Stand) -> Owner:
    """A user."""
    return Owner(stand, 1)


@pytest.fixture
def other(stand: Stand) -> Owner:
    """Another user."""
    return Owner(stand, 2)


@pytest.fixture
def store(stand: Stand) -> Store:
    """`await store(candles)` puts candles into the market's tables."""
    names = ("exchange", "symbol", "timeframe", "opened_at", "open", "high", "low", "close", "volume")
    insert = f"insert into candles ({', '.join(names)}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"

    async def put(candles: Sequence[Candle]) -> None:
        rows = [tuple(getattr(candle, name) for name in names) for candle in candles]
        async with stand.host.running["marketdata"].database.transaction() as connection:
            await connection.executemany(insert, rows)

    return put
