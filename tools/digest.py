"""Three replays of the same bars side by side: embedded, embedded again, one process per service on Kafka.

Exits 1 when they differ, and names the first differing event. Usage: python tools/digest.py [--bars 2000]
"""

import argparse
import sys
from collections.abc import Coroutine
from typing import Any

import uvloop
from cluster import Cluster

from millrace.common.runtime.commands.replay import lockstep, play
from millrace.common.runtime.digest import digest, first_difference, record
from millrace.common.runtime.host import Host
from millrace.common.telemetry import logs

SYMBOL = "BTC/USDT"
STRATEGIES = ["momentum", "mean_reversion", "trend"]


async def distributed(bars: int) -> list[str]:
    """The replay on a cluster."""
    feed = {"FEED": "lockstep", "SYMBOLS": SYMBOL, "BARS": str(bars)}
    variables = {f"MILLRACE_MARKETDATA_{name}": value for name, value in feed.items()}
    async with Cluster(MILLRACE_CLOCK="messages", **variables) as cluster:
        host = Host(cluster.settings(), [])
        await host.start()
        try:
            await play(host, SYMBOL, STRATEGIES)
            return await record(cluster.database_url)
        finally:
            await host.stop()


async def main() -> int:
    """Run all three and compare."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bars", type=int, default=2000)
    bars = parser.parse_args().bars
    logs.configure("error")
    runs: dict[str, Coroutine[Any, Any, list[str]]] = {
        "embedded": lockstep("postgres", None, SYMBOL, STRATEGIES, bars),
        "embedded again": lockstep("postgres", None, SYMBOL, STRATEGIES, bars),
        "kafka, a process per service": distributed(bars),
    }
    records = {name: await run for name, run in runs.items()}
    for name, lines in records.items():
        print(f"{digest(lines)}  {len(lines):6} events  {name}", flush=True)
    first, *others = records.values()
    differences = [found for other in others if (found := first_difference(first, other))]
    print("\n".join(differences) or "equal")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
