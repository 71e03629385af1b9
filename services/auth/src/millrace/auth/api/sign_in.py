"""Routes of whoever is not signed in yet, and of the edge that asks about tokens."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from millrace.auth.api import schemas
from millrace.auth.api.schemas import KeyOwner, TokensView, answer
from millrace.auth.app.auth import Auth
from millrace.auth.app.proof import Claim
from millrace.auth.app.sessions import Opening
from millrace.auth.app.users import NewUser
from millrace.common.auth.principal import Principal
from millrace.common.db.work import Work
from millrace.common.web.answers import json_response
from millrace.common.web.json_body import body


def routes(auth: Auth, current: Any) -> APIRouter:
    """Registration, sign-in in all its forms, and what is known of tokens."""
    api = APIRouter()

    @api.post("/register")
    async def register(asked: Annotated[schemas.Register, Depends(body(schemas.Register))]) -> Response:
        names = ("username", "email", "password", "full_name", "first_name", "currency")
        user = NewUser(**{name: getattr(asked, name) for name in names}, origin_contract=asked.contract)
        found = await auth.registration.register(user, asked.invite_code, _opening(auth, asked, hint=asked.contract))
        return answer(TokensView, found)

    @api.post("/login")
    async def login(asked: Annotated[schemas.Login, Depends(body(schemas.Login))]) -> Response:
        code = asked.totp_code or asked.mfa_token
        claim = Claim(asked.username, asked.password, code, asked.ip, asked.device)
        opening = _opening(auth, asked, asked.device_info, asked.contract, asked.hint)

        async def open_session(work: Work, user: Any) -> dict[str, Any]:
            return await auth.sessions.open(work, user, opening, "password")

        row = await auth.users.find(asked.username)
        return answer(TokensView, await auth.proof.prove(claim, row, open_session))

    @api.post("/refresh")
    async def refresh(asked: Annotated[schemas.Refresh, Depends(body(schemas.Refresh))]) -> Response:
        return answer(TokensView, await auth.sessions.refresh(asked.refresh_token, asked.contract))

    @api.post("/logout")
    async def logout(request: Request, asked: Annotated[schemas.Logout, Depends(body(schemas.Logout))]) -> Response:
        if asked.refresh_token is not None:
            await auth.sessions.end_by_refresh(asked.refresh_token)
        else:
            user: Principal = await current(request)
            if user.session_id is not None:
                await auth.sessions.end(user.session_id, "logout")
        return json_response({})

    @api.post("/tickets/redeem")
    async def redeem(asked: Annotated[schemas.Ticket, Depends(body(schemas.Ticket))]) -> Response:
        return answer(TokensView, await auth.tickets.redeem(asked.ticket, _opening(auth, asked)))

    _forgotten(api, auth)
    _questions(api, auth)
    return api


def _forgotten(api: APIRouter, auth: Auth) -> None:
    @api.post("/password-resets")
    async def reset(asked: Annotated[schemas.ResetRequest, Depends(body(schemas.ResetRequest))]) -> Response:
        await auth.resets.request(asked.email)
        return json_response({})

    @api.post("/password-resets/complete")
    async def complete(asked: Annotated[schemas.ResetComplete, Depends(body(schemas.ResetComplete))]) -> Response:
        await auth.resets.complete(asked.token, asked.new_password, asked.ip)
        return json_response({})


def _questions(api: APIRouter, auth: Auth) -> None:
    @api.get("/jwks")
    async def jwks() -> Response:
        return json_response(auth.signer.jwks)

    @api.post("/introspect")
    async def introspect(asked: Annotated[schemas.Introspect, Depends(body(schemas.Introspect))]) -> Response:
        return json_response({"live": await auth.sessions.live(asked.session_ids)})

    @api.post("/api-keys/verify")
    async def verify(asked: Annotated[schemas.KeyClaim, Depends(body(schemas.KeyClaim))]) -> Response:
        return answer(KeyOwner, await auth.api_keys.verify(asked.key, asked.ip))


def _opening(
    auth: Auth,
    asked: Any,
    info: schemas.DeviceInfo | None = None,
    contract: str | None = None,
    hint: str | None = None,
) -> Opening:
    said = info or schemas.DeviceInfo()
    return Opening(
        ip=asked.ip,
        user_agent=said.user_agent or asked.user_agent,
        claimed_ip=said.ip_address,
        device_type=said.device_type,
        device=auth.attempts.mark(asked.device),
        contract=contract,
        hint=hint,
    )
