"""Identifiers: UUIDv7 (RFC 9562), random or derived from what caused them.

Handlers derive ids, so that the same messages make the same ids in every run and on every bus.
"""

import hashlib
from base64 import b32encode
from datetime import datetime
from uuid import UUID

from millrace.common.kernel.clock import Clock, Rng, SystemClock, SystemRng, to_millis

_CLOCK, _RNG = SystemClock(), SystemRng()


def new_id(clock: Clock = _CLOCK, rng: Rng = _RNG) -> UUID:
    """A fresh UUIDv7: sortable by creation time, random in the rest."""
    return _uuid7(to_millis(clock.now()), rng.bytes(10))


def derive_id(at: datetime, *parts: object) -> UUID:
    """The UUIDv7 that belongs to `parts` at the instant `at`: equal input, equal id."""
    text = "\x1f".join(map(str, parts))
    return _uuid7(to_millis(at), hashlib.sha256(text.encode()).digest()[:10])


def client_order_id(tenant: UUID, intent: UUID, leg: int, prefix: str = "mr") -> str:
    """The id an order carries at the venue: same tenant, intent and leg, same id.

    26 characters of `[a-z0-9]`: within the length and alphabet of every supported venue.
    """
    digest = hashlib.sha256(f"{tenant}/{intent}/{leg}".encode()).digest()[:15]
    return prefix + b32encode(digest).decode().lower()


def _uuid7(millis: int, tail: bytes) -> UUID:
    value = (millis & (1 << 48) - 1) << 80 | int.from_bytes(tail, "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)
