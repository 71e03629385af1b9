"""Addresses of our own beside the contracts': what no document has and users need. They hand over to a service."""

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.web.answers import json_response
from millrace.common.web.json_body import loads
from millrace.common.web.routes import Route
from millrace.contracts.names import Access
from millrace.gateway.api import cookies
from millrace.gateway.api.backend import Backend


@dataclass(frozen=True, slots=True)
class Passed:
    """A request that a service answers itself, in the user's name. `whence`: it is told where the caller is.

    `again` is what a change under an `Idempotency-Key` that came before gets: its answer; a refusal, where the answer
    has a secret; or it is done again, where the request has a password, of which nothing may be stored. `makes` says
    that the service takes an intent as the id of what it makes.
    """

    method: str
    path: str
    service: str
    target: str
    access: Access
    status: int = 200
    whence: bool = False
    again: Literal["answer", "refusal", "deed"] = "answer"
    makes: bool = False


_AUTH = "/api/v1/auth"
_CODES = f"{_AUTH}/2fa/recovery-codes"
_TRANSFER = "/api/v1/transfers/{transfer_id:uuid}"
PASSED: tuple[Passed, ...] = (
    Passed("POST", f"{_AUTH}/api-keys", "auth", "/api-keys", Access.USER, 201, again="refusal", makes=True),
    Passed("GET", f"{_AUTH}/api-keys", "auth", "/api-keys", Access.USER),
    Passed("DELETE", f"{_AUTH}/api-keys/{{key_id:uuid}}", "auth", "/api-keys/{key_id}", Access.USER),
    Passed("POST", f"{_AUTH}/2fa/enroll", "auth", "/2fa/enroll", Access.USER, again="deed"),
    Passed("POST", f"{_AUTH}/2fa/verify", "auth", "/2fa/verify", Access.USER, again="deed"),
    Passed("POST", f"{_AUTH}/2fa/disable", "auth", "/2fa/disable", Access.USER, whence=True, again="deed"),
    Passed("POST", _CODES, "auth", "/2fa/recovery-codes", Access.USER, whence=True, again="deed"),
    Passed("POST", f"{_AUTH}/sessions/terminate-others", "auth", "/sessions/terminate-others", Access.USER),
    Passed("POST", "/api/v1/users/me/password", "auth", "/users/me/password", Access.USER, whence=True, again="deed"),
    Passed("POST", "/api/v1/users", "auth", "/users", Access.ADMIN, 201, again="deed"),
    Passed("GET", "/api/v1/users", "auth", "/users", Access.ADMIN),
    Passed("PATCH", "/api/v1/users/{user_id:uuid}", "auth", "/users/{user_id}", Access.ADMIN),
    Passed("POST", "/api/v1/invites", "auth", "/invites", Access.ADMIN, 201, again="refusal", makes=True),
    Passed("GET", "/api/v1/invites", "auth", "/invites", Access.ADMIN),
    Passed("DELETE", "/api/v1/invites/{invite_id:uuid}", "auth", "/invites/{invite_id}", Access.ADMIN),
    Passed("GET", "/api/v1/bots/{bot_id:uuid}/skips", "bots", "/bots/{bot_id}/skips", Access.USER),
    Passed("POST", "/api/v1/bots/{bot_id:uuid}/pause", "bots", "/bots/{bot_id}/pause", Access.TRADER),
    Passed("POST", "/api/v1/bots/{bot_id:uuid}/resume", "bots", "/bots/{bot_id}/resume", Access.TRADER),
    Passed("GET", "/api/v1/webhook/secret", "bots", "/webhook/secret", Access.USER),
    Passed("PUT", "/api/v1/webhook/secret", "bots", "/webhook/secret", Access.TRADER, again="refusal"),
    Passed("DELETE", "/api/v1/webhook/secret", "bots", "/webhook/secret", Access.TRADER),
    Passed("GET", "/api/v1/risk/kill", "risk", "/kill", Access.USER),
    Passed("POST", "/api/v1/risk/kill", "risk", "/kill", Access.TRADER),
    Passed("DELETE", "/api/v1/risk/kill", "risk", "/kill", Access.TRADER),
    Passed("GET", "/api/v1/trades", "portfolio", "/trades", Access.USER),
    Passed("GET", "/api/v1/portfolio/equity", "portfolio", "/equity", Access.USER),
    Passed("POST", f"{_TRANSFER}/{{verb}}", "portfolio", "/transfers/{transfer_id}/{verb}", Access.TRADER),
)  # fmt: skip


def routes(backend: Backend) -> list[Route]:
    """All of them."""
    return [_route(backend, passed) for passed in PASSED]


def _route(backend: Backend, passed: Passed) -> Route:
    async def endpoint(request: Request) -> Response:
        user = await backend.user(request)
        permission = passed.access.permission
        if permission is not None and not user.may(permission):
            raise MillraceError(
                Code.PERMISSION_DENIED, f"this needs the permission {permission!r}, which you do not have"
            )
        raw = await request.body()
        told: Any = loads(raw) if raw.strip() else {} if passed.method in ("POST", "PUT", "PATCH") else None
        if passed.whence and isinstance(told, dict):
            told |= {
                "ip": request.client.host if request.client else "",
                "device": cookies.known_device(request),
            }
        target = passed.target.format(**request.path_params)
        query = {name: request.query_params.getlist(name) for name in request.query_params}

        async def act(intent: UUID | None) -> Response:
            sent = {**told, "intent_id": intent} if passed.makes and isinstance(told, dict) else told
            found = await backend.ask(passed.service, passed.method, target, user, json=sent, query=query)
            return json_response(found, passed.status)

        if passed.method == "GET" or passed.again == "deed":
            return await act(None)
        return await backend.once(request, user, act, secret=passed.again == "refusal")

    return Route(passed.path, endpoint, methods=[passed.method])
