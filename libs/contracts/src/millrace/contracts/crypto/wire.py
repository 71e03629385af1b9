"""What all of contract crypto has in common: its query models, its words, its errors."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field

from millrace.common.kernel.errors import Code
from millrace.contracts.canonical.problem import Problem
from millrace.contracts.names import Contract
from millrace.contracts.spelling import moment
from millrace.contracts.table import Shape

CRYPTO = Contract.CRYPTO
SymbolText = Annotated[str, Field(min_length=1, max_length=40)]
_NOT_FOUND = {
    "positions": "POSITION_NOT_FOUND",
    "strategies": "STRATEGY_NOT_FOUND",
    "models": "MODEL_NOT_FOUND",
    "backtests": "BACKTEST_NOT_FOUND",
}
_WORDS = {Code.RATE_LIMITED: "RATE_LIMIT_EXCEEDED"}


def amount(value: Decimal) -> float:
    """A JSON number with what matters of it."""
    return float(round(value, 8))


def error(problem: Problem) -> dict[str, Any]:
    """`{"error": {...}}`; a wrong field stands in the details."""
    code = _NOT_FOUND.get(problem.area, "NOT_FOUND") if problem.code is Code.NOT_FOUND else None
    details = dict(problem.details)
    for field, reason in list(problem.fields.items())[:1]:
        details = {"field": field, "reason": reason, **details}
    return {
        "error": {
            "code": code or _WORDS.get(problem.code, problem.code.value),
            "message": problem.message,
            "details": details,
            "timestamp": moment(problem.at),
            "request_id": problem.request_id,
        }
    }


def status(problem: Problem) -> int:
    """The document lists no 422: what is invalid is a 400."""
    return 400 if problem.status == 422 else problem.status


class Counted(Shape):
    """A named list says how many it holds."""

    count: int
