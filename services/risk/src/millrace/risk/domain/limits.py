"""The limits that hold for one account: the system's, narrowed by the owner's own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum
from typing import Any

from millrace.common.kernel.money import ZERO, times

POSITION, DAILY_LOSS, DRAWDOWN, OPEN_ORDERS = "position_value", "daily_loss", "drawdown", "open_orders"
DAY_LOSS = "daily_loss_fraction"
SYSTEM_KINDS = (POSITION, DAILY_LOSS, DRAWDOWN, OPEN_ORDERS)


class Level(IntEnum):
    """How near something is to its limit."""

    CALM = 0
    WARNING = 1
    CRITICAL = 2
    REACHED = 3


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that is allowed, and at how many percent of it the owner is told."""

    value: Decimal
    warning: Decimal = Decimal(80)
    critical: Decimal = Decimal(95)

    def level(self, current: Decimal) -> Level:
        """How near `current` is. Nothing at all is always calm, also under a limit of zero."""
        if current <= ZERO:
            return Level.CALM
        if current >= self.value:
            return Level.REACHED
        percent = current * 100
        if percent >= times(self.critical, self.value):
            return Level.CRITICAL
        return Level.WARNING if percent >= times(self.warning, self.value) else Level.CALM

    def narrowed(self, other: "Limit | None") -> "Limit":
        """The stricter of two."""
        return self if other is None or self.value <= other.value else other


@dataclass(frozen=True, slots=True)
class Limits:
    """Amounts in quote currency; `drawdown`, `day_loss` and `price_collar` are fractions."""

    position: Limit
    daily_loss: Limit
    drawdown: Limit
    open_orders: Limit
    orders_per_second: float
    orders_burst: float
    price_collar: Decimal
    fee_buffer: Decimal
    slippage_buffer: Decimal
    by_symbol: Mapping[str, Limit] = field(default_factory=dict)
    day_loss: Limit | None = None

    def position_value(self, symbol: str) -> Limit:
        """The largest position value allowed in `symbol`."""
        return self.position.narrowed(self.by_symbol.get(symbol))


def system_limits(system: Any) -> dict[str, Limit]:
    """The system's own limit of each kind that it has one of."""
    return {
        POSITION: Limit(system.max_position_value),
        DAILY_LOSS: Limit(system.max_daily_loss),
        DRAWDOWN: Limit(system.max_drawdown),
        OPEN_ORDERS: Limit(Decimal(system.max_open_orders)),
    }


def effective(system: Any, rows: Iterable[Mapping[str, Any]]) -> Limits:
    """The strictest of each kind among the system's settings and the owner's enabled rows for the account."""
    found = system_limits(system)
    by_symbol: dict[str, Limit] = {}
    for row in rows:
        kind, symbol = row["limit_type"], row["symbol"]
        limit = Limit(row["limit_value"], row["warning_threshold"], row["critical_threshold"])
        if symbol is None:
            found[kind] = limit.narrowed(found.get(kind))
        else:
            by_symbol[symbol] = limit.narrowed(by_symbol.get(symbol))
    return Limits(
        position=found[POSITION],
        daily_loss=found[DAILY_LOSS],
        drawdown=found[DRAWDOWN],
        open_orders=found[OPEN_ORDERS],
        orders_per_second=system.orders_per_second,
        orders_burst=system.orders_burst,
        price_collar=system.price_collar,
        fee_buffer=system.fee_buffer,
        slippage_buffer=system.slippage_buffer,
        by_symbol=by_symbol,
        day_loss=found.get(DAY_LOSS),
    )
