"""From a tick put on the bus to the client that sees it on its WebSocket.

The floor embedded is the hand-made WebSocket server of the fan-out with one client; on Kafka it is a bare message,
sent and read by aiokafka.
"""

import asyncio
import time

import aiohttp
import orjson
from effort import Effort
from fan_clients import Clients
from figures import Figure, percentile
from floors import bare_hops, kafka
from processes import Child
from tick_source import ticking
from traders import User
from worlds import distributed

from millrace.common.bus.kafka import KafkaBus

RATE = 100.0
SYMBOL = "BTC/USDT"


async def seen(base: str, count: int) -> list[float]:
    """Milliseconds from the broadcast of ticks until their candle has come; the first second does not count."""
    async with User(base) as user:
        socket = await user.connected(channel="market_data", symbol=SYMBOL, timeframe="1m")
        found: list[float] = []
        async with asyncio.timeout(60 + count / RATE * 3):
            while len(found) < count + RATE:
                message = await socket.receive()
                now = time.monotonic_ns()
                assert message.type is aiohttp.WSMsgType.TEXT, message
                content = orjson.loads(message.data)
                if content["type"] == "market_data":
                    found.append((now - int(content["data"]["volume"])) / 1e6)
        await socket.close()
    return found[int(RATE) :]


def _figures(shape: str, ours: list[list[float]], floors: list[list[float]]) -> list[Figure]:
    p50, p99 = ([percentile(found, share) for found in ours] for share in (0.5, 0.99))
    low, high = ([percentile(found, share) for found in floors] for share in (0.5, 0.99))
    name = f"{shape}: tick to client"
    kafka_p50 = {"goal": "<= 4 ms", "most": 4.0} if shape == "kafka" else {}
    most = 20.0 if shape == "kafka" else 2.0
    return [
        Figure(f"{name} p50", "ms", p50, (), **kafka_p50),  # type: ignore[arg-type]
        Figure(f"{name} p99", "ms", p99, (), f"<= {most:.0f} ms", most),
        Figure(f"{name} p50 by its floor", "ms", p50, low),
        Figure(f"{name} p99 by its floor", "ms", p99, high),
    ]


async def embedded(effort: Effort) -> list[Figure]:
    """The platform and the ticks in one process of their own."""
    ours, floors, count = [], [], effort.some(2000)
    with Child("tick_world.py", str(RATE)) as world, Child("fan_bare.py") as bare:
        base = f"http://127.0.0.1:{(await asyncio.to_thread(world.hear))['port']}"
        clients = Clients(bare, 1)
        for _ in range(effort.rounds):
            floors.append((await asyncio.to_thread(clients.told, 1, RATE, count / RATE)).latencies)
            ours.append(await seen(base, count))
        clients.close()
    return _figures("embedded", ours, floors)


async def on_kafka(effort: Effort) -> list[Figure]:
    """A process for each service; the ticks come from this one."""
    ours, floors, count = [], [], effort.some(2000)
    async with distributed(MILLRACE_MARKETDATA_FEED="none") as world:
        bus = KafkaBus(kafka(), "bench", prefix=world.prefix, create_topics=False)
        await bus.start()
        source = asyncio.create_task(ticking(bus, RATE))
        try:
            for _ in range(effort.rounds):
                floors.append(await bare_hops(None, count, RATE))
                ours.append(await seen(world.base, count))
        finally:
            source.cancel()
            await asyncio.gather(source, return_exceptions=True)
            await bus.stop()
    return _figures("kafka", ours, floors)
