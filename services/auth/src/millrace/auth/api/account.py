"""Routes of users who have signed in, about themselves. An API key may only read who it is."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.responses import Response

from millrace.auth.api import schemas
from millrace.auth.api.schemas import Enrolment, KeyView, RecoveryCodes, SessionView, UserView, answer, answers
from millrace.auth.app.auth import Auth
from millrace.auth.app.proof import Claim, Then
from millrace.auth.domain.rules import check_password
from millrace.common.auth.principal import Principal
from millrace.common.db.work import Work
from millrace.common.kernel.errors import Code
from millrace.common.web.answers import json_response
from millrace.common.web.json_body import body


def routes(auth: Auth, current: Any, person: Any) -> APIRouter:
    """The profile, sessions, the second factor and API keys."""
    api = APIRouter()
    anybody = Annotated[Principal, Depends(current)]
    somebody = Annotated[Principal, Depends(person)]

    @api.get("/users/me")
    async def me(user: anybody) -> Response:
        return answer(UserView, await auth.users.get(user.user_id))

    @api.get("/permissions")
    async def permissions(user: anybody) -> Response:
        return json_response({"role": user.role, "permissions": sorted(user.permissions)})

    @api.patch("/users/me")
    async def change_me(user: somebody, asked: Annotated[schemas.Profile, Depends(body(schemas.Profile))]) -> Response:
        async with auth.works.begin(user.user_id) as work:
            found = await auth.users.change(work, user.user_id, asked.model_dump(exclude_unset=True))
        return answer(UserView, found)

    @api.post("/tickets")
    async def make_ticket(user: somebody) -> Response:
        return json_response({"ticket": await auth.tickets.make(user.user_id)})

    _sessions(api, auth, somebody)
    _secrets(api, auth, somebody)
    _keys(api, auth, somebody)
    return api


def _sessions(api: APIRouter, auth: Auth, somebody: Any) -> None:
    @api.get("/sessions")
    async def sessions(user: somebody) -> Response:
        return answers("sessions", SessionView, await auth.sessions.of_user(user.user_id, user.session_id))

    @api.post("/sessions/{session_id:uuid}/terminate")
    async def terminate(user: somebody, session_id: UUID) -> Response:
        await auth.sessions.terminate(user.user_id, session_id)
        return json_response({})

    @api.post("/sessions/terminate-others")
    async def terminate_others(user: somebody) -> Response:
        async with auth.works.begin(user.user_id) as work:
            ended = await auth.users.end_sessions(work, user.user_id, "terminated", user.session_id)
        return json_response({"ended": ended})


def _secrets(api: APIRouter, auth: Auth, somebody: Any) -> None:
    async def proven(user: Principal, asked: Any, then: Then[Any]) -> Any:
        found = await auth.users.get(user.user_id)
        row = await auth.users.find(found["username"])
        claim = Claim(found["username"], asked.password, asked.totp_code, asked.ip, asked.device)
        return await auth.proof.prove(claim, row, then, Code.PERMISSION_DENIED)

    @api.post("/users/me/password")
    async def change_password(
        user: somebody, asked: Annotated[schemas.PasswordChange, Depends(body(schemas.PasswordChange))]
    ) -> Response:
        found = await auth.users.get(user.user_id)
        check_password(asked.new_password, found["username"], found["email"], found["email"].split("@")[0])
        hashed = await auth.passwords.hash(asked.new_password)

        async def change(work: Work, row: Any) -> None:
            await auth.users.set_password(work, row, hashed, keep=user.session_id, ip=asked.ip)

        await proven(user, asked, change)
        return json_response({})

    @api.post("/2fa/enroll")
    async def enrol(user: somebody) -> Response:
        return answer(Enrolment, await auth.factor.enrol(user.user_id))

    @api.post("/2fa/verify")
    async def verify(
        user: somebody, asked: Annotated[schemas.FactorCode, Depends(body(schemas.FactorCode))]
    ) -> Response:
        codes = await auth.factor.enable(user.user_id, asked.totp_code)
        return answer(RecoveryCodes, {"recovery_codes": codes})

    @api.post("/2fa/disable")
    async def disable(
        user: somebody, asked: Annotated[schemas.FactorProof, Depends(body(schemas.FactorProof))]
    ) -> Response:
        async def change(work: Work, row: Any) -> None:
            await auth.factor.disable(work, user.user_id, user.user_id, asked.ip)

        await proven(user, asked, change)
        return json_response({})

    @api.post("/2fa/recovery-codes")
    async def recovery_codes(
        user: somebody, asked: Annotated[schemas.FactorProof, Depends(body(schemas.FactorProof))]
    ) -> Response:
        async def change(work: Work, row: Any) -> list[str]:
            return await auth.factor.renew_codes(work, row, asked.ip)

        return answer(RecoveryCodes, {"recovery_codes": await proven(user, asked, change)})


def _keys(api: APIRouter, auth: Auth, somebody: Any) -> None:
    @api.post("/api-keys", status_code=201)
    async def create(user: somebody, asked: Annotated[schemas.NewKey, Depends(body(schemas.NewKey))]) -> Response:
        made = await auth.api_keys.create(user.user_id, user.role, **asked.model_dump())
        return answer(KeyView, made, 201)

    @api.get("/api-keys")
    async def keys(user: somebody) -> Response:
        return answers("api_keys", KeyView, await auth.api_keys.of_user(user.user_id))

    @api.delete("/api-keys/{key_id:uuid}")
    async def revoke(user: somebody, key_id: UUID) -> Response:
        await auth.api_keys.revoke(user.user_id, key_id)
        return json_response({})
