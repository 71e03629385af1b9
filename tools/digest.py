"""Three replays of the same bars side by side: embedded, embedded again, one process per service on Kafka.

    python tools/digest.py [--bars 2000] [--data FILE --symbol BTC/USDT]

Exits 1 when they differ, and names the first differing event. Needs the servers of tools/devstack (`make digest`
starts them).
"""

import argparse
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import uvloop
from cluster import Cluster

from millrace.common.runtime.commands.replay import Plan, lockstep, play
from millrace.common.runtime.digest import digest, first_difference, record
from millrace.common.runtime.host import Host
from millrace.common.telemetry import logs


async def distributed(plan: Plan) -> list[str]:
    """The replay on a cluster."""
    async with Cluster(MILLRACE_CLOCK="messages", **plan.environment()) as cluster:
        host = Host(cluster.settings(), [])
        try:
            await host.start()
            await play(host, plan)
            return await record(cluster.database_url)
        finally:
            await host.stop()


async def main() -> int:
    """Run all three and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bars", type=int, default=2000)
    parser.add_argument("--data", type=Path, help="CSV or Parquet instead of the recorded market")
    parser.add_argument("--symbol", default="BTC/USDT")
    options = parser.parse_args()
    plan = Plan(options.data, options.symbol, bars=options.bars)
    logs.configure("error")
    runs: dict[str, Callable[[], Coroutine[Any, Any, list[str]]]] = {
        "embedded": lambda: lockstep("postgres", plan),
        "embedded again": lambda: lockstep("postgres", plan),
        "kafka, a process per service": lambda: distributed(plan),
    }
    records = {name: await run() for name, run in runs.items()}
    for name, lines in records.items():
        print(f"{digest(lines)}  {len(lines):6} events  {name}", flush=True)
    (first, one), *others = records.items()
    differences = [f"{first} and {name}: {found}" for name, lines in others if (found := first_difference(one, lines))]
    print("\n".join(differences) or "equal")
    return 1 if differences or not one else 0


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
