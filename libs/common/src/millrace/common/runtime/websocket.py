"""The server's side of a WebSocket: uvicorn's, and whole frames written as they are."""

from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from millrace.common.web.frames import FRAMES


class FramedWebSocket(WebSocketsSansIOProtocol):
    """Takes the ASGI message `millrace.frames` too."""

    async def send(self, message: Any) -> None:
        """Raises ClientDisconnected (an OSError) when nobody is there any more."""
        if message["type"] != FRAMES:
            await super().send(message)
            return
        await self.writable.wait()
        if self.disconnected or self.close_sent or not self.handshake_complete:
            raise ClientDisconnected
        self.transport.write(message["frames"])
