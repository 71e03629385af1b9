"""What all of contract crypto has in common: its query models, its words, its errors."""

from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StrictInt, StringConstraints

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.instruments import INSTRUMENTS
from millrace.contracts.canonical.problem import Problem
from millrace.contracts.names import Contract
from millrace.contracts.spelling import Moment, joined, moment
from millrace.contracts.table import Asked, Shape

CRYPTO = Contract.CRYPTO
SymbolText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Id = Annotated[StrictInt | str, Field(description="a number, or a UUID")]
_NOT_FOUND = {
    "positions": "POSITION_NOT_FOUND",
    "strategies": "STRATEGY_NOT_FOUND",
    "strategy": "STRATEGY_NOT_FOUND",
    "models": "MODEL_NOT_FOUND",
    "model": "MODEL_NOT_FOUND",
    "backtests": "BACKTEST_NOT_FOUND",
}
_WORDS = {Code.RATE_LIMITED: "RATE_LIMIT_EXCEEDED"}
_WIDEST = 2**63


def _narrow(told: Any) -> Any:
    """Free-form JSON as it is. Raises ValueError for a number that most programs could not read back."""
    inner = told.values() if isinstance(told, dict) else told if isinstance(told, list) else ()
    for each in inner:
        _narrow(each)
    if isinstance(told, int | Decimal) and not -_WIDEST < told < _WIDEST:
        raise ValueError("holds a number that is out of range")
    return told


Free = Annotated[dict[str, Any], Field(max_length=100), AfterValidator(_narrow)]


def numbers(value: Any) -> Any:
    """Free-form JSON as it was written: numbers, not text."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        exact = Decimal(value)
        whole = abs(exact) < _WIDEST and exact == exact.to_integral_value()
        return int(exact) if whole else float(exact)
    if isinstance(value, dict):
        return {key: numbers(each) for key, each in value.items()}
    return [numbers(each) for each in value] if isinstance(value, list) else value


def amount(value: Decimal) -> float:
    """A JSON number with what matters of it; no minus before a zero."""
    return float(f"{value:z.8f}")


def span(start: datetime, end: datetime) -> None:
    """Raises INVALID_DATE_RANGE for a stretch of time that ends before it begins, or at once."""
    if start >= end:
        reason = "must be before end_date"
        raise MillraceError(Code.INVALID_DATE_RANGE, f"start_date {reason}", fields={"start_date": reason})


class TimesAsked(Asked):
    """A stretch of time, open where an end is missing."""

    start_time: Moment | None = None
    end_time: Moment | None = None

    def check(self) -> None:
        """Raises INVALID_DATE_RANGE for a stretch that ends before it begins."""
        if self.start_time and self.end_time and self.start_time > self.end_time:
            reason = "must not be after end_time"
            raise MillraceError(Code.INVALID_DATE_RANGE, f"start_time {reason}", fields={"start_time": reason})


def error(problem: Problem) -> dict[str, Any]:
    """`{"error": {...}}`; a wrong field stands in the details."""
    code = _absent(problem) if problem.code is Code.NOT_FOUND else None
    details = dict(problem.details)
    if problem.code is Code.INVALID_SYMBOL:
        details |= _symbols(details)
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


def _symbols(details: dict[str, Any]) -> dict[str, Any]:
    """What the document's sample says of a wrong symbol, in its spelling; the text stays where it is no pair."""
    told = str(details.get("symbol", ""))
    with suppress(MillraceError):
        told = joined(told)
    known = details.get("supported_symbols") or dict.fromkeys(symbol for _, symbol in INSTRUMENTS)
    return {"symbol": told, "supported_symbols": [joined(symbol) for symbol in known]}


def _absent(problem: Problem) -> str:
    """What was not there: what the message names, since a backtest may lack its strategy; else what was asked for."""
    area = _NOT_FOUND.get(problem.area, "NOT_FOUND")
    return _NOT_FOUND.get(problem.message.removesuffix(" not found"), area)


class Counted(Shape):
    """A named list says how many it holds."""

    count: int
