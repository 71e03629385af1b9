"""Signing in and out, sessions, who one is, and forgotten passwords."""

from datetime import datetime
from typing import Literal

from pydantic import Field, SecretStr

from millrace.contracts.application.answering import Answer, Json, Stamp, When, done, told
from millrace.contracts.application.asking import APPLICATION, by, endpoint, nothing
from millrace.contracts.canonical import users
from millrace.contracts.entering import Entering, Refreshing, login, refresh
from millrace.contracts.names import Access
from millrace.contracts.spelling import moment
from millrace.contracts.table import Asked, Call, Shape, View
from millrace.contracts.vocab import ROLE

Role = Literal["admin", "exporter", "viewer"]


class LogoutBody(Asked):
    """Names the session that ends where no access token does."""

    refresh_token: SecretStr | None = Field(None, max_length=4096)


class ResetBody(Asked):
    """Whose password is forgotten."""

    email: str = Field(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")


class CompleteResetBody(Asked):
    """The token from the mail, and the new password."""

    token: SecretStr = Field(min_length=1, max_length=200)
    new_password: SecretStr = Field(min_length=1, max_length=1024)


class UserContext(Shape):
    """Who one is, and what one may."""

    user_id: str
    username: str
    role: Role
    permissions: list[str]


class Tokens(Shape):
    """A session's tokens; `expires_in` seconds."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"]
    expires_in: int
    user_context: UserContext


class SeenDevice(Shape):
    """Where a session was begun."""

    ip_address: str
    user_agent: str


class SessionItem(Shape):
    """A session that has not ended."""

    session_id: str
    created_at: When
    device_info: SeenDevice


class SessionList(Stamp):
    """All of them."""

    sessions: list[SessionItem]


class Permissions(Stamp):
    """What one may."""

    permissions: list[str]
    role: Role


def _logout(call: Call) -> users.Logout:
    asked: LogoutBody | None = call.body
    return users.Logout(refresh_token=asked.refresh_token if asked else None)


def _request_reset(call: Call) -> users.RequestReset:
    return users.RequestReset(email=call.body.email)


def _complete_reset(call: Call) -> users.CompleteReset:
    asked: CompleteResetBody = call.body
    return users.CompleteReset(token=asked.token, new_password=asked.new_password)


def _context(user: users.User, now: datetime) -> Json:
    return {
        "user_id": str(user.id),
        "username": user.username,
        "role": ROLE.say(user.role, APPLICATION),
        "permissions": list(user.permissions),
    }


def _tokens(result: users.SignedIn, now: datetime) -> Json:
    return {
        "access_token": result.access_token,
        "refresh_token": result.refresh_token,
        "token_type": "bearer",
        "expires_in": result.expires_in,
        "user_context": _context(result.user, now),
    }


def _sessions(result: users.Sessions, now: datetime) -> Json:
    sessions = [
        {
            "session_id": str(each.id),
            "created_at": moment(each.created_at),
            "device_info": {"ip_address": each.device.ip_address, "user_agent": each.device.user_agent},
        }
        for each in result.items
    ]
    return told("Active sessions retrieved", sessions=sessions, timestamp=moment(now))


def _permissions(user: users.User, now: datetime) -> Json:
    role = ROLE.say(user.role, APPLICATION)
    return told("User permissions retrieved", permissions=list(user.permissions), role=role, timestamp=moment(now))


_RESET = "If an account exists with this email, reset instructions will be sent"
_PUBLIC, _USER = Access.PUBLIC, Access.USER

ROWS = (
    endpoint("POST", "/auth/login", "auth.login", _PUBLIC, View(login, _tokens, Tokens, body=Entering)),
    # for everybody: an access token ends its session, and so does a refresh token in the body
    endpoint(
        "POST",
        "/auth/logout",
        "auth.logout",
        _PUBLIC,
        View(_logout, done("Successfully logged out"), Answer[Stamp], body=LogoutBody),
    ),
    endpoint("POST", "/auth/refresh", "auth.refresh", _PUBLIC, View(refresh, _tokens, Tokens, body=Refreshing)),
    endpoint("GET", "/auth/me", "auth.me", _USER, View(nothing, _context, UserContext)),
    endpoint(
        "POST",
        "/auth/password/reset",
        "auth.request_reset",
        _PUBLIC,
        View(_request_reset, done(_RESET), Answer[Stamp], body=ResetBody),
    ),
    endpoint(
        "POST",
        "/auth/password/reset/complete",
        "auth.complete_reset",
        _PUBLIC,
        View(_complete_reset, done("Password reset successful"), Answer[Stamp], body=CompleteResetBody),
    ),
    endpoint("GET", "/auth/sessions", "auth.sessions", _USER, View(nothing, _sessions, Answer[SessionList])),
    endpoint(
        "POST",
        "/auth/sessions/{session_id}/terminate",
        "auth.terminate_session",
        _USER,
        View(by("session_id"), done("Session terminated successfully"), Answer[Stamp]),
    ),
    endpoint("GET", "/auth/permissions", "auth.me", _USER, View(nothing, _permissions, Answer[Permissions])),
)
