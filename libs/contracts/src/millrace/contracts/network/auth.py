"""Signing in, by e-mail address."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field, SecretStr

from millrace.contracts.canonical.frame import MOST, Listing, Page
from millrace.contracts.canonical.users import (
    Login,
    Register,
    SignedIn,
    TwoFactorSecret,
    User,
    VerifyTwoFactor,
)
from millrace.contracts.names import Access
from millrace.contracts.network.wire import Success, Told, nothing, row, told
from millrace.contracts.spelling import moment
from millrace.contracts.table import Asked, Call, Shape, View


class RegisterBody(Asked):
    """A new user."""

    email: str = Field(min_length=3, max_length=254)
    password: SecretStr = Field(max_length=1024)
    first_name: str = Field(min_length=1, max_length=100)
    invite_code: str | None = Field(None, max_length=200)


class LoginBody(Asked):
    """A known user; the second factor's code has two names."""

    email: str = Field(max_length=254)
    password: SecretStr = Field(max_length=1024)
    totp_code: str | None = Field(None, max_length=64)
    mfa_token: str | None = Field(None, max_length=64)


class CodeBody(Asked):
    """A code of the app that is being enrolled."""

    totp_code: str = Field(min_length=1, max_length=64)


class Who(Shape):
    """Somebody who has signed in."""

    id: str
    email: str
    first_name: str


class NewWho(Who):
    """Somebody new."""

    currency: str
    system_mode: Literal["testing", "live_trading", "autopilot"]
    two_factor_enabled: bool


class Tokens(Shape):
    """Signed in."""

    token: str
    user: Who


class NewTokens(Shape):
    """Registered and signed in."""

    token: str
    user: NewWho


class Enrolment(Success):
    """What an authenticator app is set up with."""

    secret: str
    provisioning_uri: str
    qr_code: str


class Administered(Who):
    """A user as administrators see them."""

    is_admin: bool
    created_at: str


class Users(Success):
    """Everybody."""

    users: list[Administered]


def _register(call: Call) -> Register:
    said: RegisterBody = call.body
    return Register(
        username=said.email,
        email=said.email,
        password=said.password,
        full_name=said.first_name,
        invite_code=said.invite_code,
    )


def _login(call: Call) -> Login:
    said: LoginBody = call.body
    return Login(name=said.email, password=said.password, code=said.totp_code or said.mfa_token)


def _who(user: User) -> dict[str, Any]:
    return {"id": str(user.id), "email": user.email, "first_name": user.first_name}


def _registered(found: SignedIn, now: datetime) -> dict[str, Any]:
    names = ("currency", "system_mode", "two_factor_enabled")
    user = {**_who(found.user), **{name: getattr(found.user, name) for name in names}}
    return {"token": found.access_token, "user": user}


def _signed_in(found: SignedIn, now: datetime) -> dict[str, Any]:
    return {"token": found.access_token, "user": _who(found.user)}


def _enrolled(found: TwoFactorSecret, now: datetime) -> dict[str, Any]:
    return {"success": True, **found.model_dump()}


def _users(found: Page[User], now: datetime) -> dict[str, Any]:
    users = [
        {**_who(user), "is_admin": user.role == "admin", "created_at": moment(user.created_at)} for user in found.items
    ]
    return {"success": True, "users": users}


def _verify(call: Call) -> VerifyTwoFactor:
    return VerifyTwoFactor(code=call.body.totp_code)


def _everybody(call: Call) -> Listing:
    return Listing(limit=MOST)


ROWS = (
    row(
        "POST",
        "auth/register",
        "auth.register",
        View(_register, _registered, NewTokens, body=RegisterBody),
        Access.PUBLIC,
    ),
    row("POST", "auth/login", "auth.login", View(_login, _signed_in, Tokens, body=LoginBody), Access.PUBLIC),
    row("POST", "auth/2fa/enroll", "auth.enroll_two_factor", View(nothing, _enrolled, Enrolment)),
    row(
        "POST",
        "auth/2fa/verify",
        "auth.verify_two_factor",
        View(_verify, told("2FA enabled successfully"), Told, body=CodeBody),
    ),
    row("GET", "admin/users", "users.list", View(_everybody, _users, Users), Access.ADMIN),
)
