"""How contract application answers: `{success, message, data}`, percents, and objects of no fixed form."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import WithJsonSchema

from millrace.contracts.canonical.frame import Done
from millrace.contracts.canonical.performance import Metrics
from millrace.contracts.spelling import moment, number, percent
from millrace.contracts.table import Shape

T = TypeVar("T")
Json = dict[str, Any]
When = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]

_PERCENTS = ("total_return", "volatility", "max_drawdown", "win_rate")


class Answer(Shape, Generic[T]):
    """It worked: in words, and what came of it."""

    success: Literal[True]
    message: str
    data: T


class Success(Shape):
    """It worked."""

    success: Literal[True]


class Message(Success):
    """It worked: in words."""

    message: str


class Stamp(Shape):
    """When."""

    timestamp: When


def told(message: str, **data: Any) -> Json:
    """The body of an `Answer`."""
    return {"success": True, "message": message, "data": data}


def done(message: str) -> Callable[[Done, datetime], Json]:
    """Shows in words, and with the time, that something was done."""
    return lambda result, now: told(message, timestamp=moment(result.at))


def succeeded(result: Any, now: datetime) -> Json:
    """Shows only that it worked."""
    return {"success": True}


def said(message: str) -> Callable[[Any, datetime], Json]:
    """Shows in words that it worked."""
    return lambda result, now: {"success": True, "message": message}


def percents(fraction: Decimal) -> float:
    """0.25 is 25.0."""
    return round(number(percent(fraction)), 6)


def metrics(found: Metrics) -> Json:
    """The numbers of a report: returns, volatility, drawdown (above zero) and win rate in percent."""
    plain = {name: round(number(value), 6) if isinstance(value, Decimal) else value for name, value in found}
    return plain | {name: percents(getattr(found, name)) for name in _PERCENTS}


def last(end: datetime) -> datetime:
    """The last second before an end that is a midnight; every other end is itself."""
    return end - timedelta(seconds=1) if end.astimezone(UTC).time() == time() else end


def free(value: Any) -> Any:
    """An object of no fixed form as plain JSON: amounts are numbers, times and ids are text."""
    match value:
        case None | bool() | int() | float():
            return value
        case Decimal():
            return number(value)
        case datetime():
            return moment(value)
        case Mapping():
            return {str(key): free(inner) for key, inner in value.items()}
        case list() | tuple():
            return [free(inner) for inner in value]
    return str(value)
