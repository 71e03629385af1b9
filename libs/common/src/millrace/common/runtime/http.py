"""The server's side of HTTP: uvicorn's, and requests whose head is too long or too slow are cut off.

An answer without an end can be written to directly, see web/frames.py.
"""

import asyncio
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from millrace.common.web.frames import FRAMES, Direct

_HEAD_LIMIT = 65_536
_HEAD_SECONDS = 15.0


class BoundedHttp(HttpToolsProtocol):
    """Bounds what the parser keeps before an app is asked: address and headers, in bytes and in seconds."""

    _head = 0
    _reading_head = True
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The first head is due."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(_HEAD_SECONDS, self._late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is due any more."""
        self._stop_timer()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._head, self._reading_head = 0, True
        self._stop_timer()
        self._timer = self.loop.call_later(_HEAD_SECONDS, self._late)

    def on_headers_complete(self) -> None:
        """It is whole."""
        self._reading_head = False
        self._stop_timer()
        super().on_headers_complete()
        if self.scope["type"] == "http":  # the app's task starts after this returns
            extensions: dict[str, Any] = {FRAMES: partial(_direct, self.cycle)}
            self.scope["extensions"] = extensions

    def data_received(self, data: bytes) -> None:
        """Count while a head is read."""
        super().data_received(data)
        if self._reading_head:
            self._head += len(data)
            if self._head > _HEAD_LIMIT and not self.transport.is_closing():
                self.send_400_response("The request's address and headers are too long.")

    def _late(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _direct(cycle: RequestResponseCycle) -> Direct:
    """Chunks of an answer under way (RFC 9112, section 7.1)."""

    def ready() -> bool:
        under_way = cycle.chunked_encoding and not (cycle.response_complete or cycle.disconnected)
        return bool(under_way) and not cycle.flow.write_paused

    return Direct(ready, lambda data: cycle.transport.write(b"%x\r\n%b\r\n" % (len(data), data)))
