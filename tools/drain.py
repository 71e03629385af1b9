"""Stops the platform in the middle of trading (SIGTERM), starts it again, and checks that nothing was lost.

    python tools/drain.py --bus postgres      the embedded platform
    python tools/drain.py --bus kafka         every service at once (`tools/real` starts the servers)

Every process must end by itself within 20 seconds with exit code 0, every stream must be told to come back, and after
the restart every acknowledged order is there, streams go on without a gap and the books are clean. Exits 1 otherwise.
"""

import argparse
import asyncio
import random
import subprocess
import sys
import time
from typing import Any

import aiohttp
import uvloop
from cluster import PATIENCE
from crash import Distributed, Trader, settle, stop, violations
from embedded import Embedded

SECONDS = 20 * PATIENCE


class Socket:
    """A WebSocket client that remembers how its connections were closed."""

    def __init__(self, trader: Trader) -> None:
        self.trader = trader
        self.heard = 0
        self.codes: list[int] = []

    async def listen(self, session: aiohttp.ClientSession) -> None:
        """Stay connected for ever."""
        while True:
            try:
                async with session.ws_connect(f"{self.trader.base}/ws") as socket:
                    await socket.send_json({"type": "auth", "token": self.trader.token})
                    await socket.send_json({"type": "subscribe", "channel": "events"})
                    async for _ in socket:
                        self.heard += 1
                    self.codes.append(socket.close_code or 0)
            except (aiohttp.ClientError, OSError):
                pass
            await asyncio.sleep(0.1)


def processes(world: Any) -> dict[str, "subprocess.Popen[bytes]"]:
    """What is running."""
    if isinstance(world, Embedded):
        assert world.process is not None
        return {"platform": world.process}
    return dict(world.cluster.processes)


async def terminate(world: Any) -> list[str]:
    """SIGTERM to everything at once; what did not end well."""
    begun = time.monotonic()
    running = processes(world)
    for process in running.values():
        process.terminate()

    async def end(name: str, process: "subprocess.Popen[bytes]") -> str:
        try:
            code = await asyncio.to_thread(process.wait, SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            return f"{name} did not end within {SECONDS:g} s"
        print(f"{name:12} ended with {code} after {time.monotonic() - begun:5.2f} s", flush=True)
        return f"{name} ended with exit code {code}" if code else ""

    return [wrong for wrong in await asyncio.gather(*(end(*each) for each in running.items())) if wrong]


async def restart(world: Any) -> None:
    """Start everything again and wait until it is ready."""
    if isinstance(world, Embedded):
        await world.start()
        return
    names = list(world.cluster.processes)
    for name in names:
        world.cluster.launch(name)
    await world.cluster.ready(names)


async def main() -> int:
    """Run and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bus", choices=("postgres", "kafka"), default="postgres")
    parser.add_argument("--seconds", type=float, default=3, help="how long to trade before and after")
    options = parser.parse_args()
    world = Embedded() if options.bus == "postgres" else Distributed()
    rng = random.Random(1)
    traders = [Trader(world.base, number, rng) for number in range(4)]
    sockets = [Socket(trader) for trader in traders]
    async with world.running(), aiohttp.ClientSession() as session:
        for trader in traders:
            await trader.open(session)
        work = [asyncio.create_task(t.trade(session)) for t in traders]
        ears = [asyncio.create_task(t.listen(session)) for t in traders]
        ears += [asyncio.create_task(s.listen(session)) for s in sockets]
        await asyncio.sleep(options.seconds)
        before = [len(t.acknowledged) for t in traders]
        found = await terminate(world)
        found += [f"{t.name}: its stream was cut without a word" for t in traders if not t.told]
        found += [f"{s.trader.name}: its socket was closed with {s.codes}" for s in sockets if s.codes[:1] != [1012]]
        found += [f"{s.trader.name}: its socket heard nothing" for s in sockets if not s.heard]
        await restart(world)
        await asyncio.sleep(options.seconds)
        await stop(work)
        await settle(world, traders)
        await stop(ears)
        if any(len(t.acknowledged) <= n for t, n in zip(traders, before, strict=True)):
            found.append("trading did not go on")
        found += await violations(world, traders)
    print("\n".join(f"VIOLATION {line}" for line in found) or "no violation")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
