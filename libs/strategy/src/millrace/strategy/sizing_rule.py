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
    """The configuration's key, and what its number means."""

    FRACTION = "position_size"
    QUOTE = "quote_amount"
    QUANTITY = "quantity"


@dataclass(frozen=True, slots=True)
class SizingRule:
    """`position_size`: share of equity in (0, 1]. `quote_amount`: quote currency. `quantity`: base currency.

    `leverage` is recorded only: spot accounts, paper ones included, trade with their own money.
    """

    basis: Basis
    amount: Decimal
    leverage: Decimal = UNLEVERAGED

    def size(self, *, equity: Decimal, available: Decimal, price: Decimal, instrument: Instrument) -> Sized:
        """The quantity to enter with; amounts in quote currency."""
        if self.basis is Basis.FRACTION:
            return fraction_of_equity(
                self.amount, equity=equity, available=available, price=price, instrument=instrument
            )
        sized = quote_notional if self.basis is Basis.QUOTE else fixed_quantity
        return sized(self.amount, available=available, price=price, instrument=instrument)


def parse_sizing(config: Mapping[str, Any], default: Decimal) -> SizingRule:
    """Read a bot's configuration; keys that are not about sizing are left to others.

    Without any of the three keys the rule is the fraction `default`, the strategy's own `position_size`.
    Raises VALIDATION_ERROR for two of them at once, amounts that are not above zero, a fraction above 1, and a
    leverage outside 0 to 125 (0 means none).
    """
    leverage = parse_amount(config.get("leverage", UNLEVERAGED), "leverage")
    if not 0 <= leverage <= MOST_LEVERAGE:
        raise _invalid("leverage", f"must be between 0 and {MOST_LEVERAGE}")
    given = [basis for basis in Basis if config.get(basis) is not None]
    if len(given) > 1:
        raise _invalid(given[1], f"cannot be given together with {given[0]}")
    basis = given[0] if given else Basis.FRACTION
    amount = parse_amount(config[basis], basis) if given else default
    if amount <= 0:
        raise _invalid(basis, "must be greater than 0")
    if basis is Basis.FRACTION and amount > 1:
        raise _invalid(basis, "must not be greater than 1; it is a share of equity, for an amount use quote_amount")
    return SizingRule(basis, amount, leverage or UNLEVERAGED)


def _invalid(field: str, reason: str) -> MillraceError:
    return MillraceError(Code.VALIDATION_ERROR, f"{field} {reason}", fields={str(field): reason})
