"""How much to trade: a share of what an account is worth, or of what it holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.common.kernel.instruments import Instrument
from millrace.common.kernel.money import ZERO, divided, floor_to, plain, times


def risked(equity: Decimal, fraction: Decimal, leverage: Decimal, price: Decimal, filters: Instrument) -> Decimal:
    """Base currency for `fraction` of `equity`, in quote currency, times `leverage`; rounded down to whole steps."""
    return floor_to(divided(times(times(equity, fraction), leverage), price), filters.step_size)


@dataclass(frozen=True, slots=True)
class Holding:
    """What a bot, or nobody's bot, has of a pair on an account, and how much of it live sales are selling already.

    `spare` is what the whole account has of it beyond all live sales: somebody may have sold by hand what a bot bought.
    """

    account_id: UUID
    exchange: str
    symbol: str
    bot_id: UUID | None
    quantity: Decimal
    selling: Decimal
    spare: Decimal


def shares(holdings: Sequence[Holding], most: Decimal | None = None) -> list[tuple[Holding, Decimal]]:
    """What can be sold of each holding of one pair on one account, `most` of it in all; nobody's bot goes first."""
    left = max(min((one.spare for one in holdings), default=ZERO), ZERO)
    left = left if most is None else min(left, most)
    found = []
    for one in sorted(holdings, key=lambda one: (one.bot_id is not None, str(one.bot_id))):
        share = min(one.quantity - one.selling, left)
        if share > 0:
            found.append((one, share))
            left -= share
    return found


def closable(holdings: Sequence[Holding], quantity: Decimal | None) -> list[tuple[Holding, Decimal]]:
    """The same for one close: all there is, or exactly `quantity`.

    Raises NOT_FOUND where nothing is held, INVALID_STATE where all of it is being sold, INVALID_QUANTITY beyond that.
    """
    found = shares(holdings, quantity)
    free = sum((share for _, share in found), ZERO)
    if not any(one.quantity > 0 for one in holdings):
        raise not_found("open position")
    if not free:
        raise MillraceError(Code.INVALID_STATE, "orders under way are selling all of the position; cancel them first")
    if quantity is not None and free < quantity:
        text = f"must not be more than the {plain(free)} that can be sold"
        raise MillraceError(Code.INVALID_QUANTITY, f"quantity {text}", fields={"quantity": text})
    return found
