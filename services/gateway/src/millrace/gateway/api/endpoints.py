"""The contracts' endpoints: each request is read by a view, done by a handler, and shown by the view."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from millrace.common.auth.principal import Principal
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.web.answers import json_response
from millrace.common.web.errors import validation_error
from millrace.common.web.json_body import loads
from millrace.common.web.routes import Route
from millrace.contracts import select
from millrace.contracts.canonical.frame import MOST, Page
from millrace.contracts.canonical.users import SignedIn
from millrace.contracts.dialects import endpoints
from millrace.contracts.names import Access, Contract
from millrace.contracts.table import Asked, Call, Row
from millrace.contracts.union import merge
from millrace.gateway.api import cookies
from millrace.gateway.api.backend import Backend
from millrace.gateway.app.asking import Asking, Handlers

Rows = Mapping[Contract, Row]
_MANY = 500


@dataclass(frozen=True, slots=True)
class Heard:
    """A request that has been read: its JSON body (None where it has none), who sent it, and whose view it is for.

    `alone` says that the answer is that view's; else it is one that all of the address can read.
    """

    body: Any
    raw: bytes
    user: Principal | None
    row: Row
    alone: bool
    chosen: Contract | None
    hint: Contract | None


class Endpoints:
    """Answers every row of the table. `origins` is whether things show themselves in their makers' words."""

    def __init__(
        self, backend: Backend, handlers: Handlers, clock: Clock, *, origins: bool = True, secure: bool = False
    ) -> None:
        self._backend = backend
        self._handlers = handlers
        self._clock = clock
        self._origins = origins
        self._secure = secure

    def routes(self) -> list[Route]:
        """In the order in which they must be tried."""
        return [self._route(method, path, rows) for (method, path), rows in endpoints().items()]

    def _route(self, method: str, path: str, rows: Rows) -> Route:
        owners = [rows[contract] for contract in select.OWNERS.get((method, path), tuple(rows)) if contract in rows]
        if {row.contract for row in owners} != set(rows) or len({row.operation for row in owners}) > 1:
            raise ValueError(f"{method} {path}: nothing says whose values count")

        # botplatform's clients know no other form of a wrong field than theirs
        wronged = Contract.BOTPLATFORM if Contract.BOTPLATFORM in rows else owners[0].contract

        async def endpoint(request: Request) -> Response:
            request.scope.update(operation=owners[0].operation, owner=wronged)
            heard = await self._hear(request, method, path, owners)

            async def act(intent: UUID | None) -> Response:
                return await self._answer(request, heard, owners, intent)

            if heard.user is None or method == "GET" or owners[0].operation.startswith("auth."):  # tokens are not kept
                return await act(None)
            return await self._backend.once(request, heard.user, act)

        return Route(path, endpoint, methods=[method], name=f"{owners[0].operation} {path}")

    async def _hear(self, request: Request, method: str, path: str, owners: list[Row]) -> Heard:
        scope = request.scope
        for_all = owners[0].access in (Access.PUBLIC, Access.SIGNATURE)
        user = await (self._backend.anybody if for_all else self._backend.known)(request)
        raw = await request.body()
        body = loads(raw) if raw.strip() and owners[0].access is not Access.SIGNATURE else None
        chosen = scope["contract"] = scope.get("contract") or (
            Contract(user.contract) if user and user.contract else None
        )
        hint = select.evidence(method, path, request.query_params, body)
        by = {row.contract: row for row in owners}
        if len(owners) == 1:
            row, alone = owners[0], True
        elif chosen is not None and (found := _fitting(chosen, by)) is not None:
            row, alone = found, True
        elif hint is not None:
            row, alone = by[hint], True
        else:
            row, alone = owners[0], False
        if alone:
            scope["owner"] = scope["answered_as"] = row.contract
        if user is not None:
            await self._backend.charge(request, user, row.contract if alone else None, row.category if alone else "")
            _permit(user, row)
        return Heard(body, raw, user, row, alone, chosen, hint)

    async def _answer(self, request: Request, heard: Heard, owners: list[Row], intent: UUID | None) -> Response:
        row, now = heard.row, self._clock.now()
        command = row.view.parse(_call(request, heard))
        if not heard.alone and (row.method, row.path) in select.WHOLE:
            command = command.model_copy(update={"limit": MOST})
        signing_in = row.operation.startswith("auth.")
        device = cookies.device(request) if signing_in else ""
        asking = Asking(
            backend=self._backend.ask,
            now=now,
            spoken=row.contract,
            principal=heard.user,
            contract=heard.chosen,
            hint=heard.hint,
            intent=intent,
            ip=request.client.host if request.client else "",
            user_agent=request.headers.get("user-agent", "")[:200],
            device=device,
        )
        result = await self._handlers[row.operation](asking, command)
        if row.view.status == 204:
            answer = Response(status_code=204)
        else:
            show = partial(self._shown, heard, owners, result, now)
            answer = await asyncio.to_thread(show) if _long(result) else show()
        if isinstance(result, SignedIn):
            cookies.keep(request, answer, result, device, secure=self._secure)
        elif row.operation == "auth.logout":
            cookies.forget(answer)
        return answer

    def _shown(self, heard: Heard, owners: list[Row], result: Any, now: Any) -> Response:
        row = heard.row
        content = row.view.present(result, now) if heard.alone else self._merged(owners, result, now)
        return json_response(content, row.view.status)

    def _merged(self, owners: list[Row], result: Any, now: Any) -> Any:
        origin = getattr(result, "origin", None) if self._origins else None
        leading = next((row for row in owners if row.contract == origin), owners[0])
        bodies = {}
        for row in owners:
            try:
                bodies[row.contract] = row.view.present(result, now)
            except MillraceError:
                if row is leading:
                    raise  # what is an error for its own contract alone is left out
        items = [item.origin for item in result.items] if isinstance(result, Page) and self._origins else []
        return merge(bodies, origin, items)


def _long(result: Any) -> bool:
    """Whether showing it would hold up everybody else."""
    told = vars(result).values() if isinstance(result, BaseModel) else ()
    return any(isinstance(value, tuple | list) and len(value) > _MANY for value in told)


def _fitting(chosen: Contract, rows: Rows) -> Row | None:
    """The chosen contract's row; where it has none, botplatform reads as interfaces, and the others nothing."""
    if chosen is Contract.BOTPLATFORM and chosen not in rows:
        return rows.get(Contract.INTERFACES)
    return rows.get(chosen)


def _permit(user: Principal, row: Row) -> None:
    permission = row.access.permission
    if permission is not None and not user.may(permission):
        raise MillraceError(Code.PERMISSION_DENIED, f"this needs the permission {permission!r}, which you do not have")


def _call(request: Request, heard: Heard) -> Call:
    view = heard.row.view
    said = heard.body if heard.body is not None else {}
    if (
        heard.row.operation in ("auth.refresh", "auth.logout")
        and isinstance(said, dict)
        and not said.get("refresh_token")
        and (kept := request.cookies.get(cookies.REFRESH))
    ):
        said = {**said, "refresh_token": kept}
    return Call(
        path={name: str(value) for name, value in request.path_params.items()},
        query=_read(view.query, "query", dict(request.query_params)) if view.query else None,
        body=_read(view.body, "body", said) if view.body else None,
        raw=heard.raw,
        headers=request.headers,
    )


def _read(model: type[Asked], place: str, told: Any) -> BaseModel:
    try:
        return model.model_validate(told)
    except ValidationError as wrong:
        errors = wrong.errors(include_url=False, include_context=False)
        raise validation_error(RequestValidationError([{**e, "loc": (place, *e["loc"])} for e in errors])) from None
