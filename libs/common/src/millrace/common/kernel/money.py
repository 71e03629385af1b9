"""Amounts are `Decimal` with at most 18 fractional digits, as the database keeps them (`numeric(38,18)`).

Python rounds every result to 28 digits unless told otherwise, even that of a minus. Whoever imports this has 60.
"""

import re
from decimal import (
    ROUND_DOWN,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DefaultContext,
    InvalidOperation,
    getcontext,
    localcontext,
)

from millrace.common.kernel.errors import Code, MillraceError

ZERO = Decimal(0)
SCALE = Decimal("1e-18")
LIMIT = Decimal("1e20")
_TEXT_LIMIT = 60
_CONTEXT = Context(prec=60)
DefaultContext.prec = getcontext().prec = _CONTEXT.prec  # of threads to come, and of this one
_PLAIN = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,18})?")


def parse_amount(value: object, field: str = "amount") -> Decimal:
    """Read an amount from the outside: text, int, float or Decimal.

    Raises VALIDATION_ERROR for NaN, infinities, more than 18 fractional digits, more than 20 integer digits,
    digits other than 0-9 and underscores. A float is read by its shortest decimal text.
    """
    if isinstance(value, str) and _PLAIN.fullmatch(value):  # as nearly all are written; it cannot be wrong
        return Decimal(value) or ZERO
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise _invalid(field, "must be a decimal number")
    if isinstance(value, int) and abs(value) >= LIMIT:
        raise _invalid(field, "is out of range")
    text = str(value).strip()
    if len(text) > _TEXT_LIMIT or not text.isascii() or "_" in text:
        raise _invalid(field, "must be a plain decimal number")
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise _invalid(field, "must be a decimal number") from None
    if not amount.is_finite():
        raise _invalid(field, "must be finite")
    if not amount:
        return ZERO  # a zero may carry an exponent that would fill the memory when it is written out
    if not -19 <= amount.adjusted() < 20:
        raise _invalid(field, "is out of range")
    if amount != amount.quantize(SCALE, context=_CONTEXT):
        raise _invalid(field, "has more than 18 decimal places")
    return amount


def scaled(amount: Decimal) -> Decimal:
    """Round to the 18 places that are stored, half to even."""
    return amount.quantize(SCALE, rounding=ROUND_HALF_EVEN, context=_CONTEXT)


def times(a: Decimal, b: Decimal) -> Decimal:
    """An exact product, rounded once to what is stored."""
    with localcontext(_CONTEXT):
        return scaled(a * b)


def divided(a: Decimal, b: Decimal) -> Decimal:
    """A quotient, rounded once to what is stored."""
    with localcontext(_CONTEXT):
        return scaled(a / b)


def floor_to(amount: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` that is not farther from zero than `amount`."""
    with localcontext(_CONTEXT):
        return (amount / step).to_integral_value(rounding=ROUND_DOWN) * step


def plain(amount: Decimal) -> str:
    """Text without exponent and without needless zeros: the form in events, digests and logs."""
    if not amount:
        return "0"
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _invalid(field: str, reason: str) -> MillraceError:
    return MillraceError(Code.VALIDATION_ERROR, f"{field} {reason}", fields={field: reason})
