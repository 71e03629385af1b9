"""Numbers as people read them, with their units."""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

from millrace.common.kernel.money import plain

_CENT = Decimal("0.01")
_CRYPTO = Decimal("0.00000001")
_MONEY = frozenset({"USDT", "USDC", "USD", "ZAR", "EUR", "GBP", "BUSD", "TUSD", "FDUSD"})


def money(amount: object, currency: str, *, signed: bool = False) -> str:
    """`1,234.50 USDT`; currencies that are no money keep eight places. `signed` writes a plus too."""
    value = _rounded(Decimal(str(amount)), _CENT if currency in _MONEY else _CRYPTO)
    text = f"{value:,.2f}" if currency in _MONEY else plain(value)
    return f"{'+' if signed and value > 0 else ''}{text} {currency}"


def quantity(amount: object) -> str:
    """A quantity with every digit it has."""
    return plain(Decimal(str(amount)))


def percent(fraction: object, *, signed: bool = False) -> str:
    """`0.0525` as `5.25 %`."""
    value = _rounded(Decimal(str(fraction)) * 100, _CENT)
    return f"{'+' if signed and value > 0 else ''}{plain(value)} %"


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 bot`, `2 bots`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def listed(names: Sequence[str]) -> str:
    """`A, B and C`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def _rounded(value: Decimal, step: Decimal) -> Decimal:
    with localcontext(prec=60):
        return value.quantize(step, rounding=ROUND_HALF_EVEN) + 0  # minus zero is zero
