"""Risk limits and alerts."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from millrace.common.kernel.errors import Code
from millrace.contracts.botplatform.wire import Amount, B, Id, refused, row, symbol
from millrace.contracts.canonical.frame import MOST, Page
from millrace.contracts.canonical.risk import CreateLimit, ListLimits, ListRiskEvents, RiskEvent, RiskLimit, RiskLimits
from millrace.contracts.fields import Spoken, SymbolText, Time
from millrace.contracts.names import Access
from millrace.contracts.spelling import Number, fixed, fraction, moment, percent, units
from millrace.contracts.table import Asked, Call, Shape, View
from millrace.contracts.vocab import LIMIT_TYPE, SEVERITY

Percent = Annotated[Number, Field(ge=0, le=100)]
_FRACTIONS = ("drawdown", "daily_loss_fraction")


class NewLimit(Asked):
    """A limit of the caller's own: quote currency, or percent for DRAWDOWN. Thresholds are percent of it."""

    limit_type: Annotated[str, Spoken(LIMIT_TYPE, B)]
    limit_value: Annotated[Number, Field(ge=0)]
    symbol: SymbolText | None = None
    warning_threshold: Percent = Decimal(80)
    critical_threshold: Percent = Decimal(95)


class Stretch(Asked):
    """Which stretch of a list that is whole where nothing is asked."""

    limit: int | None = Field(None, ge=1, le=100)
    offset: int = Field(0, ge=0, le=1_000_000_000)


class LimitBody(Shape):
    """A limit of the caller's own."""

    id: Id
    user_id: Id
    limit_type: Literal["POSITION_SIZE", "DAILY_LOSS", "DRAWDOWN"]
    limit_value: Amount
    enabled: bool
    created_at: Time


class AlertBody(Shape):
    """A limit came near or broke."""

    id: Id
    alert_type: str
    severity: Literal["warning", "critical"]
    message: str
    current_value: Amount
    limit_value: Amount
    triggered_at: Time


class Alerts(Shape):
    """The alerts that still hold, newest first."""

    alerts: list[AlertBody]


def limit(found: RiskLimit, now: datetime) -> dict[str, Any]:
    """A limit of the caller's own."""
    return {
        "id": str(found.id),
        "user_id": str(found.user_id),
        "limit_type": LIMIT_TYPE.say(found.limit_type, B),
        "limit_value": units(_told(found.value, found.limit_type)),
        "enabled": found.enabled,
        "created_at": moment(found.created_at),
    }


def limits(found: RiskLimits, now: datetime) -> list[dict[str, Any]]:
    """Only what the user made: this document knows no limits that are there from the start."""
    return [limit(each, now) for each in found.items if each.source == "user"]


def alerts(found: Page[RiskEvent], now: datetime) -> dict[str, Any]:
    """The newest alerts."""
    return {"alerts": [_alert(event) for event in found.items]}


def _alert(event: RiskEvent) -> dict[str, Any]:
    severity = SEVERITY.say(event.severity, B)
    return {
        "id": str(event.id),
        "alert_type": _type(event.event_type, severity),
        "severity": severity,
        "message": event.message,
        "current_value": fixed(_told(event.current_value, event.event_type)),
        "limit_value": units(_told(event.limit_value, event.event_type)),
        "triggered_at": moment(event.at),
    }


def _type(event_type: str, severity: str) -> str:
    """`POSITION_SIZE_WARNING`: an event that is named after a limit also says how near that is."""
    if event_type in LIMIT_TYPE.values:
        return f"{LIMIT_TYPE.say(event_type, B)}_{severity.upper()}"
    return event_type.upper()


def _told(value: Decimal, limit_type: str) -> Decimal:
    return percent(value) if limit_type in _FRACTIONS else value


def _create(call: Call) -> CreateLimit:
    asked: NewLimit = call.body
    kind = LIMIT_TYPE.read(asked.limit_type, B)
    if kind == "drawdown" and asked.limit_value > 100:
        raise refused(Code.VALIDATION_ERROR, "limit_value is a percent", "limit_value", "must be at most 100")
    if asked.warning_threshold > asked.critical_threshold:
        reason = "must not be above critical_threshold"
        raise refused(Code.VALIDATION_ERROR, f"warning_threshold {reason}", "warning_threshold", reason)
    return CreateLimit(
        limit_type=kind,
        value=fraction(asked.limit_value) if kind in _FRACTIONS else asked.limit_value,
        symbol=symbol(asked.symbol) if asked.symbol else None,
        spelling=asked.symbol,
        warning_threshold=fraction(asked.warning_threshold),
        critical_threshold=fraction(asked.critical_threshold),
        origin=B,
    )


def _list(call: Call) -> ListLimits:
    asked: Stretch = call.query
    return ListLimits(own=True, limit=asked.limit, offset=asked.offset)


def _events(call: Call) -> ListRiskEvents:
    asked: Stretch = call.query
    return ListRiskEvents(limit=asked.limit or MOST, offset=asked.offset, active=True)


_LIMITS = "/api/v1/risk/limits"
ROWS = (
    row("POST", _LIMITS, "risk.create_limit", Access.TRADER, View(_create, limit, LimitBody, 201, body=NewLimit)),
    row("GET", _LIMITS, "risk.limits", Access.USER, View(_list, limits, list[LimitBody], query=Stretch)),
    row(
        "GET",
        "/api/v1/risk/alerts",
        "risk.events",
        Access.USER,
        View(_events, alerts, Alerts, query=Stretch),
    ),
)
