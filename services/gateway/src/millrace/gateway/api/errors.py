"""Errors as every contract under /api/v1 can read them: one body with all their keys."""

from typing import Any

from fastapi import Request
from starlette.responses import Response

from millrace.common.kernel.clock import SystemClock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.web.answers import json_response
from millrace.gateway.app.words import moment

_CLOCK = SystemClock()
_WORDS = {
    Code.AUTH_INVALID: "INVALID_TOKEN",
    Code.AUTH_REQUIRED: "INVALID_TOKEN",
    Code.RATE_LIMITED: "RATE_LIMIT_EXCEEDED",
}
_OLD = {"missing": ("field required", "value_error.missing")}


def union(error: MillraceError, request: Request) -> Response:
    """The error in the four envelopes of /api/v1 at once."""
    now = moment(_CLOCK.now())
    request_id = request.scope.get("request_id")
    code = _WORDS.get(error.code, error.code.value)
    found = error.details.get("errors") or [
        {"loc": [_place(field, request), field], "msg": reason, "type": "value_error"}
        for field, reason in error.fields.items()
    ]
    details: dict[str, Any] = {k: v for k, v in error.details.items() if k != "errors"}
    for field, reason in list(error.fields.items())[:1]:
        details = {"field": field, "reason": reason, **details}
    content = {
        "success": False,
        "detail": [_old(e) for e in found] if found and error.status == 422 else error.message,
        "code": code,
        "errors": error.fields,
        "request_id": request_id,
        "timestamp": now,
        "error": {
            "code": code,
            "message": error.message,
            "details": details,
            "timestamp": now,
            "request_id": request_id,
        },
    }
    headers = {}
    if error.retry_after is not None:
        headers["retry-after"] = str(max(1, round(error.retry_after)))
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    return json_response(content, error.status, headers)


def _place(field: str, request: Request) -> str:
    """Where a field came from that was found wrong behind the gateway."""
    if field in request.query_params:
        return "query"
    return "path" if field in request.path_params else "body"


def _old(error: dict[str, Any]) -> dict[str, Any]:
    message, kind = _OLD.get(error["type"], (error["msg"], error["type"]))
    return {"loc": error["loc"], "msg": message, "type": kind}
