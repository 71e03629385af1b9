"""WebSocket frames that are made once and given to many clients: an extension of ASGI that our own server understands.

An app sends `{"type": FRAMES, "frames": bytes}`, one or more whole frames joined; they leave in one write. Or it takes
the `Direct` that stands under `FRAMES` in the scope's extensions, and writes without waiting.
"""

from collections.abc import Callable
from dataclasses import dataclass

FRAMES = "millrace.frames"


@dataclass(frozen=True, slots=True)
class Direct:
    """`write` takes frames at once; only to be used while `ready` says that the client takes what it is sent."""

    ready: Callable[[], bool]
    write: Callable[[bytes], None]


def text_frame(payload: bytes) -> bytes:
    """A whole text frame as a server sends it (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        head = bytes((0x81, size))
    elif size < 1 << 16:
        head = b"\x81\x7e" + size.to_bytes(2, "big")
    else:
        head = b"\x81\x7f" + size.to_bytes(8, "big")
    return head + payload
