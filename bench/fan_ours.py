"""The notifier in a process of its own: its real routes on our real server, real tokens, told by its hub."""

import asyncio
import itertools
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from time import monotonic_ns
from typing import Any
from uuid import UUID, uuid4

import uvloop
from fan_server import AT, KIND, PAD, SYMBOLS, obey
from processes import data_folder, many_files

from millrace.common.auth.tokens import TokenReader
from millrace.common.events.market import CandleForming
from millrace.common.runtime.host import Host
from millrace.common.runtime.server import HttpServer, bind
from millrace.common.runtime.settings import Settings
from millrace.common.telemetry import logs
from millrace.common.web.app import create_app
from millrace.marketdata.app.conflation import Conflation
from millrace.notifier.api import http, websocket
from millrace.notifier.app.desk import Desk
from millrace.notifier.app.log import UserLog
from millrace.notifier.config import NotifierSettings
from millrace.notifier.domain.hub import Entry, Hub, Quote

_PRICES = dict.fromkeys(("open", "high", "low", "close"), Decimal("50123.45"))
_BAR: Any = {"opened_at": datetime(2026, 1, 1, tzinfo=UTC), **_PRICES}
EVERY = 0.1  # seconds between two prices of a symbol, as marketdata has it


class Told:
    """The newest user, and how many entries its log has."""

    def __init__(self, host: Host, hub: Hub) -> None:
        self._host = host
        self._hub = hub
        self._numbers: dict[UUID, itertools.count[int]] = {}

    async def admit(self) -> str:
        """A new user's token."""
        name = f"user-{uuid4().hex[:10]}"
        asked = {"username": name, "email": f"{name}@example.com", "password": "SecurePass123!"}
        found = (await self._host.client("auth").request("POST", "/register", json=asked)).value()
        self._numbers[UUID(found["user"]["id"])] = itertools.count(1)
        return str(found["access_token"])

    def publish(self, stamp: int) -> None:
        """One entry for the newest user, as after the commit that wrote it to the log."""
        self._tell(next(reversed(self._numbers)), stamp)

    def _tell(self, user: UUID, stamp: int) -> None:
        body = {"stamp": f"{stamp:019}", "pad": PAD}
        self._hub.tell(user, [Entry(next(self._numbers[user]), KIND, body, AT)])

    async def crowd(self, per_second: float, seconds: float) -> int:
        """Ticks of all markets, conflated as the market service does, and each second an entry for every user."""
        flow, loop = Conflation(self._host.clock, EVERY), asyncio.get_running_loop()
        flushing, begun, sent = asyncio.create_task(flow.run()), loop.time(), 0
        for number in range(int(per_second * seconds)):
            if (early := begun + number / per_second - loop.time()) > 0:  # else it is due already, as in a poll
                await asyncio.sleep(early)
            symbol = SYMBOLS[number % len(SYMBOLS)]
            candle = CandleForming(exchange="binance", symbol=symbol, timeframe="1m", volume=Decimal(number), **_BAR)
            flow.offer(symbol, partial(self._hub.show, candle.key, Quote(candle)))
            if number % int(per_second) == 0:
                for user in self._numbers:
                    self._tell(user, monotonic_ns())
                sent += 1
        flushing.cancel()
        return sent


async def main(folder: Path) -> None:
    """Serve until nobody commands any more."""
    logs.configure("error")
    host = Host(Settings(bus="memory", data_dir=folder), ["auth", "notifier"])
    await host.start()
    hub = Hub()
    log = UserLog(host.running["notifier"].database, hub)
    desk = Desk(hub, log, TokenReader(host.client, host.clock), host.clock, NotifierSettings(streams_per_user=5000))
    api = create_app("notifier", service="notifier")
    api.include_router(http.routes(desk))
    api.include_router(websocket.routes(desk))
    server = HttpServer(api, bind("127.0.0.1", 0))
    await server.start()
    watching = asyncio.create_task(desk.watch())
    told = Told(host, hub)
    try:
        await obey(server.port, told.admit, told.publish, told.crowd)
    finally:
        watching.cancel()
        hub.close(1012, "the benchmark is over")
        await server.stop()
        await host.stop()


if __name__ == "__main__":
    many_files()
    with data_folder() as own:
        uvloop.run(main(own))
