"""What binds a confirmation to one user, one plan and one minute."""

import base64
import hashlib
import hmac
from datetime import datetime
from uuid import UUID

SECRET_BYTES = 24
_BYTES = 16 + SECRET_BYTES


def token_of(plan_id: UUID, secret: bytes) -> str:
    """The token a user is given: the plan's id and the secret, as 54 letters, digits, `-` and `_`."""
    return base64.urlsafe_b64encode(plan_id.bytes + secret).decode().rstrip("=")


def parts_of(token: str) -> tuple[UUID, bytes] | None:
    """The plan's id and the secret in a token; None for what is no token."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    if len(raw) != _BYTES:
        return None
    plan_id, secret = UUID(bytes=raw[:16]), raw[16:]
    return (plan_id, secret) if token_of(plan_id, secret) == token else None


def plan_hash(actions: str) -> bytes:
    """The hash of a plan: of the exact text of its actions."""
    return hashlib.sha256(actions.encode()).digest()


def seal(secret: bytes, user_id: UUID, plan_id: UUID, actions: str, expires_at: datetime) -> bytes:
    """What is kept of a token. It fits only the same secret, user, plan, actions and end."""
    said = b"\x1f".join((user_id.bytes, plan_id.bytes, plan_hash(actions), expires_at.isoformat().encode()))
    return hmac.new(secret, said, hashlib.sha256).digest()


def fits(kept: bytes, secret: bytes, user_id: UUID, plan_id: UUID, actions: str, expires_at: datetime) -> bool:
    """Whether a seal was made of these."""
    return hmac.compare_digest(kept, seal(secret, user_id, plan_id, actions, expires_at))
