"""Routes of administrators."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from millrace.auth.api import schemas
from millrace.auth.api.schemas import InviteView, Role, UserView, answer, answers
from millrace.auth.app import users
from millrace.auth.app.auth import Auth
from millrace.auth.app.users import NewUser
from millrace.common.auth.principal import Principal
from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.common.web.answers import json_response
from millrace.common.web.json_body import body


def routes(auth: Auth, person: Any, admin: Any) -> APIRouter:
    """Users and invites."""
    api = APIRouter()
    by_admin = Annotated[Principal, Depends(admin)]

    @api.post("/users", status_code=201)
    async def add_user(
        user: by_admin, asked: Annotated[schemas.NewUserBody, Depends(body(schemas.NewUserBody))]
    ) -> Response:
        terms = asked.model_dump(exclude={"role", "contract"})
        made = await auth.users.add(NewUser(**terms, origin_contract=asked.contract), asked.role, user.user_id)
        return answer(UserView, made, 201)

    @api.get("/users")
    async def list_users(
        user: by_admin,
        role: Role | None = None,
        is_active: bool | None = None,
        q: Annotated[str | None, Query(max_length=254)] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        offset: Annotated[int, Query(ge=0, le=1 << 31)] = 0,
    ) -> Response:
        found, total = await auth.users.page(role, is_active, q, limit, offset)
        return answers("items", UserView, found, total=total, limit=limit, offset=offset)

    @api.patch("/users/{named}")
    async def administer(
        user: by_admin, named: str, asked: Annotated[schemas.Administered, Depends(body(schemas.Administered))]
    ) -> Response:
        user_id = await _another(auth, user, named)
        async with auth.works.begin() as work:
            found = await auth.users.administer(work, user.user_id, user_id, asked.role, asked.is_active)
        return answer(UserView, found)

    @api.post("/users/{named}/2fa/disable")
    async def disable_factor(user: by_admin, named: str) -> Response:
        user_id = await _another(auth, user, named)
        async with auth.works.begin() as work:
            await auth.factor.disable(work, user_id, user.user_id)
        return json_response({})

    @api.get("/users/by-name/{name}")
    async def by_name(user: Annotated[Principal, Depends(person)], name: str) -> Response:
        found = await auth.users.find(name) if user.may("admin") else None
        if found is None:
            raise not_found("user")
        return answer(UserView, users.shown(found))

    _invites(api, auth, by_admin)
    return api


def _invites(api: APIRouter, auth: Auth, by_admin: Any) -> None:
    @api.post("/invites", status_code=201)
    async def invite(user: by_admin, asked: Annotated[schemas.NewInvite, Depends(body(schemas.NewInvite))]) -> Response:
        made = await auth.registration.invite(user.user_id, asked.role, asked.email, asked.seconds, asked.intent_id)
        return answer(InviteView, made, 201)

    @api.get("/invites")
    async def invites(user: by_admin) -> Response:
        return answers("invites", InviteView, await auth.registration.invites())

    @api.delete("/invites/{invite_id:uuid}")
    async def revoke(user: by_admin, invite_id: UUID) -> Response:
        await auth.registration.revoke(user.user_id, invite_id)
        return json_response({})

    @api.post("/invites/first-admin")
    async def first_admin(user: by_admin) -> Response:
        return json_response({"code": await auth.registration.first_admin()})


async def _another(auth: Auth, user: Principal, named: str) -> UUID:
    user_id = await auth.users.resolve(named)
    if user_id == user.user_id:
        raise MillraceError(Code.PERMISSION_DENIED, "ask another administrator to change you")
    return user_id
