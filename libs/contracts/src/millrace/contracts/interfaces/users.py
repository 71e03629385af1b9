"""Signing in and out."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from millrace.contracts.canonical.frame import Done
from millrace.contracts.canonical.users import Logout, Secret, SignedIn
from millrace.contracts.entering import Entering, Refreshing, login, refresh
from millrace.contracts.interfaces.wire import row
from millrace.contracts.names import Access
from millrace.contracts.table import Asked, Call, Shape, View


class Leaving(Asked):
    """The session of this refresh token ends; without one the session of the caller's access token."""

    refresh_token: Annotated[Secret, Field(min_length=1)] | None = None


class UserBody(Shape):
    """Who signed in."""

    id: int
    username: str
    email: str


class Tokens(Shape):
    """Two tokens, how long the first one holds in seconds, and whose they are."""

    access_token: str
    refresh_token: str
    expires_in: int
    user: UserBody


class Token(Shape):
    """A new access token; the refresh token stays as it is."""

    access_token: str
    expires_in: int


class Message(Shape):
    """It worked."""

    message: str


def tokens(signed: SignedIn, now: datetime) -> dict[str, Any]:
    """Two tokens and whose they are; users are numbers here."""
    user = signed.user
    return {
        **token(signed, now),
        "refresh_token": signed.refresh_token,
        "user": {"id": user.num, "username": user.username, "email": user.email},
    }


def token(signed: SignedIn, now: datetime) -> dict[str, Any]:
    """The access token alone."""
    return {"access_token": signed.access_token, "expires_in": signed.expires_in}


def gone(done: Done, now: datetime) -> dict[str, Any]:
    """The session has ended."""
    return {"message": "Successfully logged out"}


def _logout(call: Call) -> Logout:
    return Logout(refresh_token=call.body.refresh_token if call.body else None)


_AUTH = "/api/v1/auth"
ROWS = (
    row("POST", f"{_AUTH}/login", "auth.login", Access.PUBLIC, View(login, tokens, Tokens, body=Entering)),
    row("POST", f"{_AUTH}/logout", "auth.logout", Access.PUBLIC, View(_logout, gone, Message, body=Leaving)),
    row("POST", f"{_AUTH}/refresh", "auth.refresh", Access.PUBLIC, View(refresh, token, Token, body=Refreshing)),
)
