"""Fan-out of 200-byte messages to 100 and 1,000 clients: the notifier beside a hand-made server, and Go where it is.

Every server has core 0, the clients core 1; they take turns in every round. Message by message, 20,000 deliveries are
offered a second and every one is a system call; in bursts of 50 messages, ten times as many, and servers may join what
they write. What counts is the server's processor time a delivery; the delays hold the clients' own queueing.
"""

import os
import time
from contextlib import ExitStack
from dataclasses import dataclass, field

from effort import Effort
from fan_clients import Clients, Outcome, on_core
from fan_go import built
from figures import Figure
from processes import Child, many_files

COUNTS = (100, 1000)
OFFERED, BURST = 20_000, 50
SECONDS = 5.0
STALLED_LOAD = (40, 100.0)  # fills a socket that nobody reads within seconds
WAYS = {"message by message": (1, OFFERED), "in bursts": (BURST, 10 * OFFERED)}


@dataclass
class Found:
    """Outcomes of one server in one way, round by round."""

    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def us(self) -> list[float]:
        """Microseconds of the server's processor time a delivery."""
        return [outcome.us for outcome in self.outcomes]

    def p(self, share: float) -> list[float]:
        """Percentiles of the delay, in milliseconds."""
        return [outcome.p(share) for outcome in self.outcomes]


def offered(server: Child, count: int, way: str, effort: Effort, *, sse: bool = False) -> Outcome:
    """One load on fresh connections."""
    burst, deliveries = WAYS[way]
    clients = Clients(server, count, sse=sse)
    try:
        clients.told(1, 20.0, 0.5)
        outcome = clients.told(burst, deliveries / count / burst, effort.seconds(SECONDS))
    finally:
        clients.close()
        time.sleep(0.5)  # its server forgets them before another one has the core
    assert outcome.received == outcome.sent * count, f"{outcome.received} of {outcome.sent} x {count} came"
    return outcome


def sockets(servers: dict[str, Child], count: int, way: str, effort: Effort) -> list[Figure]:
    """WebSocket."""
    found = {name: Found() for name in servers}
    for _ in range(effort.rounds):
        for name, server in servers.items():
            found[name].outcomes.append(offered(server, count, way, effort))
    ours, bare, go = found["ours"], found["bare"], found.get("go")
    name = f"websocket: {count} clients {way}"
    single = way == "message by message"
    goal = ("<= 1.3 x hand-made", 1.3) if single else ("", None)
    figures = [Figure(f"{name}, by hand-made", "us", ours.us, bare.us, *goal)]
    if go:
        least = 0.9 if single else 10.0
        figures.append(
            Figure(f"{name}, by Go", "us", ours.us, go.us, f">= {least:g} x Go", least=least, upside_down=True)
        )
    figures += [Figure(f"{name}, delay p{share:.0%}"[:-1], "ms", ours.p(share), bare.p(share)) for share in (0.5, 0.99)]
    return figures


def events(servers: dict[str, Child], count: int, effort: Effort) -> list[Figure]:
    """SSE, message by message."""
    found = {name: Found() for name in servers}
    for _ in range(effort.rounds):
        for name, server in servers.items():
            found[name].outcomes.append(offered(server, count, "message by message", effort, sse=True))
    ours, queue = found["ours"].us, found["queue"].us
    name = f"sse: {count} clients, by a queue and a task for each"
    return [Figure(name, "us", ours, queue, ">= 2 x sse-starlette", least=2.0, upside_down=True)]


def beside_a_stalled_one(server: Child, effort: Effort) -> Figure:
    """What one client that never reads does to the others: its buffers fill, it waits, it is dropped."""
    without: list[float] = []
    beside: list[float] = []
    for _ in range(effort.rounds):
        for stalled, found in ((0, without), (1, beside)):
            clients = Clients(server, COUNTS[0], stalled=stalled)
            try:
                clients.told(1, 20.0, 0.5)
                found.append(clients.told(*STALLED_LOAD, effort.seconds(2 * SECONDS)).p(0.99))
            finally:
                clients.close()
    return Figure("websocket: the others' p99 beside a stalled client", "ms", beside, without, "<= 1.1 x without", 1.1)


async def measure(effort: Effort) -> list[Figure]:
    """All of it. Nothing else runs in this process, so its loop may stand still."""
    many_files()
    go = built()
    before = on_core(1) if (os.cpu_count() or 1) > 1 else os.sched_getaffinity(0)
    try:
        with ExitStack() as stack:
            ours, bare = (stack.enter_context(Child(f"fan_{name}.py", core=0)) for name in ("ours", "bare"))
            queue = stack.enter_context(Child("fan_queue.py", core=0))
            servers = {"ours": ours, "bare": bare}
            if go:
                servers["go"] = stack.enter_context(Child(go, core=0))
            figures = [f for count in COUNTS for way in WAYS for f in sockets(servers, count, way, effort)]
            figures += [f for count in COUNTS for f in events({"ours": ours, "queue": queue}, count, effort)]
            return [*figures, beside_a_stalled_one(ours, effort)]
    finally:
        os.sched_setaffinity(0, before)
