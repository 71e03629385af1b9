"""A full value of every canonical model: nothing in it is empty, and it is the same in every run."""

from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, SecretStr, TypeAdapter, ValidationError

from millrace.contracts.operations import OPERATIONS

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
ID = UUID("00000000-0000-4000-8000-000000000007")

NAMED: dict[str, Any] = {
    "exchange": "binance",
    "symbol": "BTC/USDT",
    "symbols": ("BTC/USDT",),
    "spelling": "BTC-USDT",
    "timeframe": "1h",
    "timeframes": ("1h",),
    "interval": "day",
    "period": "30d",
    "currency": "USDT",
    "email": "ann@example.org",
    "full_name": "Ann Lee",
    "accounts": (str(ID),),
    "permissions": ("read", "trade"),
    "expires_in": 3600,
    "origin": None,
}
"""What a field of this name holds, where any text would make no sense."""
PLAIN: dict[Any, Any] = {
    str: "text",
    int: 3,
    bool: True,
    float: 1.5,
    Decimal: Decimal("0.25"),
    UUID: ID,
    datetime: NOW,
    AwareDatetime: NOW,
    date: NOW.date(),
    bytes: b"raw",
    SecretStr: SecretStr("secret"),
    Any: 1.5,
}


def sample(kind: Any, **changes: Any) -> Any:
    """A full value of a canonical model; `changes` are values of its own fields."""
    given = {name: _named(name, field.annotation) for name, field in kind.model_fields.items()}
    return kind.model_validate(given | changes)


def result(operation: str, **changes: Any) -> Any:
    """What an operation answers, in full."""
    return sample(OPERATIONS[operation][1], **changes)


def _named(name: str, annotation: Any) -> Any:
    with suppress(KeyError, ValidationError):
        return TypeAdapter(annotation).validate_python(NAMED[name], strict=True)
    return _value(annotation)


def _value(annotation: Any) -> Any:
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation in PLAIN:
        return PLAIN[annotation]
    if origin is Literal:
        return inner[0]
    if origin in (Union, UnionType):
        return _value(next(kind for kind in inner if kind is not type(None)))
    if origin is tuple:
        return (_value(inner[0]),) if inner[-1] is Ellipsis else tuple(_value(kind) for kind in inner)
    if origin is dict:
        return {"key": _value(inner[1])}
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return next(iter(annotation))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return sample(annotation)
    return _value(inner[0])  # Annotated
