"""Calls to the other services in the name of the user who asks."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Request

from millrace.common.auth.internal import HEADER, Identities
from millrace.common.auth.principal import Principal
from millrace.common.auth.tokens import KEY_START, TokenReader
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.web.client import ServiceClient


class Backend:
    """Authenticates requests and passes them on."""

    def __init__(self, call: Callable[[str], ServiceClient], identities: Identities, tokens: TokenReader) -> None:
        self._call = call
        self._identities = identities
        self._tokens = tokens

    async def user(self, request: Request) -> Principal:
        """The user of a request, by its bearer token or `X-API-Key`. A dependency."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            token = request.headers.get("x-api-key", "")
            if not token.startswith(KEY_START):
                raise MillraceError(Code.AUTH_REQUIRED, "Not authenticated: send an access token as Bearer")
        return await self._tokens.principal(token.strip(), request.client.host if request.client else "")

    async def ask(
        self,
        service: str,
        method: str,
        path: str,
        user: Principal | None = None,
        *,
        json: Any = None,
        query: Mapping[str, Any] | None = None,
    ) -> Any:
        """The answer's JSON; a service's error is raised again."""
        headers = {HEADER: self._identities.sign(user, service)} if user else {}
        answer = await self._call(service).request(method, path, json=json, query=query, headers=headers)
        return answer.value()
