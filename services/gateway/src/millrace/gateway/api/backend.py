"""Calls to the other services in the name of the user who asks."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any
from uuid import UUID

from fastapi import Request
from starlette._utils import get_route_path
from starlette.responses import Response

from millrace.common.auth.internal import HEADER, Identities
from millrace.common.auth.principal import Principal
from millrace.common.auth.tokens import TokenReader
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.web.client import ServiceClient
from millrace.common.web.errors import Renderer
from millrace.contracts.names import Contract
from millrace.gateway.app.once import Kept, Once

_PASSING = (409, 429)  # refusals that another try may not meet
_TOLD_ONCE = "this was done already, and the secret it made is told once; make another under a new Idempotency-Key"


class Backend:
    """Authenticates requests and passes them on."""

    def __init__(
        self,
        call: Callable[[str], ServiceClient],
        identities: Identities,
        tokens: TokenReader,
        once: Once,
        render: Renderer,
    ) -> None:
        self._once = once
        self._render = render
        self._call = call
        self._identities = identities
        self._tokens = tokens

    async def user(self, request: Request) -> Principal:
        """The user of a request to an address of our own. A dependency; raises AUTH_REQUIRED and AUTH_INVALID."""
        user = await self.known(request)
        await self.charge(request, user, None, "")
        return user

    async def anybody(self, request: Request) -> Principal | None:
        """Who sends a request, or None where that cannot be said."""
        try:
            return await self.known(request)
        except MillraceError:
            return None

    async def known(self, request: Request) -> Principal:
        """Who sends a request, by its bearer token or `X-API-Key`. Raises AUTH_REQUIRED and AUTH_INVALID."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            token = request.headers.get("x-api-key", "")
        if not token:
            raise MillraceError(Code.AUTH_REQUIRED, "Not authenticated: send an access token as Bearer")
        return await self._tokens.principal(token.strip(), request.client.host if request.client else "")

    async def charge(self, request: Request, user: Principal, contract: Contract | None, category: str) -> None:
        """Count a request for its user; raises RATE_LIMITED."""
        if (counting := request.scope.get("rates")) is not None:
            await counting.charge(request.scope, user, contract, category)

    async def once(
        self,
        request: Request,
        user: Principal,
        act: Callable[[UUID | None], Awaitable[Response]],
        *,
        secret: bool = False,
    ) -> Response:
        """What `act(intent id)` answers; with an `Idempotency-Key` it is done once and answered the same ever after.

        A `secret` answer is never stored: whoever comes again is refused with IDEMPOTENCY_CONFLICT.
        """
        key = request.headers.get("idempotency-key")
        if key is None:
            return await act(None)

        async def kept(intent: UUID) -> Kept:
            try:
                answer = await act(intent)
            except MillraceError as problem:
                if problem.status >= 500 or problem.status in _PASSING:
                    raise
                return _kept(self._render(problem, request))
            if not secret:
                return _kept(answer)
            told = self._render(MillraceError(Code.IDEMPOTENCY_CONFLICT, _TOLD_ONCE), request)
            return replace(_kept(answer), again=_kept(told))

        place = f"{get_route_path(request.scope)}?{request.url.query}"  # the same whichever contract is chosen
        route = f"{request.method} {sha256(place.encode(errors='replace')).hexdigest()}"
        found = await self._once.answer(user.user_id, route, key, await request.body(), kept)
        return Response(found.body, found.status, media_type=found.kind)

    def signed(self, user: Principal, service: str) -> str:
        """What tells a service who asks."""
        return self._identities.sign(user, service)

    async def ask(
        self,
        service: str,
        method: str,
        path: str,
        user: Principal | None = None,
        *,
        json: Any = None,
        query: Mapping[str, Any] | None = None,
        deadline: float = 10.0,
    ) -> Any:
        """The answer's JSON; a service's error is raised again."""
        headers = {HEADER: self.signed(user, service)} if user else {}
        answer = await self._call(service).request(
            method, path, json=json, query=query, headers=headers, deadline=deadline
        )
        if service == "auth" and user is not None and method != "GET":
            self._tokens.doubt(user.user_id)  # it may have ended a session
        return answer.value()


def _kept(answer: Response) -> Kept:
    return Kept(answer.status_code, answer.headers.get("content-type", ""), bytes(answer.body))
