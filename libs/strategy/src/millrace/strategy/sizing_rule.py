"""Which sizing a bot asked for, read from its configuration."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.instruments import Instrument
from millrace.common.kernel.money import parse_amount
from millrace.strategy.sizing import Sized, fixed_quantity, fraction_of_equity, quote_notional

UNLEVERAGED = Decimal(1)
MOST_LEVERAGE = Decimal(125)


class Basis(StrEnum):
    """What a size is measured in."""

    EQUITY = "share of equity"
    QUOTE = "quote currency"
    BASE = "base currency"


@dataclass(frozen=True, slots=True)
class SizingRule:
    """`amount` in the unit of `basis`.

    `leverage` is recorded only: spot accounts, paper ones included, trade with their own money.
    """

    basis: Basis
    amount: Decimal
    leverage: Decimal = UNLEVERAGED

    def size(self, *, equity: Decimal, available: Decimal, price: Decimal, instrument: Instrument) -> Sized:
        """The quantity to enter with, at about `price`; `equity` and `available` in quote currency."""
        if self.basis is Basis.EQUITY:
            return fraction_of_equity(
                self.amount, equity=equity, available=available, price=price, instrument=instrument
            )
        sized = quote_notional if self.basis is Basis.QUOTE else fixed_quantity
        return sized(self.amount, available=available, price=price, instrument=instrument)


def parse_sizing(config: Mapping[str, Any], default: Decimal) -> SizingRule:
    """Read `position_size`, `quantity` and `leverage` of a bot's configuration; its other keys are left to others.

    `position_size` up to 1 is a share of equity, above 1 an amount of quote currency; `quantity` is in base
    currency. Without either, the position size is `default`, the strategy's own.
    Raises VALIDATION_ERROR for both at once, amounts not above zero, and a leverage outside 0 to 125 (0: none).
    """
    leverage = _given(config, "leverage", UNLEVERAGED)
    if not 0 <= leverage <= MOST_LEVERAGE:
        raise _invalid("leverage", f"must be between 0 and {MOST_LEVERAGE}")
    leverage = leverage or UNLEVERAGED
    if config.get("quantity") is not None:
        if config.get("position_size") is not None:
            raise _invalid("quantity", "cannot be given together with position_size")
        return SizingRule(Basis.BASE, _positive(parse_amount(config["quantity"], "quantity"), "quantity"), leverage)
    size = _positive(_given(config, "position_size", default), "position_size")
    return SizingRule(Basis.EQUITY if size <= 1 else Basis.QUOTE, size, leverage)


def _given(config: Mapping[str, Any], key: str, default: Decimal) -> Decimal:
    value = config.get(key)
    return default if value is None else parse_amount(value, key)


def _positive(amount: Decimal, field: str) -> Decimal:
    if amount <= 0:
        raise _invalid(field, "must be greater than 0")
    return amount


def _invalid(field: str, reason: str) -> MillraceError:
    return MillraceError(Code.VALIDATION_ERROR, f"{field} {reason}", fields={field: reason})
