"""Ten thousand clients of one process: a market that never rests, and what each must not miss of their own.

Ten users have a thousand WebSockets each. A thousand ticks a second of ten markets are conflated to ten a second of
each, and every client watches one market; once a second each user is told of something of their own. Those entries are
counted and timed; of prices only the newest need come.
"""

import select
import socket
import time
from contextlib import ExitStack

from effort import Effort
from fan_clients import MARK, Clients, pong, stamps
from fan_server import SYMBOLS
from figures import Figure, percentile
from processes import Child, cpu, many_files, resident

CLIENTS, USERS, TICKS, SECONDS = 10_000, 10, 1000.0, 10.0
_QUIET_SECONDS = 20.0
_PRICE = b'"market_data"'
_READ = 1 << 16


class Crowd:
    """Everybody, and what came."""

    def __init__(self, server: Child) -> None:
        self._server = server
        self._sockets: dict[int, socket.socket] = {}
        self._tails: dict[int, bytes] = {}
        self._poll = select.epoll()
        self._poll.register(server.fileno(), select.EPOLLIN)
        self.own = self.prices = 0
        self.delays: list[float] = []

    def add(self, group: Clients) -> None:
        """More of them; those that are there already answer the server's pings meanwhile."""
        for number in group.sockets:
            self._poll.register(number, select.EPOLLIN)
        self._sockets.update(group.sockets)
        self._tails.update(dict.fromkeys(group.sockets, b""))
        for number, _ in self._poll.poll(0):
            self._read(number, 0.0)

    def listen(self, seconds: float) -> int:
        """Let the server tell, and read until all entries have come or nothing does; how many are missing."""
        self._server.say(crowd=[TICKS, seconds])
        wanted, last = 0, time.monotonic()
        while not (wanted and self.own >= wanted) and time.monotonic() - last < _QUIET_SECONDS:
            for number, _ in self._poll.poll(0.5):
                if number == self._server.fileno():
                    wanted = self._server.hear()["sent"] * len(self._sockets)
                else:
                    last = self._read(number, last)
        return wanted - self.own

    def _read(self, number: int, last: float) -> float:
        data = self._sockets[number].recv(_READ)
        assert data, "the server has closed a connection"
        now = time.monotonic_ns()
        pong(self._sockets[number], data)
        text = self._tails[number] + data
        self.prices += data.count(_PRICE)
        found = text.count(MARK)
        self._tails[number] = text[-len(MARK) + 1 :]
        if not found:
            return last
        self.own += found
        self.delays += [(now - stamp) / 1e6 for stamp in stamps(text)]
        return now / 1e9


async def measure(effort: Effort) -> list[Figure]:
    """One round: it takes minutes to open the connections."""
    many_files()
    count = effort.some(CLIENTS)
    with ExitStack() as stack:
        server = stack.enter_context(Child("fan_ours.py"))
        crowd = Crowd(server)
        for number in range(USERS):
            group = Clients(server, count // USERS)
            stack.callback(group.close)
            group.watch(SYMBOLS[number].replace("/", ""))
            crowd.add(group)
        used, begun = cpu([server.pid]), time.monotonic()
        missing = crowd.listen(effort.seconds(SECONDS))
        took = time.monotonic() - begun
        cores = (cpu([server.pid]) - used) / took
        held = resident(server.pid)
    name = f"websocket: {count} clients and {TICKS:.0f} ticks a second"
    return [
        Figure(f"{name}, memory", "MiB", [held], (), "<= 1024 MiB", 1024.0),
        Figure(f"{name}, own entries p99", "ms", [percentile(crowd.delays, 0.99)], (), "<= 1000 ms", 1000.0),
        Figure(f"{name}, own entries missing", "", [float(missing)], (), "none", 0.0),
        Figure(f"{name}, prices told", "1/s", [crowd.prices / took]),
        Figure(f"{name}, server", "cores", [cores]),
    ]
