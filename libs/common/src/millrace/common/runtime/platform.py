"""The embedded platform: every service, one process, one address; and the first things a newcomer finds in it."""

import asyncio
import os
import secrets
from contextlib import suppress
from io import TextIOWrapper
from socket import socket
from typing import Any
from uuid import UUID

import orjson

from millrace.common.auth.internal import HEADER
from millrace.common.auth.principal import Principal
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.runtime.folder import patient_lock
from millrace.common.runtime.host import Host
from millrace.common.runtime.server import HttpServer, bind, tls_of
from millrace.common.runtime.settings import SERVICES, Settings
from millrace.common.telemetry.health import Health

_ROOT = Principal(UUID(int=0), "command line", "admin")
_DEMO_CAPITAL = 2500  # of each: together what the first paper account starts with
_DEMO_BOTS = (
    ("BTC trend", "trend", "BTCUSDT", {"fast": 5, "slow": 20}),
    ("ETH trend", "trend", "ETHUSDT", {"fast": 5, "slow": 20}),
    ("BTC mean reversion", "mean_reversion", "BTCUSDT", {"bb_period": 20, "bb_std": 1.5}),
    ("ETH momentum", "momentum", "ETHUSDT", {"rsi_period": 7, "rsi_oversold": 35, "rsi_overbought": 65}),
)


class Platform:
    """Starts and stops everything on one machine."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._tls = tls_of(settings)
        self.host = Host(settings, SERVICES)
        self.health = Health()
        self._lock: TextIOWrapper | None = None
        self._listeners: list[socket] = []
        self._server: HttpServer | None = None
        self._more: list[HttpServer] = []
        self._ops: HttpServer | None = None

    @property
    def port(self) -> int:
        """Where the gateway listens."""
        return self._server.port if self._server else 0

    @property
    def health_port(self) -> int:
        """Where health and metrics are."""
        return self._ops.port if self._ops else 0

    @property
    def address(self) -> str:
        """The gateway's address, for people."""
        shown = "localhost" if self.settings.host in ("127.0.0.1", "0.0.0.0", "::1") else self.settings.host  # noqa: S104
        return f"{'https' if self._tls else 'http'}://{shown}:{self.port}"

    async def start(self) -> None:
        """Lock the data folder, start the services, listen; all of it or nothing.

        Raises AlreadyRunning, PortTaken, and whatever prevents a service from starting.
        """
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        settings = self.settings
        self._lock = await patient_lock(settings.data_dir)
        self._listeners = [bind(settings.host, port) for port in (settings.port, settings.ops_port)]
        await self.host.start()
        gateway = self.host.running["gateway"].service
        self._server = HttpServer(gateway.front, self._listeners[0], proxies=settings.proxies, tls=self._tls)
        await self._server.start()
        for port in gateway.ports:
            self._listeners.append(bind(settings.host, port))
            self._more.append(HttpServer(gateway.front, self._listeners[-1], proxies=settings.proxies, tls=self._tls))
            await self._more[-1].start()
        for name, running in self.host.running.items():
            self.health.checks[name] = running.database.ping
        self._ops = HttpServer(self.health, self._listeners[1])
        await self._ops.start()
        self.health.started = True
        state = {"pid": os.getpid(), "port": self.port, "ops_port": self._ops.port, "address": self.address}
        self._lock.seek(0)
        self._lock.truncate()
        self._lock.write(orjson.dumps(state).decode())
        self._lock.flush()

    async def stop(self) -> None:
        """Drain and stop, in order. Also after a start that failed half way."""
        self.health.draining = True
        with suppress(Exception):
            await self.host.drain()
        await asyncio.gather(*(server.stop() for server in [self._server, *self._more] if server))
        await self.host.stop()
        if self._ops:
            await self._ops.stop()
        for listener in self._listeners:
            listener.close()
        if self._lock:
            self._lock.close()

    async def ask(self, service: str, method: str, path: str, user: Principal = _ROOT, json: Any = None) -> Any:
        """Ask a service in the name of a user; the command line itself by default."""
        keys = self.host.keys()
        headers = {HEADER: keys.internal.sign(user, service)}
        answer = await self.host.client(service).request(method, path, json=json, headers=headers)
        return answer.value()

    async def admin_link(self) -> str | None:
        """A link with which one person may become the first administrator, within a day; None when there is one."""
        code = (await self.ask("auth", "POST", "/invites/first-admin"))["code"]
        return f"{self.address}/?invite={code}" if code else None

    async def welcome(self) -> tuple[str, str | None]:
        """A one-time sign-in link for the demo user; and the user's password, the first time only."""
        password = None
        try:
            user = await self.ask("auth", "GET", "/users/by-name/demo")
        except MillraceError as absent:
            if absent.code != Code.NOT_FOUND:
                raise
            password = secrets.token_urlsafe(12)
            asked = {"username": "demo", "email": "demo@millrace.example", "password": password, "role": "trader"}
            user = await self.ask("auth", "POST", "/users", json=asked)
        principal = Principal(UUID(user["id"]), user["username"], user["role"])
        await self._bots(principal)
        ticket = (await self.ask("auth", "POST", "/tickets", principal))["ticket"]
        return f"{self.address}/?ticket={ticket}", password

    async def _bots(self, user: Principal) -> None:
        if (await self.ask("bots", "GET", "/bots", user))["total"]:
            return
        await self.host.until(lambda: self._has_account(user), 60)
        strategies = {s["name"]: s["id"] for s in (await self.ask("bots", "GET", "/strategies", user))["items"]}
        timeframe = (await self.ask("marketdata", "GET", "/symbols", user))["items"][0]["timeframes"][0]
        for name, strategy, symbol, parameters in _DEMO_BOTS:
            config = {"position_size": 0.8, "timeframe": timeframe, "parameters": parameters}
            asked = {"name": name, "strategy_id": strategies[strategy], "symbol": symbol, "config": config}
            asked["initial_capital"] = _DEMO_CAPITAL
            bot = await self.ask("bots", "POST", "/bots", user, json=asked)
            await self.ask("bots", "POST", f"/bots/{bot['id']}/start", user)

    async def _has_account(self, user: Principal) -> bool:
        rows = await self.host.running["bots"].database.fetch("select 1 from accounts where user_id = $1", user.user_id)
        return bool(rows)
