"""The person or program behind a request."""

from dataclasses import dataclass
from uuid import UUID

PERMISSIONS: dict[str, frozenset[str]] = {
    "admin": frozenset({"read", "trade", "export", "admin"}),
    "trader": frozenset({"read", "trade", "export"}),
    "exporter": frozenset({"read", "export"}),
    "viewer": frozenset({"read"}),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated user with a role; permissions follow from the role, and an API key's `scopes` narrow them.

    `session_id` is the session or the API key whose end ends all it was used for. `contract` was chosen by the user;
    `hint` is the contract that the way of signing in hints at.
    """

    user_id: UUID
    username: str
    role: str
    session_id: UUID | None = None
    contract: str | None = None
    scopes: frozenset[str] | None = None
    hint: str | None = None

    @property
    def permissions(self) -> frozenset[str]:
        """What the role allows and, with an API key, its scopes too: of read, trade, export, admin."""
        allowed = PERMISSIONS.get(self.role, frozenset())
        return allowed if self.scopes is None else allowed & self.scopes

    @property
    def by_key(self) -> bool:
        """Whether an API key speaks, and not somebody who has signed in."""
        return self.scopes is not None

    def may(self, permission: str) -> bool:
        """Whether `permission` is among what is allowed."""
        return permission in self.permissions
