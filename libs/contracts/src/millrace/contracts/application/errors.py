"""How contract application says that something went wrong."""

from typing import Any

from millrace.common.kernel.errors import Code
from millrace.contracts.canonical.problem import Problem
from millrace.contracts.spelling import moment

_GUARDED = {Code.AUTH_REQUIRED, Code.AUTH_INVALID, Code.PERMISSION_DENIED, Code.INTERNAL}


def error(problem: Problem) -> dict[str, Any]:
    """`{success, detail, errors, request_id, timestamp}`; where it is about security, no field is named."""
    return {
        "success": False,
        "detail": problem.message,
        "errors": {} if problem.code in _GUARDED else problem.blamed,
        "request_id": problem.request_id or "",
        "timestamp": moment(problem.at),
    }
