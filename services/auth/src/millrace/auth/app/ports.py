"""What signing in needs: hashed passwords and signed tokens."""

from typing import Any, Protocol
from uuid import UUID


class Passwords(Protocol):
    """Hashes and checks passwords. Raises UNAVAILABLE when too many wait."""

    async def hash(self, password: str) -> str:
        """The hash to store."""
        ...

    async def verify(self, password: str, stored: str | None) -> bool:
        """Whether the password belongs to the stored hash; as slow without a hash as with one."""
        ...


class Signer(Protocol):
    """Signs and reads the tokens users hold."""

    @property
    def jwks(self) -> dict[str, Any]:
        """The public keys, as a JSON Web Key Set."""
        ...

    def sign(self, kind: str, user: Any, session_id: UUID, seconds: int) -> str:
        """A token of `kind` access or refresh, good for `seconds`."""
        ...

    def read_refresh(self, token: str) -> tuple[UUID, UUID]:
        """User and session of a refresh token. Raises AUTH_INVALID."""
        ...
