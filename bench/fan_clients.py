"""Many clients of one streaming server: raw sockets and epoll, so that one core can listen for a thousand.

The server is a `processes.Child` that obeys fan_server.py's commands. Delays run from the stamp a message was given
when it was published, and are taken at the first and the last message of every read; they hold the queueing in here.
"""

import json
import math
import os
import select
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from figures import percentile
from processes import Child, cpu

MARK = b'"stamp":"'
_DIGITS = 19
_PING = b"\x89"
_READ = 1 << 18
_QUIET_SECONDS = 2.0
_REQUEST = """GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n{more}\r\n"""
_UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\n"
)


@dataclass
class Outcome:
    """What came of one load. `us`: the server's processor time a delivery, in microseconds."""

    sent: int = 0
    received: int = 0
    us: float = math.nan
    latencies: list[float] = field(default_factory=list)

    def p(self, share: float) -> float:
        """A percentile of the delays, in milliseconds."""
        return percentile(self.latencies, share)


class Clients:
    """`count` clients of one user, subscribed; and `stalled` more that never read."""

    def __init__(self, server: Child, count: int, *, sse: bool = False, stalled: int = 0) -> None:
        self._server = server
        found = server.ask(admit=True)
        self._port, token = found["port"], found["token"]
        path, more = ("/api/realtime/events/log", "") if sse else ("/ws", _UPGRADE)
        request = _REQUEST.format(path=path, token=token, more=more).encode()
        opened = [self._open(request, small=number >= count) for number in range(count + stalled)]
        for each in opened:
            _begin(each, sse)
        self._sockets = {each.fileno(): each for each in opened[:count]}
        self._stalled = opened[count:]
        self._poll = select.epoll()
        for number, each in self._sockets.items():
            each.setblocking(False)
            self._poll.register(number, select.EPOLLIN)
        self._poll.register(server.fileno(), select.EPOLLIN)

    def _open(self, request: bytes, *, small: bool) -> socket.socket:
        each = socket.socket()
        if small:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        each.settimeout(60)
        each.connect(("127.0.0.1", self._port))
        each.sendall(request)
        return each

    @property
    def sockets(self) -> dict[int, socket.socket]:
        """The connections by their numbers."""
        return self._sockets

    def watch(self, symbol: str) -> None:
        """Have all see a market too; its first price comes when it moves."""
        for each in self._sockets.values():
            each.sendall(_masked({"type": "subscribe", "channel": "market_data", "symbol": symbol}))

    def told(self, burst: int, per_second: float, seconds: float) -> Outcome:
        """Let the server publish, and read until all has come or nothing comes any more."""
        outcome, tails = Outcome(), dict.fromkeys(self._sockets, b"")
        used = cpu([self._server.pid])
        self._server.say(load=[burst, per_second, seconds])
        last, over = time.monotonic(), False
        wanted = math.inf
        while outcome.received < wanted and not (over and time.monotonic() - last > _QUIET_SECONDS):
            for number, _ in self._poll.poll(0.2):
                if number == self._server.fileno():
                    outcome.sent, over, last = self._server.hear()["sent"], True, time.monotonic()
                    wanted = outcome.sent * len(self._sockets)
                else:
                    tails[number] = self._read(number, tails[number], outcome)
                    last = time.monotonic()
        outcome.us = (cpu([self._server.pid]) - used) / max(1, outcome.received) * 1e6
        return outcome

    def _read(self, number: int, tail: bytes, outcome: Outcome) -> bytes:
        data = self._sockets[number].recv(_READ)
        now = time.monotonic_ns()
        assert data, "the server has closed a connection"
        pong(self._sockets[number], data)
        outcome.received += (tail + data).count(MARK)
        first, last = data.find(MARK), data.rfind(MARK)
        for at in {first, last} - {-1}:
            stamp = data[at + len(MARK) : at + len(MARK) + _DIGITS]
            if len(stamp) == _DIGITS:
                outcome.latencies.append((now - int(stamp)) / 1e6)
        return data[-len(MARK) + 1 :]

    def close(self) -> None:
        """Hang up."""
        self._poll.close()
        for each in (*self._sockets.values(), *self._stalled):
            each.close()


def pong(each: socket.socket, data: bytes) -> None:
    """Answer the ping in what was read, if there is one."""
    if (ping := data.find(_PING)) >= 0:  # a byte that no text and no length here has
        size = data[ping + 1]
        each.sendall(bytes((0x8A, 0x80 | size)) + bytes(4) + data[ping + 2 : ping + 2 + size])


def stamps(data: bytes) -> Iterator[int]:
    """The stamps in what was read, as far as they are whole."""
    at = data.find(MARK)
    while at >= 0:
        stamp = data[at + len(MARK) : at + len(MARK) + _DIGITS]
        if len(stamp) == _DIGITS:
            yield int(stamp)
        at = data.find(MARK, at + 1)


def _begin(each: socket.socket, sse: bool) -> None:
    """Read the answer; over WebSocket subscribe, and wait for the pong that comes after it."""
    head = b""
    while b"\r\n\r\n" not in head:
        more = each.recv(4096)
        assert more, head
        head += more
    assert head.split(None, 2)[1] == (b"200" if sse else b"101"), head
    if not sse:
        each.sendall(_masked({"type": "subscribe", "channel": "events"}) + _masked({"type": "ping"}))
        assert b"pong" in each.recv(4096)


def _masked(message: dict[str, str]) -> bytes:
    """A client's text frame; the mask is zero."""
    text = json.dumps(message).encode()
    assert len(text) < 126
    return bytes((0x81, 0x80 | len(text))) + bytes(4) + text


def on_core(number: int) -> set[int]:
    """Keep this process on one core; returns where it was allowed before."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {number})
    return before
