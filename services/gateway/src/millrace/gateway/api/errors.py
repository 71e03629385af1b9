"""Errors in the words of whoever asked: one contract's envelope, or one that all under /api/v1 can read."""

from typing import Any

from fastapi import Request
from starlette._utils import get_route_path
from starlette.responses import Response

from millrace.common.kernel.clock import SystemClock
from millrace.common.kernel.errors import MillraceError
from millrace.common.web.answers import json_response
from millrace.contracts.canonical.problem import Problem
from millrace.contracts.dialects import DIALECTS
from millrace.contracts.names import Contract
from millrace.contracts.union import merge

_CLOCK = SystemClock()


def render(error: MillraceError, request: Request) -> Response:
    """The answer that tells of an error; what the request's scope holds decides whose words it has."""
    scope = request.scope
    contract, owner = scope.get("contract"), scope.get("owner")
    if contract is None and not _shared(request):
        contract = Contract.NETWORK
    problem = _problem(error, request)
    if contract is not None:
        dialect = DIALECTS[contract]
        status, body = dialect.status(problem), dialect.error(problem)
    else:
        status = DIALECTS[owner].status(problem) if owner else problem.status
        body = union(problem, owner)
    headers = {}
    if error.retry_after is not None:
        headers["retry-after"] = str(max(1, round(error.retry_after)))
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    return json_response(body, status, headers)


def union(problem: Problem, owner: Contract | None) -> Any:
    """The four envelopes of /api/v1 at once: `code` in botplatform's words, `error.code` in crypto's.

    `detail` is a text or a list as the address's owner has it.
    """
    two = [Contract.BOTPLATFORM, Contract.APPLICATION]
    if owner is Contract.APPLICATION:
        two.reverse()
    body = merge({each: DIALECTS[each].error(problem) for each in (*two, Contract.CRYPTO, Contract.INTERFACES)})
    return {"code": body["error"]["code"], **body}  # botplatform gives a wrong field no code


def _shared(request: Request) -> bool:
    path = get_route_path(request.scope)
    return not path.startswith("/api/") or path.startswith("/api/v1/")


def _problem(error: MillraceError, request: Request) -> Problem:
    operation = request.scope.get("operation", "")
    problem = Problem.of(error, _CLOCK.now(), request.scope.get("request_id"), operation)
    if error.details.get("errors"):
        return problem
    placed = [each.model_copy(update={"loc": (_place(each.field, request), *each.loc[1:])}) for each in problem.errors]
    return problem.model_copy(update={"errors": tuple(placed)})


def _place(field: str, request: Request) -> str:
    """Where a field came from that was found wrong behind the gateway."""
    if field in request.query_params:
        return "query"
    return "path" if field in request.path_params else "body"
