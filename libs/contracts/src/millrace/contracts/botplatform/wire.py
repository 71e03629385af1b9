"""What all of contract botplatform has in common: the kinds of its fields, how it reads them, and its rows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, StringConstraints, WithJsonSchema
from pydantic_core import core_schema

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.timeframes import parse_timeframe
from millrace.contracts.canonical.frame import Page, Ref
from millrace.contracts.names import Access, Contract
from millrace.contracts.spelling import canonical_symbol, moment, read_ref
from millrace.contracts.table import Asked, Row, Shape, View
from millrace.contracts.vocab import Vocabulary

B = Contract.BOTPLATFORM


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """Marks a text of a request as one of our words, or another contract's, in any case; OpenAPI shows ours."""

    words: Vocabulary

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._known, handler(source))

    def __get_pydantic_json_schema__(self, schema: core_schema.CoreSchema, handler: Any) -> dict[str, Any]:
        said = dict.fromkeys(self.words.say(value, B) for value in self.words.values)
        return {"type": "string", "enum": list(said)}

    def _known(self, told: str) -> str:
        try:
            self.words.read(told, B)
        except MillraceError as unknown:
            raise ValueError(unknown.fields[self.words.name]) from None
        return told


def _ref(value: Any) -> Ref:
    try:
        return read_ref(value)
    except MillraceError:
        raise ValueError("must be a UUID or a number") from None


# What is asked
RefText = Annotated[
    UUID | int,
    BeforeValidator(_ref),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "uuid"}, {"type": "integer"}]}),
]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Exchange = Annotated[
    str, StringConstraints(strip_whitespace=True, to_lower=True, max_length=40, pattern=r"^[A-Za-z0-9_-]+$")
]
SymbolText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
TimeframeText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10)]
Free = Annotated[dict[str, Any], Field(max_length=100)]


class Paging(Asked):
    """Which stretch of a list."""

    limit: int = Field(50, ge=1, le=100)
    offset: int = Field(0, ge=0, le=1_000_000_000)


# What is answered
Id = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
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


def free(value: Any) -> Any:
    """What a user stored in a free-form object, as JSON: amounts are numbers."""
    match value:
        case dict():
            return {str(key): free(inner) for key, inner in value.items()}
        case list() | tuple():
            return [free(inner) for inner in value]
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case datetime():
            return moment(value)
        case UUID():
            return str(value)
    return value


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
