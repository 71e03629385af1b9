"""Risk limits."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field

from millrace.contracts.canonical.risk import ListLimits, RiskLimits, SetLimits
from millrace.contracts.fields import Time
from millrace.contracts.interfaces.wire import I, row
from millrace.contracts.names import Access
from millrace.contracts.spelling import Number, fraction, moment, number, percent
from millrace.contracts.table import Asked, Call, Shape, View

Amount = Annotated[Number, Field(ge=0, lt=Decimal(10**18))]


class NewLimits(Asked):
    """What holds for all accounts together: two amounts of quote currency and a percent."""

    max_position_value: Amount
    max_daily_loss: Amount
    max_drawdown: Annotated[Number, Field(ge=0, le=100)]


class Limits(Shape):
    """What holds for all accounts together; `max_drawdown` is a percent."""

    max_position_value: float
    max_daily_loss: float
    max_drawdown: float
    updated_at: Time


def limits(found: RiskLimits, now: datetime) -> dict[str, Any]:
    """What holds for all accounts together."""
    return {
        "max_position_value": number(found.max_position_value),
        "max_daily_loss": number(found.max_daily_loss),
        "max_drawdown": number(percent(found.max_drawdown)),
        "updated_at": moment(found.updated_at),
    }


def _set(call: Call) -> SetLimits:
    asked: NewLimits = call.body
    return SetLimits(
        max_position_value=asked.max_position_value,
        max_daily_loss=asked.max_daily_loss,
        max_drawdown=fraction(asked.max_drawdown),
        origin=I,
    )


_LIMITS = "/api/v1/risk/limits"
ROWS = (
    row("GET", _LIMITS, "risk.limits", Access.USER, View(lambda call: ListLimits(), limits, Limits)),
    row("PUT", _LIMITS, "risk.set_limits", Access.TRADER, View(_set, limits, Limits, body=NewLimits)),
)
