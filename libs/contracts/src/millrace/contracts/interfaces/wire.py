"""What all of contract interfaces has in common: the kinds of its fields, how it reads them, and its rows."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, StringConstraints, WithJsonSchema
from pydantic_core import core_schema

from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical.frame import Ref
from millrace.contracts.names import Access, Contract
from millrace.contracts.spelling import canonical_symbol, read_ref
from millrace.contracts.table import Row, View
from millrace.contracts.vocab import Vocabulary

I = Contract.INTERFACES  # noqa: E741


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """Marks a text of a request as one of our words, or another contract's, in any case; OpenAPI shows ours."""

    words: Vocabulary

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._known, handler(source))

    def __get_pydantic_json_schema__(self, schema: core_schema.CoreSchema, handler: Any) -> dict[str, Any]:
        said = dict.fromkeys(self.words.say(value, I) for value in self.words.values)
        return {"type": "string", "enum": list(said)}

    def _known(self, told: str) -> str:
        try:
            self.words.read(told, I)
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
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Plain = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100, pattern=r"^[A-Za-z0-9_.:-]+$")]
Exchange = Annotated[
    str, StringConstraints(strip_whitespace=True, to_lower=True, max_length=40, pattern=r"^[A-Za-z0-9_-]+$")
]
SymbolText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Free = Annotated[dict[str, Any], Field(max_length=100)]

# What is answered
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


def symbol(text: str) -> str:
    """`BTC/USDT` for any spelling. Raises INVALID_SYMBOL, of the field `symbol`."""
    try:
        return canonical_symbol(text)
    except MillraceError as wrong:
        raise refused(wrong.code, "symbol", "is not a trading pair", wrong.message) from None


def refused(code: Code, field: str, reason: str, message: str = "") -> MillraceError:
    """An error about one field."""
    return MillraceError(code, message or f"{field} {reason}", fields={field: reason})


def row(method: str, path: str, operation: str, access: Access, view: View) -> Row:
    """An endpoint of this contract."""
    return Row(method, path, I, operation, access, view)
