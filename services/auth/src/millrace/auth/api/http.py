"""Routes of the auth service, and who may use them."""

from typing import Any

from fastapi import APIRouter, Request

from millrace.auth.api import account, administration, sign_in
from millrace.auth.app.auth import Auth
from millrace.common.auth.principal import Principal
from millrace.common.kernel.errors import Code, MillraceError


def routes(auth: Auth, current: Any) -> list[APIRouter]:
    """The API; `current` is the dependency that reads the identity of a call."""

    async def person(request: Request) -> Principal:
        user: Principal = await current(request)
        if user.by_key:
            raise MillraceError(Code.PERMISSION_DENIED, "an API key may not do this; sign in")
        return user

    async def admin(request: Request) -> Principal:
        user = await person(request)
        if not user.may("admin"):
            raise MillraceError(Code.PERMISSION_DENIED, "only an administrator may do this")
        return user

    return [
        sign_in.routes(auth, current),
        account.routes(auth, current, person),
        administration.routes(auth, person, admin),
    ]
