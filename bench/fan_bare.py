"""The floor of the fan-out: a WebSocket server made by hand. It frames a message once and writes it to everyone."""

import asyncio
import base64
import hashlib
import itertools
import re
from typing import cast

import uvloop
from fan_server import event_text, obey
from processes import many_files

from millrace.common.web.frames import text_frame

_KEY = re.compile(rb"(?i)sec-websocket-key: *(\S+)")
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_PONG = text_frame(b'{"type":"pong"}')
_clients: set[asyncio.Transport] = set()


class Bare(asyncio.Protocol):
    """The handshake, a pong for whatever is said, then only writing."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has connected."""
        self._transport = cast("asyncio.Transport", transport)
        self._head = b""

    def data_received(self, data: bytes) -> None:
        """The request, then what clients say."""
        if self._transport in _clients:
            self._transport.write(_PONG)
            return
        self._head += data
        found = _KEY.search(self._head)
        if found is None or b"\r\n\r\n" not in self._head:
            return
        accept = base64.b64encode(hashlib.sha1(found[1] + _GUID).digest())
        self._transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        _clients.add(self._transport)

    def connection_lost(self, error: Exception | None) -> None:
        """It is gone."""
        _clients.discard(self._transport)


async def main() -> None:
    """Serve until nobody commands any more."""
    server = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", 0, backlog=2048)
    numbers = itertools.count(1)

    def publish(stamp: int) -> None:
        frame = text_frame(event_text(stamp, next(numbers)))
        for client in _clients:
            client.write(frame)

    async def admit() -> str:
        return "nobody"

    await obey(server.sockets[0].getsockname()[1], admit, publish)


if __name__ == "__main__":
    many_files()
    uvloop.run(main())
