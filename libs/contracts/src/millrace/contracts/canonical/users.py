"""Users, how they sign in, and their sessions."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, SecretStr

from millrace.contracts.canonical.frame import Canonical
from millrace.contracts.names import Contract

Mode = Literal["testing", "live_trading", "autopilot"]
Role = Literal["admin", "trader", "exporter", "viewer"]
Secret = Annotated[SecretStr, Field(max_length=4096)]


class User(Canonical):
    """A person. `full_name` also gives the first name; `origin` is the contract they registered through."""

    id: UUID
    num: int
    username: str
    email: str
    full_name: str = ""
    role: Role = "trader"
    permissions: tuple[str, ...] = ()
    is_active: bool = True
    currency: str = "ZAR"
    system_mode: Mode = "testing"
    two_factor_enabled: bool = False
    preferences: dict[str, str] = Field(default_factory=lambda: {"theme": "dark", "language": "en"})
    created_at: AwareDatetime
    origin: Contract | None = None

    @property
    def first_name(self) -> str:
        """The first word of the name, or the user name."""
        return self.full_name.split(" ")[0] or self.username


class Device(Canonical):
    """What a client says of itself."""

    ip_address: str = ""
    user_agent: str = ""
    device_type: str = ""


class SignedIn(Canonical):
    """Tokens for `user`; `expires_in` is the access token's true life in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int
    user: User

    @property
    def origin(self) -> Contract | None:
        """The user's."""
        return self.user.origin


class Session(Canonical):
    """One sign-in that has not ended."""

    id: UUID
    created_at: AwareDatetime
    device: Device = Device()


class Sessions(Canonical):
    """Every session of the caller."""

    items: tuple[Session, ...]


class TwoFactorSecret(Canonical):
    """What an authenticator app needs. `qr_code` is a PNG as data URI."""

    secret: str
    provisioning_uri: str
    qr_code: str


class Register(Canonical):
    """Become a user. Without a user name the e-mail address is it."""

    username: str
    email: str
    password: Secret
    full_name: str = ""
    invite_code: str | None = None


class Login(Canonical):
    """Sign in; `name` is a user name or an e-mail address, `code` a second factor."""

    name: str
    password: Secret
    code: str | None = None
    device: Device | None = None


class Logout(Canonical):
    """End the session of the caller's token, or of this one."""

    refresh_token: Secret | None = None


class Refresh(Canonical):
    """Ask for a new access token."""

    refresh_token: Secret


class VerifyTwoFactor(Canonical):
    """Switch the second factor on."""

    code: str


class RequestReset(Canonical):
    """Mail a password reset, if the address is known."""

    email: str


class CompleteReset(Canonical):
    """Set a new password."""

    token: Secret
    new_password: Secret


class UpdateUser(Canonical):
    """Change what is given; preferences are merged."""

    full_name: str | None = None
    preferences: dict[str, str] = Field(default_factory=dict)
