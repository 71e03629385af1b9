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
    """An authenticated user with a role; permissions follow from the role."""

    user_id: UUID
    username: str
    role: str
    session_id: UUID | None = None
    contract: str | None = None

    def may(self, permission: str) -> bool:
        """Whether the role carries `permission`: read, trade, export or admin."""
        return permission in PERMISSIONS.get(self.role, frozenset())
