"""Signing in."""

from datetime import datetime
from typing import Any, Literal

from millrace.contracts.canonical.users import SignedIn
from millrace.contracts.crypto.wire import CRYPTO
from millrace.contracts.entering import Entering, login
from millrace.contracts.names import Access
from millrace.contracts.table import Row, Shape, View


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
        View(login, _tokens, Tokens, body=Entering),
    ),
)
