"""How contract interfaces says that something went wrong."""

from typing import Any

from millrace.contracts.canonical.problem import Problem


def error(problem: Problem) -> dict[str, Any]:
    """Code and message, and the first field that is wrong with its reason; without one the reason is the message."""
    field, reason = next(iter(problem.blamed.items()), ("", problem.message))
    return {
        "error": {
            "code": problem.code.value,
            "message": problem.message,
            "details": {"field": field, "reason": reason.removeprefix("Value error, ")},
        }
    }
