"""Limits and what happened near them, in JSON numbers; a drawdown is a percent."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts import vocab
from millrace.contracts.canonical.frame import MOST, Page
from millrace.contracts.canonical.risk import ListLimits, ListRiskEvents, RiskEvent, RiskLimit, RiskLimits, UpdateLimit
from millrace.contracts.crypto.wire import CRYPTO, Counted, TimesAsked, amount
from millrace.contracts.names import Access
from millrace.contracts.spelling import Number, joined, moment, percent
from millrace.contracts.table import Asked, Call, Row, Shape, View

_FRACTIONS = ("drawdown", "daily_loss_fraction")
# as the document's sample, which is of an event at 85 percent of a limit of its `max_position_size`
_EVENTS = {
    "position_value": "position_limit_exceeded",
    "daily_loss": "daily_loss_limit_exceeded",
    "drawdown": "drawdown_limit_exceeded",
}


class ChangeLimit(Asked):
    """What may be changed of a limit."""

    limit_value: Annotated[Number, Field(ge=0)] | None = None
    is_active: bool | None = None


class EventsQuery(TimesAsked):
    """Which events."""

    severity: str | None = Field(None, max_length=20)


class LimitShape(Shape):
    """A limit; `symbol` is there when it is about one."""

    id: int
    limit_type: str
    symbol: str | None = None
    limit_value: float
    current_value: float
    utilization: float
    is_active: bool


class Limits(Counted):
    """All limits, the system's too."""

    limits: list[LimitShape]


class EventShape(Shape):
    """Something came near a limit; `symbol` is there when it is about one."""

    id: int
    event_type: str
    severity: Literal["LOW", "MEDIUM", "HIGH", "CRITICAL"]
    symbol: str | None = None
    description: str
    risk_value: float
    limit_value: float
    action_taken: str
    timestamp: str


class Events(Counted):
    """Newest first."""

    events: list[EventShape]


def _update(call: Call) -> UpdateLimit:
    said: ChangeLimit = call.body
    if said.limit_value is None and said.is_active is None:
        reason = "is required, or is_active"
        raise MillraceError(Code.VALIDATION_ERROR, f"limit_value {reason}", fields={"limit_value": reason})
    return UpdateLimit(id=call.ref("limit_id"), value=said.limit_value, enabled=said.is_active, origin=CRYPTO)


def _events(call: Call) -> ListRiskEvents:
    asked: EventsQuery = call.query
    asked.check()
    severities: Any = vocab.SEVERITY.read_all(asked.severity, CRYPTO) if asked.severity else ()
    return ListRiskEvents(severities=severities, start=asked.start_time, end=asked.end_time, limit=MOST)


def _limit(limit: RiskLimit, now: datetime) -> dict[str, Any]:
    told: dict[str, Any] = {"id": limit.num, "limit_type": vocab.LIMIT_TYPE.say(limit.limit_type, CRYPTO)}
    if limit.symbol:
        told["symbol"] = joined(limit.symbol, limit.spelling)
    return {
        **told,
        "limit_value": _value(limit.value, limit.limit_type),
        "current_value": _value(limit.current_value, limit.limit_type),
        "utilization": amount(percent(limit.utilization)),
        "is_active": limit.enabled,
    }


def _value(value: Decimal, kind: str) -> float:
    return amount(percent(value) if kind in _FRACTIONS else value)


def _show_limits(found: RiskLimits, now: datetime) -> dict[str, Any]:
    limits = [_limit(each, now) for each in found.items]
    return {"limits": limits, "count": len(limits)}


def _event(event: RiskEvent) -> dict[str, Any]:
    kind = event.event_type.lower()
    told: dict[str, Any] = {
        "id": event.num,
        "event_type": _EVENTS.get(kind, kind),
        "severity": vocab.SEVERITY.say(event.severity, CRYPTO),
    }
    if event.symbol:
        told["symbol"] = joined(event.symbol)
    return {
        **told,
        "description": event.message,
        "risk_value": _value(event.current_value, event.event_type),
        "limit_value": _value(event.limit_value, event.event_type),
        "action_taken": event.action_taken,
        "timestamp": moment(event.at),
    }


def _show_events(found: Page[RiskEvent], now: datetime) -> dict[str, Any]:
    events = [_event(each) for each in found.items]
    return {"events": events, "count": len(events)}


_LIMITS = View(lambda call: ListLimits(), _show_limits, Limits)
ROWS = (
    Row("GET", "/api/v1/risk/limits", CRYPTO, "risk.limits", Access.USER, _LIMITS),
    Row(
        "PUT",
        "/api/v1/risk/limits/{limit_id}",
        CRYPTO,
        "risk.update_limit",
        Access.TRADER,
        View(_update, _limit, LimitShape, body=ChangeLimit),
    ),
    Row(
        "GET",
        "/api/v1/risk/events",
        CRYPTO,
        "risk.events",
        Access.USER,
        View(_events, _show_events, Events, query=EventsQuery),
    ),
)
