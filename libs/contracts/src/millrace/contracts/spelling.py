"""How the outside writes times, numbers, ids and symbols, and how they are read back."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, WithJsonSchema

from millrace.common.kernel.errors import MillraceError, not_found
from millrace.common.kernel.instruments import INSTRUMENTS
from millrace.common.kernel.money import parse_amount, plain, scaled
from millrace.common.kernel.symbols import parse_symbol
from millrace.contracts.canonical.frame import Ref

_MILLIS_FROM = 10**11
_HUNDRED = Decimal(100)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def moment(at: datetime) -> str:
    """`2026-01-02T03:04:05Z`."""
    return at.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z"  # a quarter of strftime's time


def moment_ms(at: datetime) -> str:
    """`2026-01-02T03:04:05.678Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_moment(value: Any) -> datetime:
    """A time from ISO 8601, a date, or Unix seconds or milliseconds. Without a zone it is UTC. Raises ValueError."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = None
    try:
        if number is not None and not isinstance(value, bool):
            return datetime.fromtimestamp(number / 1000 if abs(number) >= _MILLIS_FROM else number, UTC)
        read = datetime.fromisoformat(str(value).strip())
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError("must be a time: ISO 8601, a date or Unix seconds") from None


def read_end(value: Any) -> datetime:
    """The same, but a date alone is the end of it: who asks up to today means today as well. Raises ValueError."""
    at = read_moment(value)
    if not isinstance(value, str) or not _DATE.fullmatch(value.strip()):
        return at
    try:
        return at + timedelta(days=1)
    except OverflowError:
        raise ValueError("must be a time before the year 10000") from None


def read_number(value: Any) -> Decimal:
    """A number or its text. Raises ValueError."""
    try:
        return parse_amount(value, "value")
    except MillraceError as error:
        raise ValueError(error.fields["value"]) from None


def read_ref(text: object, what: str) -> Ref:
    """A UUID or a whole number; NOT_FOUND of `what` it should name for anything else, since nothing is called so."""
    word = str(text)
    try:
        return int(word) if word.isascii() and word.isdecimal() and len(word) < 19 else UUID(word)
    except ValueError:
        raise not_found(what) from None


Moment = Annotated[datetime, BeforeValidator(read_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
End = Annotated[datetime, BeforeValidator(read_end), WithJsonSchema({"type": "string", "format": "date-time"})]
Number = Annotated[
    Decimal, BeforeValidator(read_number), WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string"}]})
]


def number(amount: Decimal) -> float:
    """A JSON number."""
    return float(amount)


def fixed(amount: Decimal, places: int = 2) -> str:
    """Text with exactly so many places, like amounts of money; no minus before a zero."""
    return f"{scaled(amount):z.{places}f}"


def units(value: Decimal) -> str:
    """An amount of any currency as text: two places, up to eight where it has them."""
    shown, short = fixed(value, 8), fixed(value)
    return short if Decimal(shown) == Decimal(short) else plain(Decimal(shown))


def ratio(value: Decimal) -> str:
    """A ratio as text: two places, needless zeros left out."""
    return plain(Decimal(fixed(value)))


def price(amount: Decimal, exchange: str, symbol: str) -> str:
    """A price as text with its market's places; one that is finer, or of an unknown market, keeps its own."""
    known = INSTRUMENTS.get((exchange, symbol))
    shown = amount.quantize(known.tick_size if known else Decimal("0.01"))
    return f"{shown:f}" if shown == amount else plain(amount)


def percent(fraction: Decimal) -> Decimal:
    """0.05 is 5."""
    return fraction * _HUNDRED


def fraction(percents: Decimal) -> Decimal:
    """5 is 0.05."""
    return percents / _HUNDRED


def falling(drawdown: Decimal) -> Decimal:
    """A drawdown as a percent at or below zero."""
    return -percent(drawdown) if drawdown else drawdown


def canonical_symbol(text: str) -> str:
    """`BTC/USDT` for any spelling; raises INVALID_SYMBOL."""
    return str(parse_symbol(text))


def joined(symbol: str, spelling: str | None = None) -> str:
    """The spelling its user chose, else `BTCUSDT`."""
    return spelling or parse_symbol(symbol).joined


def slashed(symbol: str, spelling: str | None = None) -> str:
    """The spelling its user chose, else `BTC/USDT`."""
    return spelling or symbol
