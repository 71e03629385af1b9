"""Freezes the execution process that leads in the middle of sending, lets a second one take over, wakes it again.

    python tools/zombie.py --rounds 3

It is caught with an order that is committed as SUBMITTING and has not reached the venue: the venue's table is locked
until the leader waits for it, then the process is stopped (SIGSTOP) and the lock given back. Every second round it is
frozen at a random moment instead. Checks that nothing is written under the old epoch: no second order, no fill twice,
books that add up. Exits 1 on any violation. Needs the servers of tools/devstack.
"""

import argparse
import asyncio
import os
import random
import signal
import sys
from contextlib import suppress
from typing import Any

import aiohttp
import asyncpg
import uvloop
from cluster import PATIENCE, Cluster, free_ports
from crash import Trader, settle, stop, violations

SECOND = "execution-2"
_WAITS = """
select count(*) from pg_locks l join pg_stat_activity a using (pid)
where not l.granted and l.relation = 'execution.venue_orders'::regclass and a.application_name like '%execution%'
"""


class Pair(Cluster):
    """A cluster with two execution processes, of which one leads; the gateway is led to that one, as by a balancer."""

    def __init__(self) -> None:
        super().__init__()
        self.api[SECOND], self.ops[SECOND], self._door = free_ports(3)
        self.leader = "execution"

    def environment(self, name: str) -> dict[str, str]:
        found = super().environment(name)
        found["MILLRACE_EXECUTION_URL"] = f"http://127.0.0.1:{self._door}"
        found["MILLRACE_INSTANCE"] = "1" if name == SECOND else "0"
        return found

    def database(self) -> str:
        """For the checks."""
        return self.database_url

    async def open_door(self) -> asyncio.Server:
        """Pass connections on to the leader."""
        return await asyncio.start_server(self._pass_on, "127.0.0.1", self._door)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            back, forth = await asyncio.open_connection("127.0.0.1", self.api[self.leader])
            await asyncio.wait(
                {asyncio.ensure_future(_pump(reader, forth)), asyncio.ensure_future(_pump(back, writer))},
                return_when=asyncio.FIRST_COMPLETED,
            )
            forth.close()
        writer.close()


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()


async def leads(connection: Any, instance: str, seconds: float = 60) -> int:
    """Wait until a process leads and owns every account; returns its epoch."""
    query = """
        select l.epoch, count(*) filter (where a.lease_owner = l.owner and a.lease_epoch = l.epoch) = count(*) as whole
        from execution.leases l cross join execution.accounts a where l.owner = $1 and l.until > now() group by 1
    """
    async with asyncio.timeout(seconds * PATIENCE):
        while True:
            row = await connection.fetchrow(query, f"execution-{instance}")
            if row and row["whole"]:
                return int(row["epoch"])
            await asyncio.sleep(0.1)


async def catch_sending(cluster: Pair, leader: str) -> int:
    """Stop the leader while an order is on its way to the venue; returns how many were."""
    trap = await asyncpg.connect(cluster.database_url)
    try:
        async with asyncio.timeout(30 * PATIENCE), trap.transaction():
            await trap.execute("lock table execution.venue_orders in exclusive mode")
            while not await trap.fetchval(_WAITS):
                await asyncio.sleep(0.01)
            cluster.kill(leader, signal.SIGSTOP)
            caught = await trap.fetchval("select count(*) from execution.orders where state = 'submitting'")
    finally:
        await trap.close()
    return int(caught)


async def freeze_and_wake(cluster: Pair, connection: Any, rounds: int, rng: random.Random) -> None:
    """A round: freeze the leader, wait for the successor, wake the zombie, which must find out and end."""
    leader, successor = "execution", SECOND
    for number in range(rounds):
        before = await leads(connection, cluster.environment(leader)["MILLRACE_INSTANCE"])
        await asyncio.sleep(1 + rng.random())
        if number % 2:
            cluster.kill(leader, signal.SIGSTOP)
            how = "at a random moment"
        else:
            how = f"with {await catch_sending(cluster, leader)} orders on their way"
        after = await leads(connection, cluster.environment(successor)["MILLRACE_INSTANCE"])
        await cluster.ready([successor])
        cluster.leader = successor
        await asyncio.sleep(3)
        cluster.kill(leader, signal.SIGCONT)
        code = await asyncio.to_thread(cluster.processes[leader].wait, 30 * PATIENCE)
        print(f"round {number + 1}: frozen {how}; epoch {before} -> {after}; the zombie ended with {code}", flush=True)
        cluster.launch(leader)
        leader, successor = successor, leader


async def main() -> int:
    """Run and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    rng = random.Random(os.getpid())
    cluster = Pair()
    async with await cluster.open_door(), cluster, aiohttp.ClientSession() as session:
        base = f"http://127.0.0.1:{cluster.api['gateway']}"
        traders = [Trader(base, number, rng) for number in range(3)]
        for trader in traders:
            await trader.open(session)
        connection = await asyncpg.connect(cluster.database_url)
        cluster.launch(SECOND)
        work = [asyncio.create_task(t.trade(session)) for t in traders]
        ears = [asyncio.create_task(t.listen(session)) for t in traders]
        await freeze_and_wake(cluster, connection, rounds, rng)
        await stop(work)
        await settle(cluster, traders)
        await stop(ears)
        found = await violations(cluster, traders)
        await connection.close()
    print("\n".join(f"VIOLATION {line}" for line in found) or "no violation")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
