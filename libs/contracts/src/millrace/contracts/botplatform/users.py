"""Health, signing in, and the caller's own profile."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from millrace.contracts.botplatform.wire import B, Bearer, Id, Word, row
from millrace.contracts.canonical.frame import Nothing
from millrace.contracts.canonical.system import Health
from millrace.contracts.canonical.users import Register, Secret, SignedIn, UpdateUser, User
from millrace.contracts.entering import Entering, Refreshing, UserName, login, refresh
from millrace.contracts.fields import Time
from millrace.contracts.names import Access
from millrace.contracts.spelling import moment
from millrace.contracts.table import Asked, Call, Shape, View
from millrace.contracts.vocab import HEALTH

Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
HealthWord = Literal["healthy", "unhealthy"]


class Registering(Asked):
    """A new user. `invite_code` is for places that let nobody in without one."""

    username: UserName
    email: Email
    password: Annotated[Secret, Field(min_length=1)]
    full_name: str = Field("", max_length=200)
    invite_code: str | None = Field(None, max_length=200)


class SetPreferences(Asked):
    """What is given changes."""

    theme: Word | None = None
    language: Word | None = None


class SetProfile(Asked):
    """What is given changes."""

    full_name: str | None = Field(None, max_length=200)
    preferences: SetPreferences | None = None


class Root(Shape):
    """How the platform is."""

    status: HealthWord
    environment: str
    version: str


class Pulse(Shape):
    """How the platform is now."""

    status: HealthWord
    timestamp: Time


class UserBody(Shape):
    """Who signed in."""

    id: Id
    username: str
    email: str
    full_name: str
    is_active: bool


class Tokens(Shape):
    """Two tokens and whose they are."""

    access_token: str
    refresh_token: str
    token_type: Bearer
    user: UserBody


class Token(Shape):
    """A new access token; the refresh token stays as it is."""

    access_token: str
    token_type: Bearer


class Preferences(Shape):
    """How the user wants to see things."""

    theme: str
    language: str


class Profile(UserBody):
    """A user, in full."""

    preferences: Preferences
    created_at: Time


def root(health: Health, now: datetime) -> dict[str, Any]:
    """How the platform is."""
    return {
        "status": HEALTH.say(health.status, B),
        "environment": health.environment,
        "version": health.version,
    }


def pulse(health: Health, now: datetime) -> dict[str, Any]:
    """How the platform is now."""
    return {"status": HEALTH.say(health.status, B), "timestamp": moment(health.at)}


def tokens(signed: SignedIn, now: datetime) -> dict[str, Any]:
    """Two tokens and whose they are."""
    return {**token(signed, now), "refresh_token": signed.refresh_token, "user": _user(signed.user)}


def token(signed: SignedIn, now: datetime) -> dict[str, Any]:
    """The access token alone."""
    return {"access_token": signed.access_token, "token_type": "bearer"}


def profile(user: User, now: datetime) -> dict[str, Any]:
    """A user, in full; of the preferences the two that are documented."""
    liked = {"theme": "dark", "language": "en", **user.preferences}
    return {
        **_user(user),
        "preferences": {name: liked[name] for name in Preferences.model_fields},
        "created_at": moment(user.created_at),
    }


def _user(user: User) -> dict[str, Any]:
    return {
        "id": str(user.id),
        "username": user.username,
        "email": user.email,
        "full_name": user.full_name,
        "is_active": user.is_active,
    }


def _register(call: Call) -> Register:
    return Register(**call.body.model_dump())


def _update(call: Call) -> UpdateUser:
    asked: SetProfile = call.body
    liked = asked.preferences.model_dump(exclude_none=True) if asked.preferences else {}
    return UpdateUser(full_name=asked.full_name, preferences=liked)


_HEALTH = "system.health"
_ME = "/api/v1/users/me"
ROWS = (
    row("GET", "/health", _HEALTH, Access.PUBLIC, View(lambda call: Nothing(), root, Root)),
    row("GET", "/api/v1/health", _HEALTH, Access.PUBLIC, View(lambda call: Nothing(), pulse, Pulse)),
    row(
        "POST",
        "/api/v1/auth/register",
        "auth.register",
        Access.PUBLIC,
        View(_register, tokens, Tokens, 201, body=Registering),
    ),
    row("POST", "/api/v1/auth/login", "auth.login", Access.PUBLIC, View(login, tokens, Tokens, body=Entering)),
    row(
        "POST",
        "/api/v1/auth/refresh",
        "auth.refresh",
        Access.PUBLIC,
        View(refresh, token, Token, body=Refreshing),
    ),
    row("GET", _ME, "auth.me", Access.USER, View(lambda call: Nothing(), profile, Profile)),
    row("PATCH", _ME, "auth.update_me", Access.USER, View(_update, profile, Profile, body=SetProfile)),
)
