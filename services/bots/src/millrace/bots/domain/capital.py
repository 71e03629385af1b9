"""How much a bot may put into the market."""

from decimal import Decimal
from typing import Any

from millrace.common.kernel.instruments import Instrument
from millrace.common.kernel.money import ZERO, divided, times
from millrace.strategy.sizing import Sized, quote_notional
from millrace.strategy.sizing_rule import SizingRule

RISK_MODES = {"conservative": Decimal("0.5"), "balanced": Decimal(1), "aggressive": Decimal("1.5")}
"""By how much the strategy's own position size is multiplied where a bot's configuration gives none."""


def default_size(size: Decimal, risk_mode: str) -> Decimal:
    """A strategy's own position size in a risk mode; a share stays one, and what is an amount stays an amount."""
    scaled = times(size, RISK_MODES[risk_mode]) if risk_mode != "balanced" else size
    if size <= 1:
        return min(scaled, Decimal(1))
    return scaled if scaled > 1 else size


def earned(row: dict[str, Any], price: Decimal | None) -> Decimal:
    """What a bot has gained, in quote currency, its position at `price` (at its cost where there is none)."""
    value = row["cost"] if price is None else times(row["position"], price)
    gained: Decimal = row["flow"] + value
    return gained


def figures(row: dict[str, Any]) -> dict[str, Any]:
    """`total_profit`, `current_capital` and `profit`, the fraction of the initial capital (zero without one)."""
    profit, initial = earned(row, row["last_price"]), row["initial_capital"]
    return {
        "total_profit": profit,
        "current_capital": initial + profit,
        "profit": divided(profit, initial) if initial else ZERO,
    }


def entry_size(row: dict[str, Any], rule: SizingRule, free: Decimal, price: Decimal, filters: Instrument) -> Sized:
    """The quantity to enter with: of the bot's own capital where it was given some, within its strategy's limit.

    `free` is the account's cash; a limit up to 1 is a share of the equity, above 1 an amount of quote currency.
    """
    equity: Decimal = row["equity"]
    if row["initial_capital"]:
        own = max(ZERO, row["initial_capital"] + earned(row, price))
        equity, free = min(equity, own), min(free, own)
    sized = rule.size(equity=equity, available=free, price=price, instrument=filters)
    limit = row["max_position_size"]
    if limit is None:
        return sized
    most = times(row["equity"], limit) if limit <= 1 else limit
    if times(sized.quantity, price) <= most:
        return sized
    return quote_notional(most, available=free, price=price, instrument=filters)
