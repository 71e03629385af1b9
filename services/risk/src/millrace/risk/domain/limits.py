"""The limits that hold for one account: the system's, narrowed by the user's own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

POSITION, DAILY_LOSS, DRAWDOWN = "position_value", "daily_loss", "drawdown"


@dataclass(frozen=True, slots=True)
class Limits:
    """Amounts in quote currency; `drawdown` and `price_collar` are fractions."""

    position: Decimal
    daily_loss: Decimal
    drawdown: Decimal
    open_orders: int
    orders_per_second: float
    orders_burst: float
    price_collar: Decimal
    fee_buffer: Decimal
    slippage_buffer: Decimal
    by_symbol: Mapping[str, Decimal] = field(default_factory=dict)

    def position_value(self, symbol: str) -> Decimal:
        """The largest position value allowed in `symbol`."""
        return min(self.position, self.by_symbol.get(symbol, self.position))


def effective(system: Any, rows: Iterable[Mapping[str, Any]]) -> Limits:
    """The strictest of each kind among the system's settings and the user's enabled rows."""
    found = {POSITION: system.max_position_value, DAILY_LOSS: system.max_daily_loss, DRAWDOWN: system.max_drawdown}
    by_symbol: dict[str, Decimal] = {}
    for row in rows:
        kind, value = row["limit_type"], row["limit_value"]
        if row["symbol"] is not None and kind == POSITION:
            by_symbol[row["symbol"]] = min(value, by_symbol.get(row["symbol"], value))
        elif kind in found:
            found[kind] = min(value, found[kind])
    return Limits(
        position=found[POSITION],
        daily_loss=found[DAILY_LOSS],
        drawdown=found[DRAWDOWN],
        open_orders=system.max_open_orders,
        orders_per_second=system.orders_per_second,
        orders_burst=system.orders_burst,
        price_collar=system.price_collar,
        fee_buffer=system.fee_buffer,
        slippage_buffer=system.slippage_buffer,
        by_symbol=by_symbol,
    )
