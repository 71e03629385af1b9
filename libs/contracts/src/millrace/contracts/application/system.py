"""How the platform is."""

from datetime import datetime
from typing import Any, Literal

from millrace.contracts.application.answering import Json, Stamp, free
from millrace.contracts.application.asking import APPLICATION, endpoint, nothing
from millrace.contracts.canonical import system
from millrace.contracts.names import Access
from millrace.contracts.spelling import moment
from millrace.contracts.table import Call, Shape, View
from millrace.contracts.vocab import HEALTH


class Database(Shape):
    """Whether the database answers, and what is known of it."""

    connected: bool
    references: dict[str, Any]


class Health(Stamp):
    """How the platform is; `uptime` in seconds."""

    status: Literal["ok", "degraded"]
    version: str
    environment: str
    database: Database
    uptime: float


class SystemMetrics(Stamp):
    """What is switched off, and how fast one may ask."""

    circuit_breakers: dict[str, Any]
    rate_limits: dict[str, Any]


def _ask_metrics(call: Call) -> system.AskMetrics:
    return system.AskMetrics()


def _health(result: system.Health, now: datetime) -> Json:
    return {
        "status": HEALTH.say(result.status, APPLICATION),
        "version": result.version,
        "environment": result.environment,
        "database": {"connected": result.database_connected, "references": free(result.references)},
        "uptime": result.uptime,
        "timestamp": moment(result.at),
    }


def _metrics(result: system.MetricReadings, now: datetime) -> Json:
    return {
        "circuit_breakers": free(result.circuit_breakers),
        "rate_limits": free(result.rate_limits),
        "timestamp": moment(now),
    }


_PUBLIC = Access.PUBLIC

ROWS = (
    endpoint("GET", "/health", "system.health", _PUBLIC, View(nothing, _health, Health), also=("/health",)),
    endpoint(
        "GET", "/metrics", "system.metrics", _PUBLIC, View(_ask_metrics, _metrics, SystemMetrics), also=("/metrics",)
    ),
)
