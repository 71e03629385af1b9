"""Registration, login, tokens and profiles: contract botplatform, and the keys the other contracts add to login."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from millrace.common.auth.principal import Principal
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.web.answers import json_response
from millrace.common.web.json_body import body
from millrace.gateway.api.backend import Backend
from millrace.gateway.app import words

_COOKIE = "millrace_refresh"
_REFRESH_PATH = "/api/v1/auth"
_EQUIP_SECONDS = 3.0
_WEEK = 7 * 24 * 3600


class _Open(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Register(_Open):
    """A new user."""

    username: str = Field(min_length=3, max_length=64)
    email: str = Field(max_length=254)
    password: str = Field(min_length=8, max_length=128)
    full_name: str | None = Field(None, max_length=200)
    invite_code: str | None = Field(None, max_length=200)


class Login(_Open):
    """`username` may be the e-mail address."""

    username: str = Field(max_length=254)
    password: str = Field(max_length=1024)
    totp_code: str | None = None
    mfa_token: str | None = None
    device_info: dict[str, Any] | None = None


class Refresh(_Open):
    """Browsers leave it out and send the cookie."""

    refresh_token: str | None = Field(None, max_length=4096)


class Ticket(_Open):
    """A one-time sign-in link's secret."""

    ticket: str = Field(max_length=200)


class Administered(_Open):
    """Our own: what administrators change about users."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["admin", "trader", "exporter", "viewer"] | None = None
    is_active: bool | None = None


class Profile(_Open):
    """What users may change about themselves."""

    model_config = ConfigDict(extra="forbid")

    full_name: str | None = Field(None, max_length=200)
    preferences: dict[str, Any] | None = None


def routes(backend: Backend, now: Callable[[], datetime], *, secure: bool) -> APIRouter:
    """Everything under /api/v1/auth and /api/v1/users."""
    api = APIRouter(prefix="/api/v1")
    user_dependency = Annotated[Principal, Depends(backend.user)]

    def signed_in(found: dict[str, Any], status: int = 200) -> Response:
        return _signed_in(found, status, secure=secure)

    @api.post("/auth/register", status_code=201)
    async def register(asked: Annotated[Register, Depends(body(Register))]) -> Response:
        found = await backend.ask("auth", "POST", "/register", json=asked.model_dump())
        await _equipped(backend, found["user"])
        return signed_in(found, 201)

    @api.post("/auth/login")
    async def login(request: Request, asked: Annotated[Login, Depends(body(Login))]) -> Response:
        client = request.client.host if request.client else ""
        sent: dict[str, Any] = {"username": asked.username, "password": asked.password, "ip": client}
        sent["user_agent"] = request.headers.get("user-agent", "")[:200]
        sent |= asked.model_dump(include={"totp_code", "mfa_token", "device_info"}, exclude_none=True)
        return signed_in(await backend.ask("auth", "POST", "/login", json=sent))

    @api.post("/auth/ticket")
    async def ticket(asked: Annotated[Ticket, Depends(body(Ticket))]) -> Response:
        return signed_in(await backend.ask("auth", "POST", "/tickets/redeem", json=asked.model_dump()))

    @api.post("/auth/refresh")
    async def refresh(request: Request, asked: Annotated[Refresh, Depends(body(Refresh))]) -> Response:
        token = asked.refresh_token or request.cookies.get(_COOKIE)
        if not token:
            raise MillraceError(Code.AUTH_REQUIRED, "refresh_token is required")
        return signed_in(await backend.ask("auth", "POST", "/refresh", json={"refresh_token": token}))

    @api.post("/auth/logout")
    async def logout(request: Request, asked: Annotated[Refresh, Depends(body(Refresh))]) -> Response:
        token = asked.refresh_token or request.cookies.get(_COOKIE)
        try:
            user = await backend.user(request)
        except MillraceError:
            if not token:  # an access token that has expired must not keep a session alive that a refresh token ends
                raise
            await backend.ask("auth", "POST", "/logout", json={"refresh_token": token})
        else:
            await backend.ask("auth", "POST", "/logout", user, json={})
        data = {"timestamp": words.moment(now())}
        answer = json_response({"success": True, "message": "Successfully logged out", "data": data})
        answer.delete_cookie(_COOKIE, path=_REFRESH_PATH)
        return answer

    _users(api, backend, user_dependency)
    return api


async def _equipped(backend: Backend, user: dict[str, Any]) -> None:
    """Wait a moment until a new user's paper account is known, so that their next request finds it."""
    principal = Principal(UUID(user["id"]), user["username"], user["role"])
    with suppress(TimeoutError, MillraceError):  # registered they are all the same
        async with asyncio.timeout(_EQUIP_SECONDS):
            while not (await backend.ask("bots", "GET", "/accounts", principal))["items"]:
                await asyncio.sleep(0.02)


def _signed_in(found: dict[str, Any], status: int, *, secure: bool) -> Response:
    shown = {
        "access_token": found["access_token"],
        "refresh_token": found["refresh_token"],
        "token_type": "bearer",
        "expires_in": found["expires_in"],
        "user": words.user(found["user"]),
        "user_context": {
            "user_id": found["user"]["id"],
            "username": found["user"]["username"],
            "role": found["user"]["role"],
        },
    }
    answer = json_response(shown, status)
    answer.set_cookie(
        _COOKIE,
        found["refresh_token"],
        max_age=_WEEK,
        path=_REFRESH_PATH,
        httponly=True,
        samesite="strict",
        secure=secure,
    )
    return answer


def _users(api: APIRouter, backend: Backend, user_dependency: Any) -> None:
    @api.get("/users/me")
    async def me(user: user_dependency) -> Response:
        return json_response(words.profile(await backend.ask("auth", "GET", "/users/me", user)))

    @api.patch("/users/me")
    async def change_me(user: user_dependency, asked: Annotated[Profile, Depends(body(Profile))]) -> Response:
        sent = asked.model_dump(exclude_unset=True)
        return json_response(words.profile(await backend.ask("auth", "PATCH", "/users/me", user, json=sent)))

    @api.patch("/users/{user_id}")
    async def administer(
        user: user_dependency, user_id: UUID, asked: Annotated[Administered, Depends(body(Administered))]
    ) -> Response:
        row = await backend.ask("auth", "PATCH", f"/users/{user_id}", user, json=asked.model_dump())
        return json_response(words.profile(row) | {"role": row["role"]})
