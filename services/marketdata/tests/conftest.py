"""The service with any settings; and a server on loopback that answers like Binance's public spot REST API."""

import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from aiohttp import web

from millrace.common.kernel.clock import Clock, ManualClock
from millrace.common.runtime.host import Host
from millrace.common.testing.service import Stand, StartService

_FILTERS = [
    {"filterType": "PRICE_FILTER", "minPrice": "0.01000000", "maxPrice": "1000000.00000000", "tickSize": "0.01000000"},
    {"filterType": "LOT_SIZE", "minQty": "0.00001000", "maxQty": "9000.00000000", "stepSize": "0.00001000"},
    {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True, "avgPriceMins": 5},
]


def _listed(base: str, quote: str) -> dict[str, Any]:
    return {
        "symbol": base + quote,
        "status": "TRADING",
        "baseAsset": base,
        "baseAssetPrecision": 8,
        "quoteAsset": quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": ["LIMIT", "MARKET"],
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _FILTERS,
        "permissions": [],
        "permissionSets": [["SPOT"]],
    }


@dataclass
class Exchange:
    """What the server says. `faults` are taken off one by one, each for one answer, before anything else."""

    address: str = ""
    trades: list[dict[str, Any]] = field(default_factory=list)
    klines: list[list[Any]] = field(default_factory=list)
    book: dict[str, Any] = field(default_factory=dict)
    faults: list[Callable[[], web.StreamResponse]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    page: int = 1000

    def trade(self, number: int, millis: int, price: str, quantity: str = "0.10000000") -> None:
        """Let a trade happen."""
        self.trades.append(
            {"a": number, "p": price, "q": quantity, "f": number, "l": number, "T": millis, "m": True, "M": True}
        )

    def kline(self, millis: int, *numbers: str) -> None:
        """Let a one-minute candle be there: open, high, low, close, volume."""
        self.klines.append([millis, *numbers, millis + 59_999, "1", 1, "1", "1", "0"])

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """What Binance would say."""
        self.asked.append(request.path_qs)
        if self.faults:
            return self.faults.pop(0)()
        kind = request.path.removeprefix("/api/v3/")
        if kind == "exchangeInfo":
            return web.json_response({"symbols": [_listed("BTC", "USDT"), _listed("ETH", "USDT")]})
        if kind == "aggTrades":
            return web.json_response(self.trades[-int(request.query["limit"]) :])
        if kind == "klines":
            since = int(request.query.get("startTime", 0))
            return web.json_response([row for row in self.klines if row[0] >= since][: self.page])
        if kind == "depth":
            return web.json_response(self.book)
        return web.json_response({"code": -1, "msg": "no such place"}, status=404)


@pytest.fixture
async def exchange() -> AsyncIterator[Exchange]:
    """The server, running."""
    made = Exchange()
    app = web.Application()
    app.router.add_route("GET", "/{place:.*}", made.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture
def noon() -> ManualClock:
    """A clock that stands at noon."""
    return ManualClock(datetime(2024, 3, 1, 12, 0, 30, tzinfo=UTC))


Listen = Callable[..., Any]


@pytest.fixture
def market(start_service: StartService, monkeypatch: pytest.MonkeyPatch) -> Listen:
    """`await market(feed="recorded", tape="ticks")` starts the service with these settings and no others."""
    for name in list(os.environ):
        if name.startswith("MILLRACE_MARKETDATA_"):
            monkeypatch.delenv(name)

    async def start(*, clock: Clock | None = None, **settings: object) -> Stand:
        for name, value in settings.items():
            monkeypatch.setenv(f"MILLRACE_MARKETDATA_{name.upper()}", str(value))
        return await start_service("marketdata", clock=clock)

    return start


@pytest.fixture
async def again() -> AsyncIterator[Callable[..., Any]]:
    """`await again(stand)` stops the service and starts it anew on the same database."""
    hosts: list[Host] = []

    async def restart(stand: Stand, clock: Clock | None = None, before: str = "") -> Stand:
        url = stand.host.url
        await stand.host.stop()
        host = Host(stand.host.settings, ["marketdata"], clock=clock)
        if before:
            connection = await asyncpg.connect(url)
            await connection.execute(before)
            await connection.close()
        await host.start(migrating=False)
        hosts.append(host)
        made = Stand(host)
        await made.open()
        return made

    yield restart
    for host in hosts:
        await host.stop()
