"""How contract application asks: ids, amounts, dates, pages, and what every reader of a request does alike."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar

from pydantic import AliasChoices, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema, model_validator

from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical.frame import ById, Nothing, Ref
from millrace.contracts.names import Access, Contract
from millrace.contracts.spelling import canonical_symbol, read_end, read_moment, read_ref
from millrace.contracts.table import Asked, Call, Row, View
from millrace.contracts.vocab import Vocabulary

APPLICATION = Contract.APPLICATION
T = TypeVar("T")

_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_SET_BY_SERVER = frozenset(
    {"id", "order_id", "user_id", "status", "origin", "filled_quantity", "average_price", "fees"}
    | {"created_at", "updated_at", "correlation_id", "success_count", "error_count", "results"}
)


def _id(value: Any) -> Ref:
    try:
        return read_ref(value, "row")
    except MillraceError:
        raise ValueError("must be an id: a UUID or a whole number") from None


def _at(value: Any) -> datetime:
    try:
        at = read_moment(value)
    except OverflowError:
        at = _LATEST + timedelta(days=1)
    if not _EARLIEST <= at <= _LATEST:
        raise ValueError("must be a time between 1970 and 2100")
    return at


def _end(value: Any) -> datetime:
    _at(value)
    return read_end(value)


Id = Annotated[Ref, BeforeValidator(_id), WithJsonSchema({"type": "string", "maxLength": 40})]
"""A UUID or a number, for a row of the caller's."""
_DAY = WithJsonSchema({"type": "string", "format": "date"})
Start = Annotated[datetime, BeforeValidator(_at), _DAY]
"""A date, from its first instant, or any other spelling of a time."""
End = Annotated[datetime, BeforeValidator(_end), _DAY]
"""A date, to the end of it, or any other spelling of a time."""
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
Word = Annotated[str, Field(min_length=1, max_length=40)]


class Paging(Asked):
    """Which rows: at most `limit`, after leaving out `skip`, which may also be called `offset`."""

    skip: int = Field(0, ge=0, le=10**9, validation_alias=AliasChoices("skip", "offset"))
    limit: int = Field(50, ge=1, le=1000)


class Dates(Asked):
    """A stretch of time; both days are in it."""

    start_date: Start | None = None
    end_date: End | None = None


class Ordering(Asked):
    """A body that makes orders: a key that nobody knows is refused, since a misspelt one must not just vanish."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _without_what_only_the_server_sets(cls, told: Any) -> Any:
        if not isinstance(told, Mapping):
            return told
        return {key: value for key, value in told.items() if key not in _SET_BY_SERVER or key in cls.model_fields}


def span(asked: Dates) -> dict[str, datetime | None]:
    """The start and the end of a command. Raises INVALID_DATE_RANGE when the end is not after the start."""
    start, end = asked.start_date, asked.end_date
    if start is not None and end is not None and end <= start:
        reason = "must not be before start_date"
        raise MillraceError(Code.INVALID_DATE_RANGE, f"end_date {reason}", fields={"end_date": reason})
    return {"start": start, "end": end}


def read(field: str, reader: Callable[[str], T], text: str) -> T:
    """What a reader makes of a field's text; its error names the field."""
    try:
        return reader(text)
    except MillraceError as wrong:
        reason = next(iter(wrong.fields.values()), wrong.message)
        message = f"{field} {reason}" if wrong.fields else wrong.message
        raise MillraceError(wrong.code, message, fields={field: reason}, details=wrong.details) from None


def symbol(text: str) -> dict[str, str]:
    """A command's symbol, and its spelling as it came. Raises INVALID_SYMBOL."""
    return {"symbol": read("symbol", canonical_symbol, text), "spelling": text.strip()}


def word(field: str, words: Vocabulary, text: str) -> str:
    """Our value for a word of this contract's, in any case. Raises VALIDATION_ERROR."""
    return read(field, lambda told: words.read(told, APPLICATION), text)


def invalid(wrong: ValidationError) -> MillraceError:
    """What is wrong with a body that a view has read by itself."""
    found = [
        {"loc": ("body", *each["loc"]), "msg": _plain(each["msg"]), "type": each["type"]}
        for each in wrong.errors(include_url=False, include_context=False, include_input=False)
    ]
    first = found[0]
    place = ".".join(map(str, first["loc"][1:])) or "body"
    return MillraceError(Code.VALIDATION_ERROR, f"{place}: {first['msg']}", details={"errors": found})


def _plain(reason: str) -> str:
    return reason.removeprefix("Value error, ").replace("Input should ", "must ", 1)


def nothing(call: Call) -> Nothing:
    """For operations that need to know nothing."""
    return Nothing()


def by(name: str) -> Callable[[Call], ById]:
    """For operations on the row that a part of the address names."""
    return lambda call: ById(id=call.ref(name))


def endpoint(method: str, path: str, operation: str, access: Access, view: View, also: tuple[str, ...] = ()) -> Row:
    """A row of this contract; `path` is written as the document does, without `/api/v1`."""
    return Row(method, f"/api/v1{path}", APPLICATION, operation, access, view, also=also)
