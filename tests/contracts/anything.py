"""Any value of a canonical model, for properties that hold for all of them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, get_args, get_origin
from uuid import UUID

from hypothesis import strategies as some
from pydantic import BaseModel, SecretStr

from millrace.common.kernel.instruments import INSTRUMENTS

_PAIRS = sorted({symbol for _, symbol in INSTRUMENTS})
_EXCHANGES = sorted({exchange for exchange, _ in INSTRUMENTS})
_MOMENTS = some.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=some.just(UTC))
_AMOUNTS = some.decimals(Decimal(-(10**9)), Decimal(10**9), places=8, allow_nan=False, allow_infinity=False)
_WORDS = some.text(some.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
_PLAIN: dict[Any, some.SearchStrategy[Any]] = {
    bool: some.booleans(),
    int: some.integers(0, 10**9),
    float: some.floats(0, 1e6, allow_nan=False),
    str: _WORDS,
    bytes: some.binary(max_size=8),
    Decimal: _AMOUNTS,
    datetime: _MOMENTS,
    date: some.dates(),
    UUID: some.uuids(),
    SecretStr: _WORDS.map(SecretStr),
    Any: _WORDS | some.integers(0, 9),
    type(None): some.none(),
}
_NAMED = {
    "symbol": some.sampled_from(_PAIRS),
    "exchange": some.sampled_from(_EXCHANGES),
    "timeframe": some.sampled_from(["1m", "1h", "1d"]),
    "spelling": some.sampled_from([None, "BTCUSDT", "BTC/USDT"]),
    "symbols": some.lists(some.sampled_from(_PAIRS), max_size=2).map(tuple),
    "expires_in": some.integers(60, 86_400),
}


def anything(kind: Any) -> some.SearchStrategy[Any]:
    """Values of a type."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return some.sampled_from(inner)
    if origin is tuple:
        items = inner[0] if len(inner) == 2 and inner[1] is Ellipsis else None
        if items is not None:
            return some.lists(anything(items), max_size=2).map(tuple)
        return some.tuples(*map(anything, inner))
    if origin is dict:
        return some.dictionaries(_WORDS, anything(inner[1]), max_size=2)
    if hasattr(kind, "__metadata__"):  # Annotated
        return anything(inner[0])
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return model(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return some.sampled_from(list(kind))
    if inner:  # a union
        return some.one_of(*map(anything, inner))
    if getattr(kind, "__name__", "") == "AwareDatetime":
        return _MOMENTS
    raise TypeError(f"nothing is known of {kind!r}")


def model(kind: type[BaseModel]) -> some.SearchStrategy[Any]:
    """Values of a model, all fields given."""
    fields = {
        name: _NAMED[name] if name in _NAMED and field.annotation is not tuple else anything(field.annotation)
        for name, field in kind.model_fields.items()
    }
    return some.fixed_dictionaries(fields).map(kind.model_validate)
