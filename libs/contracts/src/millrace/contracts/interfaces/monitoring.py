"""Readings of the platform itself, and alerts: its own, and those of the caller's risk."""

from datetime import datetime
from typing import Annotated, Any, Literal

from millrace.common.kernel.errors import Code
from millrace.contracts.canonical.frame import MOST, Page
from millrace.contracts.canonical.risk import ListAlerts, SystemAlert
from millrace.contracts.canonical.system import AskMetrics, MetricReadings
from millrace.contracts.fields import Spoken, Time
from millrace.contracts.interfaces.wire import I, Plain, refused, row
from millrace.contracts.names import Access
from millrace.contracts.spelling import Moment, moment, number
from millrace.contracts.table import Asked, Call, Shape, View
from millrace.contracts.vocab import SEVERITY, Vocabulary

STATE = Vocabulary("status", ("active", "resolved"))


class Metrics(Asked):
    """Which readings, from `start_time` up to and without `end_time`."""

    component: Plain | None = None
    metric: Plain | None = None
    start_time: Moment | None = None
    end_time: Moment | None = None


class Alerts(Asked):
    """Which alerts: the active ones, unless the resolved ones are asked for."""

    status: Annotated[str, Spoken(STATE, I)] = "active"
    severity: Annotated[str, Spoken(SEVERITY, I)] | None = None


class MetricBody(Shape):
    """One reading of one gauge."""

    component: str
    metric: str
    value: float
    timestamp: Time


class MetricList(Shape):
    """Readings."""

    metrics: list[MetricBody]


class AlertBody(Shape):
    """Something needs a look, or did: then `resolved_at` says until when, where that is on record."""

    id: str
    component: str
    severity: Literal["info", "warning", "critical"]
    message: str
    status: Literal["active", "resolved"]
    triggered_at: Time
    resolved_at: Time | None = None


class AlertList(Shape):
    """The newest alerts, newest first."""

    alerts: list[AlertBody]


def metrics(found: MetricReadings, now: datetime) -> dict[str, Any]:
    """Readings."""
    return {
        "metrics": [
            {
                "component": reading.component,
                "metric": reading.name,
                "value": number(reading.value),
                "timestamp": moment(reading.at),
            }
            for reading in found.items
        ]
    }


def alerts(found: Page[SystemAlert], now: datetime) -> dict[str, Any]:
    """The newest alerts."""
    return {"alerts": [_alert(alert) for alert in found.items]}


def _alert(alert: SystemAlert) -> dict[str, Any]:
    body = {
        "id": str(alert.id),
        "component": alert.component,
        "severity": SEVERITY.say(alert.severity, I),
        "message": alert.message,
        "status": "active" if alert.is_active else "resolved",
        "triggered_at": moment(alert.triggered_at),
    }
    return {**body, "resolved_at": moment(alert.resolved_at)} if alert.resolved_at else body


def _metrics(call: Call) -> AskMetrics:
    asked: Metrics = call.query
    if asked.start_time and asked.end_time and asked.end_time <= asked.start_time:
        raise refused(Code.INVALID_DATE_RANGE, "end_time", "must be after start_time")
    return AskMetrics(component=asked.component, name=asked.metric, start=asked.start_time, end=asked.end_time)


def _alerts(call: Call) -> ListAlerts:
    asked: Alerts = call.query
    return ListAlerts(
        is_active=STATE.read(asked.status, I) == "active",
        severities=SEVERITY.read_all(asked.severity, I) if asked.severity else (),
        limit=MOST,
    )


_MONITORING = "/api/v1/monitoring"
ROWS = (
    row(
        "GET",
        f"{_MONITORING}/metrics",
        "system.metrics",
        Access.USER,
        View(_metrics, metrics, MetricList, query=Metrics),
    ),
    row("GET", f"{_MONITORING}/alerts", "system.alerts", Access.USER, View(_alerts, alerts, AlertList, query=Alerts)),
)
