"""The server's side of a WebSocket: uvicorn's, and whole frames written as they are."""

from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from millrace.common.web.frames import FRAMES, Direct


class FramedWebSocket(WebSocketsSansIOProtocol):
    """Takes the ASGI message `millrace.frames` too, and offers a `Direct`."""

    def handle_connect(self, event: Any) -> None:
        """The app's task starts after this returns."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[FRAMES] = lambda: Direct(self._ready, self._write)

    async def send(self, message: Any) -> None:
        """Raises ClientDisconnected (an OSError) when nobody is there any more."""
        if message["type"] != FRAMES:
            await super().send(message)
            return
        await self.writable.wait()
        if not self._ready():
            raise ClientDisconnected
        self._write(message["frames"])

    def _ready(self) -> bool:
        return self.writable.is_set() and self.handshake_complete and not (self.disconnected or self.close_sent)

    def _write(self, frames: bytes) -> None:
        self.transport.write(frames)
