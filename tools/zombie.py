"""Freezes the execution process that owns the accounts while it trades, lets a second one take over, wakes it again.

    python tools/zombie.py --rounds 3

Checks that nothing is written under the old epoch: no second order, no fill twice, books that add up. Exits 1 on any
violation. Needs the servers of tools/devstack.
"""

import argparse
import asyncio
import os
import random
import signal
import sys
from typing import Any

import aiohttp
import asyncpg
import uvloop
from cluster import Cluster, free_ports
from crash import Trader, settle, stop, violations

SECOND = "execution-2"


class Pair(Cluster):
    """A cluster with two execution processes; the gateway talks to the second."""

    def __init__(self) -> None:
        super().__init__()
        self.api[SECOND], self.ops[SECOND] = free_ports(2)

    def environment(self, name: str) -> dict[str, str]:
        found = super().environment(name)
        found["MILLRACE_EXECUTION_URL"] = f"http://127.0.0.1:{self.api[SECOND]}"
        found["MILLRACE_INSTANCE"] = "1" if name == SECOND else "0"
        return found

    def database(self) -> str:
        """For the checks."""
        return self.database_url


async def owner_is(connection: Any, pid: int, seconds: float = 30) -> None:
    """Wait until a process holds every lease."""
    query = "select count(*) filter (where lease_owner like '%/' || $1::text), count(*) from execution.accounts"
    async with asyncio.timeout(seconds):
        while True:
            mine, every = await connection.fetchrow(query, str(pid))
            if every and mine == every:
                return
            await asyncio.sleep(0.1)


async def freeze_and_wake(cluster: Pair, connection: Any, rounds: int) -> None:
    """One round: freeze the owner, wait for the successor, wake the zombie, give the accounts back."""
    for number in range(rounds):
        first, second = cluster.processes["execution"].pid, cluster.processes[SECOND].pid
        await owner_is(connection, first)
        await asyncio.sleep(1 + number * 0.37)
        cluster.kill("execution", signal.SIGSTOP)
        await owner_is(connection, second)
        await asyncio.sleep(3)
        cluster.kill("execution", signal.SIGCONT)
        print(f"round {number + 1}: frozen, succeeded, woken", flush=True)
        await asyncio.sleep(3)
        cluster.kill(SECOND)
        await owner_is(connection, first)
        cluster.launch(SECOND)
        await cluster.ready([SECOND])


async def main() -> int:
    """Run and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    rng = random.Random(os.getpid())
    async with Pair() as cluster, aiohttp.ClientSession() as session:
        base = f"http://127.0.0.1:{cluster.api['gateway']}"
        traders = [Trader(base, number, rng) for number in range(3)]
        for trader in traders:
            await trader.open(session)
        connection = await asyncpg.connect(cluster.database_url)
        await owner_is(connection, cluster.processes["execution"].pid)
        cluster.launch(SECOND)
        await cluster.ready([SECOND])
        work = [asyncio.create_task(t.trade(session)) for t in traders]
        ears = [asyncio.create_task(t.listen(session)) for t in traders]
        await freeze_and_wake(cluster, connection, rounds)
        await stop(work)
        await settle(cluster, traders)
        await stop(ears)
        found = await violations(cluster, traders)
        await connection.close()
    print("\n".join(f"VIOLATION {line}" for line in found) or "no violation")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
