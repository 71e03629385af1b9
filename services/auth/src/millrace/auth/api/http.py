"""Routes of the auth service."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from millrace.auth.app import users
from millrace.auth.app.ports import Passwords, Signer
from millrace.auth.app.sessions import Sessions
from millrace.auth.config import AuthSettings
from millrace.common.auth.principal import Principal
from millrace.common.db.work import Works
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.common.web.answers import json_response
from millrace.common.web.json_body import body


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Register(_Body):
    """A new user."""

    username: str
    email: str
    password: str
    full_name: str | None = None


class Login(_Body):
    """Name or e-mail address, and password."""

    username: str
    password: str
    user_agent: str = ""
    ip: str = ""


class Refresh(_Body):
    """A refresh token."""

    refresh_token: str


class Logout(_Body):
    """Which session ends; without a refresh token the caller's own."""

    refresh_token: str | None = None


class Ticket(_Body):
    """A one-time secret."""

    ticket: str


class NewUser(_Body):
    """A user made by an administrator."""

    username: str
    email: str
    password: str
    role: Literal["admin", "trader", "exporter", "viewer"] = "trader"


class Administered(_Body):
    """What administrators change about users."""

    role: Literal["admin", "trader", "exporter", "viewer"] | None = None
    is_active: bool | None = None


class Introspect(_Body):
    """Sessions to ask about."""

    session_ids: list[UUID]


class Profile(_Body):
    """What users change about themselves."""

    full_name: str | None = None
    preferences: dict[str, Any] | None = None


def routes(
    works: Works,
    sessions: Sessions,
    signer: Signer,
    passwords: Passwords,
    clock: Clock,
    settings: AuthSettings,
    current: Any,
) -> APIRouter:
    """The API of the auth service."""
    api = APIRouter()
    user_dependency = Annotated[Principal, Depends(current)]

    @api.post("/register")
    async def register(asked: Annotated[Register, Depends(body(Register))]) -> Response:
        if not settings.registration:
            raise MillraceError(Code.PERMISSION_DENIED, "registration is closed; ask an administrator")
        user = await users.create_user(works, passwords, clock, **asked.model_dump())
        return json_response(await sessions.open(user["id"]))

    @api.post("/login")
    async def login(asked: Annotated[Login, Depends(body(Login))]) -> Response:
        return json_response(await sessions.login(asked.username, asked.password, asked.user_agent, asked.ip))

    @api.post("/refresh")
    async def refresh(asked: Annotated[Refresh, Depends(body(Refresh))]) -> Response:
        return json_response(await sessions.refresh(asked.refresh_token))

    @api.post("/logout")
    async def logout(request: Request, asked: Annotated[Logout, Depends(body(Logout))]) -> Response:
        if asked.refresh_token is not None:
            await sessions.end_by_refresh(asked.refresh_token)
        elif (session_id := (await current(request)).session_id) is not None:
            await sessions.end(session_id, "logout")
        return json_response({})

    @api.post("/tickets")
    async def make_ticket(user: user_dependency) -> Response:
        return json_response({"ticket": await sessions.ticket(user.user_id)})

    @api.post("/tickets/redeem")
    async def redeem(asked: Annotated[Ticket, Depends(body(Ticket))]) -> Response:
        return json_response(await sessions.redeem(asked.ticket))

    @api.get("/jwks")
    async def jwks() -> Response:
        return json_response(signer.jwks)

    @api.post("/introspect")
    async def introspect(asked: Annotated[Introspect, Depends(body(Introspect))]) -> Response:
        return json_response({"live": await sessions.live(asked.session_ids)})

    _profile(api, works, user_dependency)
    _administration(api, works, passwords, clock, user_dependency)
    return api


def _profile(api: APIRouter, works: Works, user_dependency: Any) -> None:
    @api.get("/users/me")
    async def me(user: user_dependency) -> Response:
        async with works.database.as_user(user.user_id) as connection:
            row = await connection.fetchrow("select * from users where id = $1", user.user_id)
        if row is None:
            raise not_found("user")
        return json_response(users.shown(row))

    @api.patch("/users/me")
    async def change_me(user: user_dependency, asked: Annotated[Profile, Depends(body(Profile))]) -> Response:
        async with works.begin(user.user_id) as work:
            return json_response(await users.change(work, user.user_id, asked.model_dump(exclude_unset=True)))


def _administration(api: APIRouter, works: Works, passwords: Passwords, clock: Clock, user_dependency: Any) -> None:
    @api.post("/users", status_code=201)
    async def add_user(user: user_dependency, asked: Annotated[NewUser, Depends(body(NewUser))]) -> Response:
        if not user.may("admin"):
            raise MillraceError(Code.PERMISSION_DENIED, "only an administrator may add users")
        made = await users.create_user(works, passwords, clock, **asked.model_dump())
        return json_response(made, 201)

    @api.patch("/users/{user_id:uuid}")
    async def administer(
        user: user_dependency, user_id: UUID, asked: Annotated[Administered, Depends(body(Administered))]
    ) -> Response:
        if not user.may("admin"):
            raise MillraceError(Code.PERMISSION_DENIED, "only an administrator may change users")
        if user_id == user.user_id:
            raise MillraceError(Code.PERMISSION_DENIED, "ask another administrator to change you")
        async with works.begin() as work:
            return json_response(await users.administer(work, clock, user_id, asked.role, asked.is_active))

    @api.get("/users/by-name/{name}")
    async def by_name(user: user_dependency, name: str) -> Response:
        found = await users.find(works, name) if user.may("admin") else None
        if found is None:
            raise not_found("user")
        return json_response(users.shown(found))
