"""Kinds of fields, and of orders, that contracts ask for and show alike."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import core_schema

from millrace.common.kernel.errors import MillraceError
from millrace.contracts.canonical.frame import Ref
from millrace.contracts.names import Contract
from millrace.contracts.spelling import Number, moment, read_ref
from millrace.contracts.table import Asked
from millrace.contracts.vocab import Vocabulary

SERVERS = {
    "id", "num", "order_id", "user_id", "status", "reason", "filled_quantity", "average_price", "avg_fill_price",
    "fees", "origin", "source", "created_at", "placed_at", "updated_at", "cancelled_at",
}  # fmt: skip
"""What only the server says of an order; in a request it means nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """Marks a text of a request as a word of `contract`, or of another one, in any case; OpenAPI shows its own."""

    words: Vocabulary
    contract: Contract

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._known, handler(source))

    def __get_pydantic_json_schema__(self, schema: core_schema.CoreSchema, handler: Any) -> dict[str, Any]:
        said = dict.fromkeys(self.words.say(value, self.contract) for value in self.words.values)
        return {"type": "string", "enum": list(said)}

    def _known(self, told: str) -> str:
        try:
            self.words.read(told, self.contract)
        except MillraceError as unknown:
            raise ValueError(unknown.fields[self.words.name]) from None
        return told


def _ref(value: Any) -> Ref:
    try:
        return read_ref(value, "row")
    except MillraceError:
        raise ValueError("must be a UUID or a number") from None


RefText = Annotated[
    UUID | int,
    BeforeValidator(_ref),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "uuid"}, {"type": "integer"}]}),
]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Exchange = Annotated[
    str, StringConstraints(strip_whitespace=True, to_lower=True, max_length=40, pattern=r"^[A-Za-z0-9_-]+$")
]
SymbolText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Free = Annotated[dict[str, Any], Field(max_length=100)]
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class Ordering(Asked):
    """What every order says.

    A key that nobody knows is refused: a misspelt price must not become an order without one.
    """

    model_config = ConfigDict(extra="forbid")

    symbol: SymbolText
    quantity: Number
    price: Number | None = None
    stop_price: Number | None = None
    client_order_id: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_the_servers(cls, told: Any) -> Any:
        return {key: value for key, value in told.items() if key not in SERVERS} if isinstance(told, dict) else told


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
