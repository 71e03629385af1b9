"""Signing in."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field, SecretStr

from millrace.contracts.canonical.users import Device, Login, SignedIn
from millrace.contracts.crypto.wire import CRYPTO
from millrace.contracts.names import Access
from millrace.contracts.table import Asked, Call, Row, Shape, View


class DeviceBody(Asked):
    """What a client says of itself."""

    ip_address: str = Field("", max_length=64)
    user_agent: str = Field("", max_length=500)
    device_type: str = Field("", max_length=64)


class LoginBody(Asked):
    """Name and password; the second factor's code has two names."""

    username: str = Field(max_length=254)
    password: SecretStr = Field(max_length=1024)
    totp_code: str | None = Field(None, max_length=64)
    mfa_token: str | None = Field(None, max_length=64)
    device_info: DeviceBody | None = None


class Who(Shape):
    """The user."""

    id: int
    username: str
    email: str


class Tokens(Shape):
    """Signed in."""

    access_token: str
    token_type: Literal["bearer"]
    expires_in: int
    refresh_token: str
    user: Who


def _login(call: Call) -> Login:
    said: LoginBody = call.body
    device = Device(**said.device_info.model_dump()) if said.device_info else None
    return Login(name=said.username, password=said.password, code=said.totp_code or said.mfa_token, device=device)


def _tokens(found: SignedIn, now: datetime) -> dict[str, Any]:
    user = found.user
    return {
        "access_token": found.access_token,
        "token_type": "bearer",
        "expires_in": found.expires_in,
        "refresh_token": found.refresh_token,
        "user": {"id": user.num, "username": user.username, "email": user.email},
    }


ROWS = (
    Row(
        "POST",
        "/api/v1/auth/login",
        CRYPTO,
        "auth.login",
        Access.PUBLIC,
        View(_login, _tokens, Tokens, body=LoginBody),
    ),
)
