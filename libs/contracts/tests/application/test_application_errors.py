"""Errors, health and metrics in the words of contract application."""

from decimal import Decimal
from typing import Any

import pytest

from libs.contracts.tests.application.asked import answer, row
from libs.contracts.tests.samples import NOW
from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.contracts.application import DIALECT
from millrace.contracts.canonical.problem import Problem
from millrace.contracts.canonical.system import AskMetrics, Health, MetricReadings
from millrace.contracts.select import OWNERS
from millrace.contracts.table import Call


def problem(code: Code, fields: dict[str, str] | None = None, request_id: str | None = "req") -> Problem:
    """A problem as the edge makes it."""
    error = MillraceError(code, "what is wrong", fields=fields, details={"internal": 1})
    return Problem.of(error, NOW, request_id, "groups.execute")


def test_an_error_is_told_as_the_document_shows() -> None:
    assert DIALECT.error(problem(Code.VALIDATION_ERROR, {"size": "must be a decimal number"})) == {
        "success": False,
        "detail": "what is wrong",
        "errors": {"size": "must be a decimal number"},
        "request_id": "req",
        "timestamp": "2026-01-02T03:04:05Z",
    }


@pytest.mark.parametrize("code", list(Code))
def test_every_error_has_the_same_keys_and_kinds(code: Code) -> None:
    body = DIALECT.error(problem(code, {"a": "b"}))
    assert {key: type(value) for key, value in body.items()} == {
        "success": bool,
        "detail": str,
        "errors": dict,
        "request_id": str,
        "timestamp": str,
    }
    assert "internal" not in str(body)


@pytest.mark.parametrize("code", [Code.AUTH_REQUIRED, Code.AUTH_INVALID, Code.PERMISSION_DENIED, Code.INTERNAL])
def test_what_is_about_security_names_no_field(code: Code) -> None:
    assert DIALECT.error(problem(code, {"username": "is unknown"}))["errors"] == {}
    assert DIALECT.error(problem(Code.CONFLICT, {"username": "is taken"}))["errors"] == {"username": "is taken"}


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (Code.AUTH_REQUIRED, 401),
        (Code.AUTH_INVALID, 401),
        (Code.PERMISSION_DENIED, 403),
        (Code.NOT_FOUND, 404),
        (Code.VALIDATION_ERROR, 422),
        (Code.INVALID_SYMBOL, 400),
        (Code.INVALID_TIMEFRAME, 400),
        (Code.INVALID_DATE_RANGE, 400),
        (Code.INSUFFICIENT_BALANCE, 400),
        (Code.RISK_REFUSED, 400),
        (Code.CONFLICT, 400),
        (Code.INVALID_STATE, 400),
        (Code.RATE_LIMITED, 429),
        (Code.INTERNAL, 500),
        (Code.UNAVAILABLE, 503),
    ],
)
def test_every_error_has_its_status(code: Code, status: int) -> None:
    assert DIALECT.status(problem(code)) == status


def test_not_yours_and_not_there_are_told_alike() -> None:
    told = [DIALECT.error(Problem.of(not_found("group"), NOW, "req", op)) for op in ("groups.get", "groups.delete")]
    assert told[0] == told[1]


def test_an_error_outside_of_a_request_has_an_empty_id() -> None:
    assert DIALECT.error(problem(Code.INTERNAL, request_id=None))["request_id"] == ""


def health(**changes: Any) -> Any:
    """How the platform is said to be."""
    found = Health(version="1.2.3", environment="test", at=NOW, **changes)
    return answer("GET", "/health", found)


@pytest.mark.parametrize(("status", "word"), [("ok", "ok"), ("degraded", "degraded"), ("down", "degraded")])
def test_health_is_ok_or_degraded(status: str, word: str) -> None:
    assert health(status=status)["status"] == word


def test_health_tells_of_the_database_and_how_long_it_is_up() -> None:
    assert health(database_connected=False, references={"accounts": Decimal(3)}, uptime=12.5) == {
        "status": "ok",
        "version": "1.2.3",
        "environment": "test",
        "database": {"connected": False, "references": {"accounts": 3.0}},
        "uptime": 12.5,
        "timestamp": "2026-01-02T03:04:05Z",
    }


def test_metrics_tell_of_breakers_and_rates() -> None:
    view = row("GET", "/metrics").view
    assert view.parse(Call()) == AskMetrics()
    found = MetricReadings(circuit_breakers={"binance": {"open": False}}, rate_limits={"limit": Decimal(300)})
    assert answer("GET", "/metrics", found) == {
        "circuit_breakers": {"binance": {"open": False}},
        "rate_limits": {"limit": 300.0},
        "timestamp": "2026-01-02T03:04:05Z",
    }


def test_every_address_that_others_define_too_is_shared_knowingly() -> None:
    here = {(row.method, path) for row in DIALECT.rows for path in row.paths}
    shared = {address for address, owners in OWNERS.items() if DIALECT.contract in owners}
    assert shared <= here
    assert len(shared) == 6


def test_the_contract_says_what_it_is() -> None:
    assert DIALECT.contract == "application"
    assert DIALECT.title
    assert "25.0" in DIALECT.description
