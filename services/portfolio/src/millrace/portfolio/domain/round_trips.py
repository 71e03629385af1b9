"""What a position was from its first fill to its last, and how many of them did well."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from millrace.common.kernel.money import ZERO, divided, times


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """`size` is all that was closed; prices are means by quantity. A position that crossed zero counts as it began."""

    side: str
    size: Decimal
    entry_price: Decimal
    exit_price: Decimal


def round_trip(fills: Sequence[tuple[Decimal, Decimal]]) -> RoundTrip:
    """From the fills of a position, oldest first: signed base quantity and price."""
    held, opened, closed = ZERO, [], []
    for signed, price in fills:
        reducing = held != 0 and (held > 0) != (signed > 0)
        closing = min(abs(signed), abs(held)) if reducing else ZERO
        closed.append((closing, price))
        opened.append((abs(signed) - closing, price))
        held += signed
    side = "long" if not fills or fills[0][0] > 0 else "short"
    return RoundTrip(side, sum((q for q, _ in closed), ZERO), _mean(opened), _mean(closed))


def _mean(parts: Sequence[tuple[Decimal, Decimal]]) -> Decimal:
    total = sum((quantity for quantity, _ in parts), ZERO)
    value = sum((times(quantity, price) for quantity, price in parts), ZERO)
    return divided(value, total) if total else ZERO


@dataclass(frozen=True, slots=True)
class Tally:
    """Closed positions by their result after fees; neither win nor loss when it is zero.

    `win_rate` is a fraction; `profit_factor` is gross profit by gross loss. None: there was nothing to divide by.
    """

    total_trades: int
    winning_trades: int
    losing_trades: int
    win_rate: Decimal | None
    profit_factor: Decimal | None
    average_win: Decimal | None
    average_loss: Decimal | None
    largest_win: Decimal | None
    largest_loss: Decimal | None


def tally(results: Sequence[Decimal]) -> Tally:
    """Count results after fees; losses are negative."""
    wins, losses = [r for r in results if r > 0], [r for r in results if r < 0]
    won, lost = sum(wins, ZERO), sum(losses, ZERO)
    return Tally(
        total_trades=len(results),
        winning_trades=len(wins),
        losing_trades=len(losses),
        win_rate=divided(Decimal(len(wins)), Decimal(len(results))) if results else None,
        profit_factor=divided(won, -lost) if losses else None,
        average_win=divided(won, Decimal(len(wins))) if wins else None,
        average_loss=divided(lost, Decimal(len(losses))) if losses else None,
        largest_win=max(wins, default=None),
        largest_loss=min(losses, default=None),
    )


def risk_level(exposure: Decimal, drawdown: Decimal) -> str:
    """In one word, from the share of the equity that is in positions and the fall from its peak, both fractions.

    High from half the equity or a fall of 20 %, low below a tenth and a fall of 5 %, else moderate.
    """
    if exposure >= Decimal("0.5") or drawdown >= Decimal("0.2"):
        return "high"
    return "low" if exposure < Decimal("0.1") and drawdown < Decimal("0.05") else "moderate"
