"""Kills the platform while it trades, again and again, then checks that nothing was lost or doubled.

    python tools/crash.py --kills 10 --seed 1 --bus postgres     the embedded platform, killed whole
    python tools/crash.py --kills 100 --seed 1 --bus kafka       each service, the broker and PostgreSQL on their own

`make crash` starts the servers of tools/devstack for --bus kafka; MILLRACE_TEST_CRASH then names the command that
kills and restarts one of them (`<command> kafka`, `<command> postgres`). Without it only services are killed, and the
table says so. The relay that publishes a service's outbox has no process of its own: it lives in the service's and
dies with it. Prints each kill, ends with a table, exits 1 on any violation.
"""

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import asyncpg
import uvloop
from cluster import PATIENCE, Cluster
from embedded import Embedded

from millrace.common.runtime.settings import SERVICES
from millrace.common.runtime.verify import verify

_DOWN = (aiohttp.ClientError, TimeoutError, ConnectionError, asyncio.IncompleteReadError)
_SILENCE_SECONDS = 20.0
_COME_BACK, _EXPIRED = 1012, 4401  # how a stream is closed


class Trader:
    """A user who trades through crashes: asks again under the same id, resumes the stream, remembers every answer."""

    def __init__(self, base: str, number: int, rng: random.Random) -> None:
        self.base = base
        self.rng = rng
        self.name = f"crash-{os.getpid()}-{number}"
        self.token = ""
        self.acknowledged: set[str] = set()
        self.seen: list[int] = []
        self.told = 0
        self.refused = 0

    async def open(self, session: aiohttp.ClientSession) -> None:
        """Register and wait for the account."""
        asked = {"username": self.name, "email": f"{self.name}@example.com", "password": "SecurePass123!"}
        async with session.post(f"{self.base}/api/v1/auth/register", json=asked) as answer:
            self.token = (await answer.json())["access_token"]

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    async def trade(self, session: aiohttp.ClientSession) -> None:
        """Place small orders for ever."""
        number = 0
        while True:
            number += 1
            side = "BUY" if number % 2 else "SELL"
            order = {"symbol": "BTCUSDT", "side": side, "order_type": "MARKET", "quantity": "0.001"}
            await self._place(session, {**order, "client_order_id": f"{self.name}-{number}"})
            await asyncio.sleep(self.rng.uniform(0.01, 0.1))

    async def _place(self, session: aiohttp.ClientSession, order: dict[str, str]) -> None:
        while True:
            try:
                async with session.post(
                    f"{self.base}/api/v1/orders", json=order, headers=self._headers(), timeout=aiohttp.ClientTimeout(5)
                ) as answer:
                    found = await answer.json()
                    if answer.status == 201:
                        self.acknowledged.add(found["id"])
                        return
                    if answer.status == 409:  # an earlier try got through
                        return
                    if answer.status == 401:
                        await self._sign_in(session)
                    self.refused += answer.status < 500
            except (*_DOWN, ValueError):
                pass
            await asyncio.sleep(0.1)

    async def _sign_in(self, session: aiohttp.ClientSession) -> None:
        asked = {"username": self.name, "password": "SecurePass123!"}
        async with session.post(f"{self.base}/api/v1/auth/login", json=asked) as answer:
            if answer.status == 200:
                self.token = (await answer.json())["access_token"]

    async def listen(self, session: aiohttp.ClientSession) -> None:
        """Read the event stream for ever, resuming after every cut."""
        while True:
            try:
                opening: dict[str, Any] = {"type": "auth", "token": self.token, "channels": ["events"]}
                opening["resume_from"] = self.seen[-1] if self.seen else 0
                async with session.ws_connect(f"{self.base}/ws", heartbeat=_SILENCE_SECONDS) as stream:
                    await stream.send_json(opening)
                    async for message in stream:
                        found = message.json()
                        if found["type"] == "event":
                            self.seen.append(found["seq"])
                    self.told += stream.close_code == _COME_BACK
                    if stream.close_code == _EXPIRED:
                        await self._sign_in(session)
            except _DOWN:
                pass
            await asyncio.sleep(0.1)


class Distributed:
    """One process per service; servers too when somebody can kill them."""

    def __init__(self) -> None:
        self.cluster = Cluster()
        self._server = os.environ.get("MILLRACE_TEST_CRASH", "").split()
        self.targets = (*SERVICES, *(("kafka", "postgres") if self._server else ()))
        self.base = f"http://127.0.0.1:{self.cluster.api['gateway']}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """From start to a clean stop."""
        async with self.cluster:
            yield

    async def crash(self, target: str) -> None:
        """Kill one process; a service is started again at once, and so is one that gave up by itself."""
        for name in self.cluster.revive():
            print(f"{name} ended by itself", flush=True)
        if target in ("kafka", "postgres"):
            await asyncio.to_thread(subprocess.run, [*self._server, target], check=True, stdout=subprocess.DEVNULL)
            return
        self.cluster.kill(target, signal.SIGKILL)
        self.cluster.launch(target)

    def database(self) -> str:
        """This cluster's database."""
        return self.cluster.database_url

    def tell(self) -> None:
        """Print how each service's log ends."""
        for name in SERVICES:
            lines = (self.cluster.folder / f"{name}.log").read_text(errors="replace").splitlines()
            print(*(f"  {name}: {line[:400]}" for line in lines[-8:]), sep="\n", flush=True)


async def torture(world: Any, kills: int, rng: random.Random, traders: list[Trader]) -> dict[str, list[float]]:
    """Trade and kill; returns, for each target, how long each crash took until it ran again."""
    done: dict[str, list[float]] = {target: [] for target in world.targets}
    async with aiohttp.ClientSession() as session:
        for trader in traders:
            await trader.open(session)
        await asyncio.sleep(1)
        work = [asyncio.create_task(t.trade(session)) for t in traders]
        ears = [asyncio.create_task(t.listen(session)) for t in traders]
        try:
            for number in range(kills):
                await asyncio.sleep(rng.uniform(0.5, 3.0))
                target = rng.choice(world.targets)
                begun = time.monotonic()
                await world.crash(target)
                done[target].append(time.monotonic() - begun)
                print(f"kill {number + 1:3}  {target:10}  {done[target][-1]:5.1f} s to restart", flush=True)
            await asyncio.sleep(2)
            await stop(work)
            await settle(world, traders)
        finally:
            await stop(work + ears)
    return done


async def stop(tasks: list["asyncio.Task[None]"]) -> None:
    """Cancel and wait."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def settle(world: Any, traders: list[Trader]) -> None:
    """Wait until the streams have told everything there is."""
    connection = await asyncpg.connect(world.database())
    query = "select max(e.seq) from notifier.events e join auth.users u on u.id = e.user_id where u.username = $1"
    end = time.monotonic() + 60 * PATIENCE
    quiet = 0
    while quiet < 10 and time.monotonic() < end:
        last = [await connection.fetchval(query, t.name) or 0 for t in traders]
        quiet = quiet + 1 if [t.seen[-1] if t.seen else 0 for t in traders] == last else 0
        await asyncio.sleep(0.2)
    await connection.close()


async def violations(world: Any, traders: list[Trader]) -> list[str]:
    """Everything that must not be."""
    found = [
        f"{f.check.number}: {f.check.meaning}: {len(f.rows)} rows, such as {f.rows[:2]}"
        for f in await verify(world.database(), 45 * PATIENCE)
        if f.rows
    ]
    connection = await asyncpg.connect(world.database())
    orders = await connection.fetch("select order_id, state from execution.orders")
    known = {str(row["order_id"]) for row in orders}
    total = await connection.fetchval("select count(*) from execution.fills")
    await connection.close()
    for trader in traders:
        if lost := trader.acknowledged - known:
            found.append(f"{trader.name}: {len(lost)} acknowledged orders are gone")
        if trader.seen != list(range(1, len(trader.seen) + 1)):
            gaps = [(a, b) for a, b in zip(trader.seen, trader.seen[1:], strict=False) if b != a + 1]
            found.append(f"{trader.name}: the stream has gaps or repeats: {gaps[:3]}")
    if not total:
        found.append("nothing was traded")
    states = ", ".join(f"{n} {state}" for state, n in sorted(Counter(row["state"] for row in orders).items()))
    print(f"orders {len(known)} ({states}), fills {total}, stream events {sum(len(t.seen) for t in traders)}")
    return found


def table(kills: dict[str, list[float]]) -> None:
    """Print what was killed how often."""
    print(f"{'process':12} {'kills':>6} {'slowest restart':>16}  with it died")
    for target, seconds in kills.items():
        inside = "its relay" if target in SERVICES else "every service and relay" if target == "platform" else "-"
        print(f"{target:12} {len(seconds):6} {max(seconds, default=0):14.1f} s  {inside}")
    print(f"{'all':12} {sum(map(len, kills.values())):6}")
    if "gateway" in kills and "kafka" not in kills:
        print("Kafka and PostgreSQL were not killed: MILLRACE_TEST_CRASH is not set")


async def main() -> int:
    """Run and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bus", choices=("postgres", "kafka"), default="postgres")
    parser.add_argument("--only", help="kill none but these processes, such as kafka,execution")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    world = Embedded() if options.bus == "postgres" else Distributed()
    if options.only:
        world.targets = tuple(options.only.split(","))
    traders = [Trader(world.base, number, rng) for number in range(4)]
    async with world.running():
        kills = await torture(world, options.kills, rng, traders)
        if found := await violations(world, traders):
            world.tell()
    table(kills)
    print("\n".join(f"VIOLATION {line}" for line in found) or "no violation")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
