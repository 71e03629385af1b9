"""What all of contract botplatform has in common: the kinds of its fields, how it reads them, and its rows."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.timeframes import parse_timeframe
from millrace.contracts.canonical.frame import Page
from millrace.contracts.names import Access, Contract
from millrace.contracts.spelling import canonical_symbol
from millrace.contracts.table import Asked, Row, Shape, View

B = Contract.BOTPLATFORM


# What is asked
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
TimeframeText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10)]


class Paging(Asked):
    """Which stretch of a list."""

    limit: int = Field(50, ge=1, le=100)
    offset: int = Field(0, ge=0, le=1_000_000_000)


# What is answered
Id = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
Amount = Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?$")]
Bearer = Literal["bearer"]


class Paged(Shape):
    """Where the items of a page stand in the whole list."""

    total: int
    limit: int
    offset: int


def page(found: Page[Any], show: Callable[[Any], Any]) -> dict[str, Any]:
    """A page of a list, each item shown by `show`."""
    return {
        "items": [show(item) for item in found.items],
        "total": found.total,
        "limit": found.limit,
        "offset": found.offset,
    }


def nothing(result: Any, now: datetime) -> None:
    """An answer without a body."""


def symbol(text: str) -> str:
    """`BTC/USDT` for any spelling. Raises INVALID_SYMBOL, of the field `symbol`."""
    try:
        return canonical_symbol(text)
    except MillraceError as wrong:
        raise refused(wrong.code, wrong.message, "symbol", "is not a trading pair") from None


def timeframe(text: str) -> str:
    """`1h` for any spelling. Raises INVALID_TIMEFRAME, of the field `interval`."""
    try:
        return parse_timeframe(text)
    except MillraceError as wrong:
        raise refused(wrong.code, wrong.message, "interval", "is not a timeframe") from None


def refused(code: Code, message: str, field: str, reason: str) -> MillraceError:
    """An error about one field."""
    return MillraceError(code, message, fields={field: reason})


def absent(field: str, message: str) -> MillraceError:
    """A field is missing that another one's value calls for."""
    told = [{"loc": ("body", field), "msg": "Field required", "type": "missing"}]
    return MillraceError(Code.VALIDATION_ERROR, message, fields={field: "is required"}, details={"errors": told})


def row(method: str, path: str, operation: str, access: Access, view: View) -> Row:
    """An endpoint of this contract."""
    return Row(method, path, B, operation, access, view)
