"""How groups do: over a time, step by step, and now."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from millrace.contracts.application.answering import Answer, Json, free, last, metrics, percents, told
from millrace.contracts.application.asking import Dates, by, endpoint, span
from millrace.contracts.canonical.accounts import AskHistory, GroupHistory, GroupMetrics
from millrace.contracts.canonical.performance import AskPerformance, Performance
from millrace.contracts.names import Access
from millrace.contracts.spelling import moment, number
from millrace.contracts.table import Call, Shape, View


def _lower(told: Any) -> Any:
    return told.strip().lower() if isinstance(told, str) else told


class Steps(Dates):
    """A stretch of time, in steps."""

    interval: Annotated[Literal["day", "week", "month"], BeforeValidator(_lower)] = "day"


class GroupPerformance(Shape):
    """How a group did."""

    performance: dict[str, Any]


class GroupHealth(Shape):
    """A group's limits, streams and funds."""

    risk_metrics: dict[str, Any]
    websocket_health: dict[str, Any]
    balance_status: dict[str, Any]


class Period(Shape):
    """The first and the last day."""

    start: str
    end: str


class History(Shape):
    """A group's past, oldest first."""

    history: list[Any]
    interval: str
    period: Period


def _ask_performance(call: Call) -> AskPerformance:
    return AskPerformance(id=call.ref("group_id"), **span(call.query))


def _ask_history(call: Call) -> AskHistory:
    asked: Steps = call.query
    return AskHistory(id=call.ref("group_id"), interval=asked.interval, **span(asked))


def _performance(result: Performance, now: datetime) -> Json:
    days = [
        {
            "date": day.date.isoformat(),
            "profit": number(day.profit),
            "return_percentage": percents(day.fraction),
            "balance": number(day.balance),
        }
        for day in result.days
    ]
    shown = {
        "group_id": result.subject,
        "start_date": moment(result.start),
        "end_date": moment(last(result.end)),
        "initial_balance": number(result.initial_balance),
        "final_balance": number(result.final_balance),
        "metrics": metrics(result.metrics),
        "daily_returns": days,
    }
    return told("Performance data retrieved", performance=shown)


def _health(result: GroupMetrics, now: datetime) -> Json:
    return told(
        "Group metrics retrieved",
        risk_metrics=free(result.risk),
        websocket_health=free(result.stream),
        balance_status=free(result.balances),
    )


def _day(at: datetime) -> str:
    return at.astimezone(UTC).date().isoformat()


def _history(result: GroupHistory, now: datetime) -> Json:
    period = {"start": _day(result.start), "end": _day(last(result.end))}
    return told("Historical data retrieved", history=free(result.points), interval=result.interval, period=period)


_USER = Access.USER

ROWS = (
    endpoint(
        "GET",
        "/groups/{group_id}/performance",
        "groups.performance",
        _USER,
        View(_ask_performance, _performance, Answer[GroupPerformance], query=Dates),
    ),
    endpoint(
        "GET", "/groups/{group_id}/metrics", "groups.metrics", _USER, View(by("group_id"), _health, Answer[GroupHealth])
    ),
    endpoint(
        "GET",
        "/groups/{group_id}/history",
        "groups.history",
        _USER,
        View(_ask_history, _history, Answer[History], query=Steps),
    ),
)
