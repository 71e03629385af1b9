"""What all of contract network has in common: the success flag, its words, its errors."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, StringConstraints

from millrace.common.kernel.errors import Code
from millrace.common.kernel.instruments import EXCHANGES
from millrace.contracts.canonical.frame import Nothing
from millrace.contracts.canonical.problem import Problem
from millrace.contracts.names import Access, Contract
from millrace.contracts.spelling import moment
from millrace.contracts.table import Call, Row, Shape, View

NETWORK = Contract.NETWORK
_WORDS = {
    Code.RATE_LIMITED: "RATE_LIMIT",
    Code.INSUFFICIENT_BALANCE: "INSUFFICIENT_FUNDS",
    Code.UNAVAILABLE: "PROVIDER_ERROR",
    Code.INTERNAL: "PROVIDER_ERROR",
}
_KNOWN = {"AUTH_REQUIRED", "AUTH_INVALID", "VALIDATION_ERROR", "NOT_FOUND", "PERMISSION_DENIED", "PROVIDER_ERROR"}


def _there(name: str) -> str:
    if name not in EXCHANGES:
        raise ValueError(f"must be one of {', '.join(EXCHANGES)}")
    return name


Exchange = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=40),
    AfterValidator(_there),
]


def lower(told: Any) -> Any:
    """A word in any case, as we write it."""
    return told.strip().lower() if isinstance(told, str) else told


class Success(Shape):
    """It worked."""

    success: Literal[True]


class Told(Success):
    """It worked, in words."""

    message: str


def nothing(call: Call) -> Nothing:
    """A request that says nothing."""
    return Nothing()


def row(method: str, path: str, operation: str, view: View, access: Access = Access.USER) -> Row:
    """One of this contract's endpoints."""
    return Row(method, f"/api/{path}", NETWORK, operation, access, view)


def told(message: str) -> Callable[..., dict[str, Any]]:
    """Shows nothing but that it worked."""
    return lambda result, now: {"success": True, "message": message}


def error(problem: Problem) -> dict[str, Any]:
    """One of the document's eight codes; the message names the field that is wrong."""
    word = _WORDS.get(problem.code, problem.code.value)
    listed = word in _KNOWN or word in _WORDS.values()
    return {
        "success": False,
        "error": problem.message,
        "error_code": word if listed else "VALIDATION_ERROR",
        "timestamp": moment(problem.at),
    }
