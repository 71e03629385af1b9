"""What the gateway costs: processor time of a hop, of an authenticated read and of an order, beside bare peers.

The hop is a read of one order, in one contract's words. Between processes, the gateway's time is compared with that of
nginx and of FastAPI + aiohttp in front of the same service. In one process, the same read through the gateway is
compared with asking the service itself over a socket, and with FastAPI + asyncpg. An order is counted until its fill is
booked; beside it stand FastAPI taking an order and its path's commits, made one at a time on asyncpg.

The gateway counts rates, measures itself and authenticates as always. Only processor time is compared, of one process
each, less what it takes when nothing is asked: all of them share the machine with PostgreSQL and with what sends the
requests.
"""

import asyncio
import itertools
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import orjson
from edge_load import offered, request
from edge_nginx import nginx
from effort import Effort
from figures import Figure
from floors import bare_commits
from order_path import REST
from processes import Child, cpu
from traders import Trader, many

from millrace.common.auth.internal import HEADER

SECONDS = 3.0
TRADERS = 16  # risk lets a user place fifty orders a second
READ = "embedded: an authenticated read"
_AUTHENTICATIONS = 20_000
_BOUND = 120.0
_FILLED = "select count(*) from execution.orders where state = 'filled' and user_id = any($1::uuid[])"
_ORDER = {"symbol": "BTCUSDT", "order_type": "MARKET", "quantity": "0.0002"}


@dataclass
class Edge:
    """The platform, its users (the first has an order that can be read), and the servers before and beside it."""

    world: Child
    said: dict[str, Any]
    traders: Sequence[Trader]
    order: str
    gateway: Child
    servers: dict[str, tuple[int, int]] = field(default_factory=dict)  # port and process
    idle: float = 0.0  # seconds of processor time a second that the platform takes with nothing asked

    def requests(self, name: str) -> Sequence[bytes]:
        """What is asked of a server, in turns."""
        if name == "order":
            return [request("POST", "/orders", {}, {**_ORDER, "side": "buy"})]
        if name == "write":
            turns = itertools.product(("BUY", "SELL"), self.traders)
            return [request("POST", "/api/v1/orders", one.headers, {**_ORDER, "side": side}) for side, one in turns]
        if name in ("gateway", "platform"):
            return [request("GET", f"/api/v1/orders/{self.order}", self.traders[0].headers)]
        identity = self.world.ask(sign=self.traders[0].id)["identity"]  # good for a minute
        return [request("GET", f"/orders/{self.order}", {HEADER: identity, **self.traders[0].headers})]

    async def us(self, name: str, seconds: float) -> float:
        """Microseconds of a server's processor time a request."""
        port, pid = self.servers[name]
        requests = self.requests(name)
        await offered(port, requests, seconds / 5)
        used, begun = cpu([pid]), time.monotonic()
        count = await offered(port, requests, seconds)
        return self._spent(pid, used, begun) / count * 1e6

    def _spent(self, pid: int, used: float, begun: float) -> float:
        own = self.idle * (time.monotonic() - begun) if pid == self.world.pid else 0.0
        return cpu([pid]) - used - own

    async def rest(self, seconds: float) -> None:
        """Learn what the platform takes when nothing is asked of it."""
        used = cpu([self.world.pid])
        await asyncio.sleep(seconds)
        self.idle = (cpu([self.world.pid]) - used) / seconds

    async def order_us(self, seconds: float) -> float:
        """Microseconds of the platform's an order, from its request until the fill of the last one is booked."""
        port, pid = self.servers["platform"]
        connection = await asyncpg.connect(self.said["database"])
        ours = [trader.id for trader in self.traders]
        before = await connection.fetchval(_FILLED, ours)
        used, begun = cpu([pid]), time.monotonic()
        count = await offered(port, self.requests("write"), seconds)
        async with asyncio.timeout(_BOUND):
            while await connection.fetchval(_FILLED, ours) < before + count:
                await asyncio.sleep(0.05)
        spent = self._spent(pid, used, begun)
        await connection.close()
        return spent / count * 1e6


async def commit_us(database: str, count: int) -> float:
    """Microseconds of this process's a bare commit."""
    used = time.process_time()
    await bare_commits(database, count)
    return (time.process_time() - used) / count * 1e6


async def opened(stack: AsyncExitStack) -> Edge:
    """Everything running."""
    world = stack.enter_context(Child("edge_world.py"))
    said = await asyncio.to_thread(world.hear)
    traders = await many(stack, f"http://127.0.0.1:{said['port']}", TRADERS)
    order = await traders[0].place("BUY")
    await traders[0].fill_of(order)
    gateway = stack.enter_context(Child("edge_gateway.py", orjson.dumps(said).decode()))
    edge = Edge(world, said, traders, order, gateway)
    edge.servers |= {"platform": (said["port"], world.pid), "service": (said["execution"], world.pid)}
    edge.servers["gateway"] = (gateway.hear()["port"], gateway.pid)
    address = f"http://127.0.0.1:{said['execution']}"
    for name, values in {"hop": [address], "read": [said["database"]], "order": []}.items():
        peer = stack.enter_context(Child("edge_peer.py", name, *values))
        edge.servers[name] = (peer.hear()["port"], peer.pid)
    if (found := stack.enter_context(nginx(said["execution"]))) is not None:
        edge.servers["nginx"] = found
    return edge


async def measure(effort: Effort) -> list[Figure]:
    """All of it, in turns."""
    found: dict[str, list[float]] = defaultdict(list)
    async with AsyncExitStack() as stack:
        edge = await opened(stack)
        for _ in range(effort.rounds):
            await edge.rest(effort.seconds(SECONDS))
            for name in edge.servers:
                found[name].append(await edge.us(name, effort.seconds(SECONDS)))
            found["write"].append(await edge.order_us(effort.seconds(SECONDS)))
            bare = await commit_us(edge.said["database"], effort.some(1000))
            found["steps"].append(found["order"][-1] + REST[0] * bare)
            asked = {"authenticate": edge.traders[0].token, "times": effort.some(_AUTHENTICATIONS)}
            found["known"].append(edge.gateway.ask(**asked)["us"])
    hop = "gateway: a hop between processes"
    figures = [Figure(f"{hop}, by nginx", "us", found["gateway"], found["nginx"], "<= 6 x nginx", 6.0)]
    return [
        *(figures if "nginx" in found else ()),
        Figure(f"{hop}, by FastAPI + aiohttp", "us", found["gateway"], found["hop"], "<= 0.6 x the peer", 0.6),
        Figure("gateway: who asks, of that", "us", found["known"], (), "<= 10 us", 10.0),
        Figure(f"{READ}, by the bare service", "us", found["platform"], found["service"], "<= 1.5 x bare", 1.5),
        Figure(f"{READ}, by FastAPI + asyncpg", "us", found["platform"], found["read"], "<= 2.5 x the peer", 2.5),
        Figure(
            f"embedded: an order, by FastAPI + {REST[0]} commits",
            "us",
            found["write"],
            found["steps"],
            "<= 2.5 x bare",
            2.5,
        ),
    ]
