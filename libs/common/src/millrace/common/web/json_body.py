"""JSON as money needs it: numbers keep every digit, and nothing undefined gets in.

Refused: NaN and infinities, duplicate keys, more than 64 levels, more than 1,000 digits in a number or an exponent of
more than three digits, invalid UTF-8 and NUL characters.
"""

import json
import re
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, BeforeValidator, ValidationError

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.money import parse_amount

_DEPTH = 64
_LARGEST_WHOLE = 2**63
_NUMBER = re.compile(r"-?\d{1,1000}(\.\d{1,1000})?([eE][+-]?\d{1,3})?")


def _amount(value: object) -> Decimal:
    try:
        return parse_amount(value)
    except MillraceError as wrong:
        raise ValueError(wrong.message.removeprefix("amount ")) from None


Amount = Annotated[Decimal, BeforeValidator(_amount, json_schema_input_type=float | str)]
"""A finite decimal with at most 18 places, from a JSON number or a string."""

M = TypeVar("M", bound=BaseModel)


def loads(raw: bytes) -> Any:
    """Parse JSON text exactly. Raises VALIDATION_ERROR.

    Numbers with a point or exponent, and whole ones of more than 64 bits, become `Decimal`.
    """
    try:
        text = raw.decode()
        found = json.loads(
            text,
            parse_float=_exact,
            parse_int=_whole,
            parse_constant=_undefined,
            object_pairs_hook=_unique,
        )
    except RecursionError:
        raise _broken("is nested too deeply") from None
    except (ValueError, UnicodeDecodeError) as problem:
        raise _broken(f"is not valid JSON: {str(problem)[:200]}") from None
    _check_depth(found, _DEPTH)
    return found


def body(model: type[M]) -> Callable[[Request], Awaitable[M]]:
    """A dependency that reads the request's body as `model`, exactly."""

    async def read(request: Request) -> M:
        raw = await request.body()
        found = loads(raw) if raw.strip() else {}
        try:
            return model.model_validate(found)
        except ValidationError as wrong:
            errors = wrong.errors(include_url=False, include_context=False)
            raise RequestValidationError([{**e, "loc": ("body", *e["loc"])} for e in errors]) from None

    read.model = model  # type: ignore[attr-defined]
    return read


def _exact(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError("number out of range")
    return Decimal(text)


def _whole(text: str) -> int | Decimal:
    if len(text) > 40:
        raise ValueError("number out of range")
    whole = int(text)
    return whole if abs(whole) < _LARGEST_WHOLE else Decimal(text)  # JSON is written with 64 bits


def _undefined(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _check_depth(value: Any, left: int) -> None:
    if left < 0:
        raise _broken("is nested too deeply")
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_depth(key, left)
            _check_depth(inner, left - 1)
    elif isinstance(value, list):
        for inner in value:
            _check_depth(inner, left - 1)
    elif isinstance(value, str) and ("\x00" in value or any("\ud800" <= c <= "\udfff" for c in value)):
        raise _broken("contains a character that is not allowed")


def _broken(what: str) -> MillraceError:
    told = [{"loc": ("body",), "msg": what, "type": "json_invalid"}]
    return MillraceError(
        Code.VALIDATION_ERROR, f"the request body {what}", fields={"body": what}, details={"errors": told}
    )
