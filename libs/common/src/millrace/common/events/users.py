"""What happened to users."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from millrace.common.events.message import Event


class _UserEvent(Event):
    topic: ClassVar[str] = "users.v1"
    user_id: UUID

    @property
    def key(self) -> str:
        return str(self.user_id)


class UserRegistered(_UserEvent):
    """A user exists from now on; the other services give it an account, limits and a place to be told."""

    type: ClassVar[str] = "users.user_registered.v1"
    username: str
    role: str
    origin: str


class UserDisabled(_UserEvent):
    """The user may do nothing any more: sessions end, bots stop."""

    type: ClassVar[str] = "users.user_disabled.v1"


class UserEnabled(_UserEvent):
    """A disabled user may sign in and trade again; what stopped stays stopped until they start it."""

    type: ClassVar[str] = "users.user_enabled.v1"


class SessionEnded(_UserEvent):
    """A session was logged out, terminated or expired; its tokens are worthless."""

    type: ClassVar[str] = "users.session_ended.v1"
    session_id: UUID
    reason: str


class ApiKeyRevoked(_UserEvent):
    """An API key is worthless from now on; streams that it opened end."""

    type: ClassVar[str] = "users.api_key_revoked.v1"
    key_id: UUID


class Audited(Event):
    """Somebody did something that must be on record: `user_id` did `action` to `subject`, from address `ip`.

    Nobody where it is not known who it was (a failed sign-in). Never holds a secret or anything a caller typed.
    """

    type: ClassVar[str] = "audit.audited.v1"
    topic: ClassVar[str] = "audit.v1"
    user_id: UUID | None
    action: str
    subject: str
    outcome: str
    at: datetime
    ip: str = ""

    @property
    def key(self) -> str:
        return str(self.user_id or "system")
