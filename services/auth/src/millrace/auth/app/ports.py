"""What signing in needs: hashed passwords, signed tokens, sealed secrets, one-time codes and mail."""

from typing import Any, Protocol
from uuid import UUID


class Passwords(Protocol):
    """Hashes and checks passwords. Raises UNAVAILABLE when too many wait."""

    def demand(self) -> None:
        """Raise that before anything else is done for who would have to be told."""
        ...

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

    def sign(self, kind: str, user: Any, session_id: UUID, seconds: int, **more: str | None) -> str:
        """A token of `kind` access or refresh, good for `seconds`; `more` claims are left out where they are None."""
        ...

    def read_refresh(self, token: str) -> tuple[UUID, UUID]:
        """User and session of a refresh token. Raises AUTH_INVALID."""
        ...


class Vault(Protocol):
    """Keeps secrets."""

    def seal(self, secret: str, owner: str) -> bytes:
        """The secret, unreadable."""
        ...

    def unseal(self, sealed: bytes, owner: str) -> str:
        """The secret again, for its owner."""
        ...

    def digest(self, kind: str, secret: str) -> bytes:
        """What a secret is recognised by."""
        ...


class Totp(Protocol):
    """One-time codes of authenticator apps."""

    def secret(self) -> str:
        """A new one, in base 32."""
        ...

    def address(self, secret: str, account: str) -> str:
        """What an app reads it from (otpauth://)."""
        ...

    def picture(self, address: str) -> str:
        """The same as a PNG, as data URI."""
        ...

    def step(self, secret: str, code: str, now: float) -> int | None:
        """The time step whose code this is, near `now` (Unix seconds); else None."""
        ...


class Mail(Protocol):
    """Sends mail."""

    async def send(self, to: str, subject: str, text: str) -> None:
        """Send plain text. Raises UNAVAILABLE."""
        ...
