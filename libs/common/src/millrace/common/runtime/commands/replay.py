"""`millrace replay`: the same bars give the same digest, on every bus."""

import os
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import orjson

from millrace.common.auth.internal import HEADER
from millrace.common.auth.principal import Principal
from millrace.common.bus.inspection import delete_topics
from millrace.common.kernel.instruments import INSTRUMENTS, Instrument
from millrace.common.kernel.symbols import parse_symbol
from millrace.common.runtime.cli import errors, show
from millrace.common.runtime.digest import digest, first_difference, record
from millrace.common.runtime.failures import ABSENT, USAGE, Failure
from millrace.common.runtime.host import Host
from millrace.common.runtime.memory import keep_what_start_made
from millrace.common.runtime.settings import SERVICES, Settings
from millrace.common.telemetry import logs

Bus = Literal["memory", "postgres", "kafka"]
BUSES: tuple[Bus, ...] = ("memory", "postgres", "kafka")
_HASTY = "alter system set synchronous_commit = off"  # nobody keeps a replay's database through a power cut
_ROOT = Principal(UUID(int=0), "command line", "admin")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to replay: `bars` bars of `symbol`, from `data` or from the recorded market, traded by a bot a strategy.

    Any pair can be replayed from `data`: one that is not known trades in steps of 0.00000001, for 5 or more of its
    quote currency, with fees of 0.1 %, unless MILLRACE_INSTRUMENTS says otherwise.
    """

    data: Path | None = None
    symbol: str = "BTC/USDT"
    strategies: Sequence[str] = ("momentum", "mean_reversion", "trend")
    bars: int = 2000

    def environment(self) -> dict[str, str]:
        """The variables that make marketdata play it, and the others trade it."""
        symbol, more = str(parse_symbol(self.symbol)), {}
        found = {"FEED": "lockstep", "SYMBOLS": symbol, "BARS": str(self.bars)}
        if self.data is not None:
            found["FILE"] = str(self.data.resolve())
            more = _instruments(symbol)
        more["MILLRACE_EXECUTION_SECOND_EXCHANGE"] = ""  # only one market is played
        return {**more, **{f"MILLRACE_MARKETDATA_{name}": value for name, value in found.items()}}


def _instruments(symbol: str) -> dict[str, str]:
    given = Settings().instruments
    if any(known.symbol == symbol for known in (*given, *INSTRUMENTS.values())):
        return {}
    facts = Instrument("binance", symbol, Decimal("0.00000001"), Decimal("0.00000001"), Decimal(5))
    return {"MILLRACE_INSTRUMENTS": orjson.dumps([*given, facts], default=str).decode()}


async def replay(plan: Plan, bus: Bus, against: str | None, save: Path | None, output: str) -> int:
    """Print the digest; exit 1 when it differs from the record, or the other bus, given with --against."""
    logs.configure("warning")
    second = next((b for b in BUSES if b == against), None)
    other = None if against is None or second else _read(Path(against))
    lines = await lockstep(bus, plan)
    if save:
        save.write_text("\n".join(lines) + "\n")
    if second:
        other = await lockstep(second, plan)
    difference = None if other is None else first_difference(other, lines)
    if output == "json":
        found = {"digest": digest(lines), "bus": bus, "events": len(lines), "against": against}
        show({**found, "equal": None if other is None else difference is None, "difference": difference}, output)
    else:
        print(f"{digest(lines)}  {bus}  {len(lines)} events")
        if other is not None:
            print(f"{digest(other)}  {against}  {len(other)} events")
            print(difference or "equal")
    return 1 if difference else 0


def _read(path: Path) -> list[str]:
    if not path.is_file():
        fix = f"give a file written with --save, or one of {', '.join(BUSES)}"
        raise Failure(f"--against: there is no record {path}", fix, ABSENT)
    return path.read_text().splitlines()


async def lockstep(bus: Bus, plan: Plan) -> list[str]:
    """Run one replay on a fresh platform in this process; returns its record.

    It has a database of its own, and on Kafka topics of its own, which are gone afterwards.
    """
    with _environment(plan.environment()):
        async with _fresh(bus) as settings:
            host = Host(settings, SERVICES)
            try:
                await host.start()
                keep_what_start_made()
                if not settings.database_url:
                    await _execute(host.url, _HASTY, "select pg_reload_conf()")
                await play(host, plan)
                return await record(host.url)
            finally:
                await host.stop()


@asynccontextmanager
async def _fresh(bus: Bus) -> AsyncIterator[Settings]:
    found = Settings()
    if bus == "kafka" and not found.kafka:
        fix = "set MILLRACE_KAFKA=host:port (and MILLRACE_DATABASE_URL to use a PostgreSQL of your own)"
        raise Failure("a replay on Kafka needs to know where Kafka is", fix, USAGE)
    name = f"replay_{uuid4().hex[:12]}"
    with tempfile.TemporaryDirectory(prefix="millrace-replay-", ignore_cleanup_errors=True) as folder:
        server = found.database_url if bus == "kafka" else ""
        if server:
            await _execute(server, f"create database {name}", f"alter database {name} set synchronous_commit = off")
        try:
            yield Settings(
                data_dir=Path(folder),
                clock="messages",
                bus=bus,
                kafka_prefix=f"{name}.",
                database_url=urlsplit(server)._replace(path=f"/{name}").geturl() if server else "",
            )
        finally:
            if server:
                await _execute(server, f"drop database if exists {name} with (force)")
            if bus == "kafka":
                await delete_topics(found.kafka, f"{name}.")


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


async def play(host: Host, plan: Plan) -> None:
    """Make a user with a bot for each strategy, then play all bars."""

    async def ask(service: str, method: str, path: str, who: Principal = _ROOT, json: Any = None) -> Any:
        headers = {HEADER: host.keys().internal.sign(who, service)}
        return (await host.client(service).request(method, path, json=json, headers=headers, deadline=30)).value()

    asked = {"username": "replay", "email": "replay@millrace.example", "password": "a lockstep replay"}
    who = Principal(UUID((await ask("auth", "POST", "/users", json=asked))["id"]), "replay", "trader")
    await host.until(host.at_rest, 120)
    known = {s["name"]: s["id"] for s in (await ask("bots", "GET", "/strategies", who))["items"]}
    timeframe = (await ask("marketdata", "GET", "/symbols", who))["items"][0]["timeframes"][0]
    for name in plan.strategies:
        if name not in known:
            raise Failure(f"there is no strategy {name!r}", f"choose among {', '.join(known)}", ABSENT)
        bot = {"name": name, "strategy_id": known[name], "symbol": plan.symbol}
        made = await ask(
            "bots", "POST", "/bots", who, {**bot, "config": {"position_size": 0.3, "timeframe": timeframe}}
        )
        await ask("bots", "POST", f"/bots/{made['id']}/start", who)
    await host.until(host.at_rest, 120)
    begun = time.monotonic()
    total = (await ask("marketdata", "POST", "/replay"))["total"]

    async def over() -> bool:
        return bool((await ask("marketdata", "GET", "/replay"))["played"] >= total)

    await host.until(over, 3600)
    seconds = time.monotonic() - begun
    errors.print(f"{total} bars in {seconds:.1f} s, {total / seconds:.0f} bars/s")
