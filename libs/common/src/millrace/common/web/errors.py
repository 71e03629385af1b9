"""One internal error, rendered by whoever knows the caller's contract."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.web.answers import json_response

log = structlog.get_logger()

Renderer = Callable[[MillraceError, Request], Response]

_BY_STATUS = {
    401: Code.AUTH_REQUIRED,
    403: Code.PERMISSION_DENIED,
    404: Code.NOT_FOUND,
    405: Code.METHOD_NOT_ALLOWED,
    413: Code.PAYLOAD_TOO_LARGE,
    429: Code.RATE_LIMITED,
    503: Code.UNAVAILABLE,
}
_WORDS = {
    "extra_forbidden": "is not a known key",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "dict_type": "must be an object",
    "list_type": "must be a list",
    "string_type": "must be text",
    "string_pattern_mismatch": "has a form that is not allowed",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number within reason",
    "int_from_float": "must be a whole number",
    "uuid_type": "must be a UUID",
    "uuid_parsing": "must be a UUID",
    "datetime_type": "must be a date and time in ISO 8601",
    "datetime_parsing": "must be a date and time in ISO 8601",
    "datetime_from_date_parsing": "must be a date and time in ISO 8601",
}
_BEGINNINGS = {"Value error, ": "", **dict.fromkeys(("Input should ", "String should ", "List should "), "must ")}
_OURS = ((re.compile(r"Decimal\('([^']*)'\)"), r"\1"), (re.compile(r" after validation, not .*"), ""))
"""What a reason says of our models: their types, and when they count."""


def canonical(error: MillraceError, request: Request) -> Response:
    """The body that services give each other."""
    shown: dict[str, Any] = {
        "code": error.code.value,
        "message": error.message,
        "fields": error.fields,
        "details": error.details,
        "request_id": request.scope.get("request_id"),
    }
    if trace_id := request.scope.get("trace_id"):
        shown["trace_id"] = trace_id
    return json_response({"error": shown}, error.status, _headers(error))


def _headers(error: MillraceError) -> dict[str, str]:
    if error.retry_after is not None:
        return {"retry-after": str(max(1, round(error.retry_after)))}
    return {"www-authenticate": "Bearer"} if error.status == 401 else {}


def route_of(scope: Mapping[str, Any]) -> str:
    """A request's address as it may be told to others: its route's pattern, since a value in it may be a secret."""
    return str(getattr(scope.get("route"), "path", "unmatched"))


def handle_errors(app: FastAPI, render: Renderer, unavailable: tuple[type[Exception], ...]) -> None:
    """Turn every exception into an answer of `render`; `unavailable` are the ones that mean "try again"."""

    async def known(request: Request, error: Any) -> Response:
        return render(error, request)

    async def invalid(request: Request, error: Any) -> Response:
        return render(validation_error(error), request)

    async def http(request: Request, error: Any) -> Response:
        code = _BY_STATUS.get(error.status_code, Code.VALIDATION_ERROR)
        answer = render(MillraceError(code, str(error.detail)), request)
        for name, value in (error.headers or {}).items():
            answer.headers[name] = value
        return answer

    async def busy(request: Request, error: Any) -> Response:
        log.warning("a dependency is unavailable", error=repr(error), path=route_of(request.scope))
        wrong = MillraceError(Code.UNAVAILABLE, "the service is temporarily unavailable; try again", retry_after=1)
        return render(wrong, request)

    app.add_exception_handler(MillraceError, known)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    for kind in unavailable:
        app.add_exception_handler(kind, busy)


def validation_error(error: RequestValidationError) -> MillraceError:
    """What a model found wrong, as our own error; `details["errors"]` keeps place, text and type of each."""
    found = [{"loc": list(e["loc"]), "msg": _reason(e), "type": e["type"]} for e in error.errors()]
    fields = {".".join(str(p) for p in e["loc"][1:]) or str(e["loc"][0]): str(e["msg"]) for e in found}
    first = next(iter(fields.items()), ("request", "invalid"))
    return MillraceError(Code.VALIDATION_ERROR, f"{first[0]}: {first[1]}", fields=fields, details={"errors": found})


def _reason(error: Any) -> str:
    """The reason in words for people who know nothing of our models."""
    text = str(error["msg"])
    for begins, said in _BEGINNINGS.items():
        if text.startswith(begins):
            text = said + text.removeprefix(begins)
    for pattern, said in _OURS:
        text = pattern.sub(said, text)
    return _WORDS.get(error["type"], text)
