"""What is made once and given to many clients: an extension of ASGI that our own server understands.

An app sends a WebSocket `{"type": FRAMES, "frames": bytes}`, one or more whole frames joined; they leave in one write.
Or it asks `direct` for a way to write without waiting: whole frames, or what follows in an answer that has begun.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

FRAMES = "millrace.frames"


@dataclass(frozen=True, slots=True)
class Direct:
    """`write` takes bytes at once; only to be used while `ready` says that the client takes what it is sent."""

    ready: Callable[[], bool]
    write: Callable[[bytes], None]


def direct(scope: Any) -> Direct | None:
    """The way to write to this connection without waiting, where its server has one."""
    make = scope.get("extensions", {}).get(FRAMES)
    return make() if make else None


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
