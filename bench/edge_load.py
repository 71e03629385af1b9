"""Requests in a closed loop on a few connections, so cheap that one core can load a server on another."""

import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence
from typing import Any, cast

import orjson


def request(method: str, path: str, headers: dict[str, str], body: Any = None) -> bytes:
    """A request's bytes."""
    text = b"" if body is None else orjson.dumps(body)
    if body is not None:
        headers = {**headers, "content-type": "application/json", "content-length": str(len(text))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in {"host": "bench", **headers}.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + text


class _Wire(asyncio.Protocol):
    """One connection: sends its next request when it has the answer to the last."""

    def __init__(self, requests: Iterator[bytes]) -> None:
        self._requests = requests
        self._data = b""
        self.answered = 0
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The first request."""
        self._transport = cast("asyncio.Transport", transport)
        self._next()

    def _next(self) -> None:
        text = next(self._requests, None)
        if text is None:
            self.over.set_result(None)
            self._transport.close()
        else:
            self._transport.write(text)

    def data_received(self, data: bytes) -> None:
        """An answer, or a part of one."""
        self._data += data
        head, mark, body = self._data.partition(b"\r\n\r\n")
        if not mark:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        if head.split(None, 2)[1][:1] != b"2":
            self.over.set_exception(AssertionError(f"{head!r} {body!r}"))
            self._transport.close()
            return
        self._data, self.answered = b"", self.answered + 1
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        """Too early, unless it is over."""
        if not self.over.done():
            self.over.set_exception(error or ConnectionError("the server has closed a connection"))


async def offered(port: int, requests: Sequence[bytes], seconds: float, connections: int = 16) -> int:
    """How many requests were answered with a success within that time; anything else is an error."""
    end = time.monotonic() + seconds
    turns = itertools.takewhile(lambda _: time.monotonic() < end, itertools.cycle(requests))
    loop = asyncio.get_running_loop()
    made = [await loop.create_connection(lambda: _Wire(turns), "127.0.0.1", port) for _ in range(connections)]
    wires = [wire for _, wire in made]
    await asyncio.gather(*(wire.over for wire in wires))
    return sum(wire.answered for wire in wires)
