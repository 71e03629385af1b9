"""Limits and risk events in contract crypto."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from libs.contracts.tests.crypto.desk import Desk, kinds
from libs.contracts.tests.samples import ID, sample
from millrace.common.kernel.errors import Code
from millrace.contracts.canonical.frame import Page
from millrace.contracts.canonical.risk import ListLimits, ListRiskEvents, RiskEvent, RiskLimit, UpdateLimit
from millrace.contracts.crypto import DIALECT
from millrace.contracts.names import Contract

CRYPTO = Desk(DIALECT, "/api/v1/")
LIMITS, UPDATE, EVENTS = "GET risk/limits", "PUT risk/limits/{limit_id}", "GET risk/events"
MORNING = datetime(2025, 9, 18, 8, 45, tzinfo=UTC)
POSITION: dict[str, Any] = {
    "num": 1,
    "limit_type": "position_value",
    "symbol": "BTC/USDT",
    "spelling": None,
    "value": Decimal(1000),
    "current_value": Decimal(500),
    "utilization": Decimal("0.5"),
    "enabled": True,
}
LOSS: dict[str, Any] = {
    "num": 2,
    "limit_type": "daily_loss",
    "symbol": None,
    "value": Decimal(500),
    "current_value": Decimal("125.5"),
    "utilization": Decimal("0.251"),
    "enabled": True,
}
SEEN: dict[str, Any] = {
    "num": 1001,
    "event_type": "position_limit_exceeded",
    "severity": "high",
    "symbol": "BTC/USDT",
    "message": "Position size exceeded 80% of limit",
    "current_value": Decimal(850),
    "limit_value": Decimal(1000),
    "action_taken": "position_reduced",
    "at": MORNING,
}


def limit(of: dict[str, Any], **changes: Any) -> RiskLimit:
    """One of the document's own limits, with changes."""
    return sample(RiskLimit, **{**of, **changes})


def told(**changes: Any) -> dict[str, Any]:
    """The document's own event, with changes, as it is told."""
    found = Page[RiskEvent](items=(sample(RiskEvent, **{**SEEN, **changes}),), total=1)
    (event,) = CRYPTO.answers(EVENTS, found)["events"]
    return dict(event)


def test_limits_are_asked_for_without_a_word() -> None:
    assert CRYPTO.asks(LIMITS) == ListLimits()


def test_limits_are_told_as_in_the_document() -> None:
    assert CRYPTO.answers(LIMITS, items=(limit(POSITION), limit(LOSS))) == {
        "limits": [
            {
                "id": 1,
                "limit_type": "max_position_size",
                "symbol": "BTCUSDT",
                "limit_value": 1000.0,
                "current_value": 500.0,
                "utilization": 50.0,
                "is_active": True,
            },
            {
                "id": 2,
                "limit_type": "daily_loss_limit",
                "limit_value": 500.0,
                "current_value": 125.5,
                "utilization": 25.1,
                "is_active": True,
            },
        ],
        "count": 2,
    }


def test_no_limits_are_an_empty_list() -> None:
    assert CRYPTO.answers(LIMITS, items=()) == {"limits": [], "count": 0}


@pytest.mark.parametrize("source", ["system", "user"])
def test_the_systems_limits_are_told_too(source: str) -> None:
    assert CRYPTO.answers(LIMITS, items=(limit(POSITION, source=source),))["count"] == 1


def test_a_limit_of_drawdown_is_a_percent() -> None:
    drawdown = limit(LOSS, limit_type="drawdown", value=Decimal("0.1"), current_value=Decimal("0.025"))
    assert CRYPTO.answers(UPDATE, drawdown) == {
        "id": 2,
        "limit_type": "max_drawdown",
        "limit_value": 10.0,
        "current_value": 2.5,
        "utilization": 25.1,
        "is_active": True,
    }


@pytest.mark.parametrize(("spelling", "shown"), [("btc-usdt", "btc-usdt"), (None, "BTCUSDT")])
def test_a_limits_symbol_is_told_as_it_was_written(spelling: str | None, shown: str) -> None:
    assert CRYPTO.answers(UPDATE, limit(POSITION, spelling=spelling))["symbol"] == shown


@pytest.mark.parametrize(
    ("value", "used", "utilization"),
    [("0", "0", "0"), ("1E-18", "1E+5", "1E+23"), ("99999999999999999999", "-5", "0"), ("0.5", "1E+19", "2E+19")],
)
def test_however_large_or_small_a_limit_is_it_is_told_in_numbers(value: str, used: str, utilization: str) -> None:
    given = {"value": Decimal(value), "current_value": Decimal(used), "utilization": Decimal(utilization)}
    body = CRYPTO.answers(UPDATE, limit(POSITION, **given))
    assert body["utilization"] == float(Decimal(utilization) * 100)
    assert {kind for name, kind in kinds(body).items() if name.endswith("value")} == {"float"}


def test_a_limit_that_is_off_says_so() -> None:
    assert CRYPTO.answers(UPDATE, limit(LOSS, enabled=False))["is_active"] is False


def test_a_change_is_read_as_the_document_writes_it() -> None:
    assert CRYPTO.asks(UPDATE, '{"limit_value": 1500.00, "is_active": true}', limit_id="1") == UpdateLimit(
        id=1, value=Decimal(1500), enabled=True, origin=Contract.CRYPTO
    )


@pytest.mark.parametrize(
    ("body", "value", "enabled"),
    [
        ({"limit_value": "1500.50"}, Decimal("1500.5"), None),
        ({"limit_value": 0}, Decimal(0), None),
        ({"is_active": False}, None, False),
        ({"limit_value": None, "is_active": "true"}, None, True),
        ({"limit_value": 12.5, "is_active": None}, Decimal("12.5"), None),
    ],
)
def test_only_what_is_given_of_a_limit_changes(body: dict[str, Any], value: Any, enabled: Any) -> None:
    command = CRYPTO.asks(UPDATE, body, limit_id=str(ID))
    assert (command.id, command.value, command.enabled) == (ID, value, enabled)


@pytest.mark.parametrize("body", [{}, {"limit_value": None, "is_active": None}, {"limit": 5}])
def test_a_change_of_nothing_is_refused(body: dict[str, Any]) -> None:
    refused = CRYPTO.refuses(UPDATE, body)
    assert (refused.code, refused.fields) == (Code.VALIDATION_ERROR, {"limit_value": "is required, or is_active"})


@pytest.mark.parametrize("key", ["id", "user_id", "current_value", "utilization", "limit_type", "source", "symbol"])
def test_nobody_sets_what_the_server_says(key: str) -> None:
    asked = {"limit_value": 5, "is_active": True}
    assert CRYPTO.asks(UPDATE, {**asked, key: "x"}) == CRYPTO.asks(UPDATE, asked)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"limit_value": -1}, "limit_value"),
        ({"limit_value": "much"}, "limit_value"),
        ({"limit_value": True}, "limit_value"),
        ({"limit_value": "1e20"}, "limit_value"),
        ({"limit_value": "NaN"}, "limit_value"),
        ({"is_active": "perhaps"}, "is_active"),
        ({"is_active": 2}, "is_active"),
    ],
)
def test_a_change_is_bounded(body: dict[str, Any], field: str) -> None:
    assert CRYPTO.wrong(UPDATE, body) == [field]


def test_all_events_are_asked_for() -> None:
    assert CRYPTO.asks(EVENTS) == ListRiskEvents(severities=(), start=None, end=None, limit=5000)


@pytest.mark.parametrize(
    ("word", "severities"),
    [
        ("LOW", ("low",)),
        ("medium", ("medium",)),
        ("High", ("high",)),
        (" CRITICAL ", ("critical",)),
        ("warning", ("medium", "high")),
        ("info", ("low",)),
    ],
)
def test_events_of_a_severity_are_asked_for_in_any_case_and_contract(word: str, severities: tuple[str, ...]) -> None:
    assert CRYPTO.asks(EVENTS, query={"severity": word}).severities == severities


def test_a_severity_that_there_is_not_is_refused() -> None:
    refused = CRYPTO.refuses(EVENTS, query={"severity": "LOUD"})
    assert refused.fields == {"severity": "must be one of CRITICAL, HIGH, LOW, MEDIUM"}


@pytest.mark.parametrize("written", ["2025-09-18T08:45:00Z", "1758185100", 1758185100000, "2025-09-18T10:45+02:00"])
def test_a_time_is_written_in_any_form(written: Any) -> None:
    assert CRYPTO.asks(EVENTS, query={"start_time": written}) == ListRiskEvents(start=MORNING, limit=5000)
    assert CRYPTO.asks(EVENTS, query={"end_time": written}) == ListRiskEvents(end=MORNING, limit=5000)


@pytest.mark.parametrize(
    ("query", "field"),
    [({"severity": "x" * 21}, "severity"), ({"start_time": "soon"}, "start_time"), ({"end_time": ""}, "end_time")],
    ids=lambda value: str(value)[:40],
)
def test_a_filter_is_bounded(query: dict[str, str], field: str) -> None:
    assert CRYPTO.wrong(EVENTS, query=query) == [field]


def test_events_are_told_as_in_the_document() -> None:
    assert CRYPTO.answers(EVENTS, Page[RiskEvent](items=(sample(RiskEvent, **SEEN),), total=1)) == {
        "events": [
            {
                "id": 1001,
                "event_type": "position_limit_exceeded",
                "severity": "HIGH",
                "symbol": "BTCUSDT",
                "description": "Position size exceeded 80% of limit",
                "risk_value": 850.0,
                "limit_value": 1000.0,
                "action_taken": "position_reduced",
                "timestamp": "2025-09-18T08:45:00Z",
            }
        ],
        "count": 1,
    }


def test_no_events_are_an_empty_list() -> None:
    assert CRYPTO.answers(EVENTS, Page[RiskEvent]()) == {"events": [], "count": 0}


@pytest.mark.parametrize("severity", ["low", "medium", "high", "critical"])
def test_a_severity_is_upper_case(severity: str) -> None:
    assert told(severity=severity)["severity"] == severity.upper()


@pytest.mark.parametrize("symbol", [None, ""])
def test_an_event_of_no_symbol_names_none(symbol: str | None) -> None:
    assert "symbol" not in told(symbol=symbol)


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("drawdown", (8.5, 10.0)),
        ("daily_loss_fraction", (8.5, 10.0)),
        ("daily_loss", (0.085, 0.1)),
        ("position_value", (0.085, 0.1)),
    ],
)
def test_an_event_of_a_fraction_is_told_in_percent_like_its_limit(kind: str, shown: tuple[float, float]) -> None:
    event = told(event_type=kind, current_value=Decimal("0.085"), limit_value=Decimal("0.1"))
    assert (event["risk_value"], event["limit_value"]) == shown


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("position_value", "position_limit_exceeded"),
        ("daily_loss", "daily_loss_limit_exceeded"),
        ("drawdown", "drawdown_limit_exceeded"),
        ("price_band", "price_band"),
    ],
)
def test_an_event_of_a_limit_is_called_as_in_the_document(kind: str, said: str) -> None:
    assert told(event_type=kind)["event_type"] == said


def test_an_event_without_numbers_has_zeros() -> None:
    event = told(event_type="KILL_SWITCH", current_value=Decimal(0), limit_value=Decimal(0), action_taken="none")
    assert (event["event_type"], event["risk_value"], event["limit_value"]) == ("kill_switch", 0.0, 0.0)
