"""Double entry: every change of money is a transaction whose legs sum to zero in each currency."""

from dataclasses import dataclass
from decimal import Decimal

from millrace.common.kernel.money import ZERO


@dataclass(frozen=True, slots=True)
class Leg:
    """One line: `amount` of `currency` into (or, negative, out of) `book`. The user's own money is in `cash`."""

    book: str
    currency: str
    amount: Decimal


def opening(currency: str, amount: Decimal) -> list[Leg]:
    """The first funds of a paper account."""
    return [Leg("cash", currency, amount), Leg("opening", currency, -amount)] if amount else []


def fill(
    buying: bool, base: str, quote: str, quantity: Decimal, notional: Decimal, fee: Decimal, fee_currency: str
) -> list[Leg]:
    """A trade against the venue, and its fee."""
    sign = 1 if buying else -1
    legs = [
        Leg("cash", base, sign * quantity),
        Leg("venue", base, -sign * quantity),
        Leg("cash", quote, -sign * notional),
        Leg("venue", quote, sign * notional),
    ]
    if fee:
        legs += [Leg("cash", fee_currency, -fee), Leg("fees", fee_currency, fee)]
    return legs


def sums(legs: list[Leg]) -> dict[str, Decimal]:
    """Each currency's sum; all are zero in a sound transaction."""
    found: dict[str, Decimal] = {}
    for leg in legs:
        found[leg.currency] = found.get(leg.currency, ZERO) + leg.amount
    return found


def cash(legs: list[Leg]) -> dict[str, Decimal]:
    """What the user's own balances change by."""
    return sums([leg for leg in legs if leg.book == "cash"])
