"""How contract network says that something went wrong."""

from typing import Any

import pytest

from libs.contracts.tests.samples import NOW
from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.contracts.canonical.problem import Problem
from millrace.contracts.network import DIALECT

AT = "2026-01-02T03:04:05Z"
WORDS = {
    Code.AUTH_REQUIRED: "AUTH_REQUIRED",
    Code.AUTH_INVALID: "AUTH_INVALID",
    Code.PERMISSION_DENIED: "PERMISSION_DENIED",
    Code.VALIDATION_ERROR: "VALIDATION_ERROR",
    Code.NOT_FOUND: "NOT_FOUND",
    Code.RATE_LIMITED: "RATE_LIMIT",
    Code.INSUFFICIENT_BALANCE: "INSUFFICIENT_FUNDS",
    Code.PROVIDER_ERROR: "PROVIDER_ERROR",
    Code.UNAVAILABLE: "PROVIDER_ERROR",
    Code.INTERNAL: "PROVIDER_ERROR",
}
"""The document's words; what has none of its own was a request that is not valid."""


def problem(code: Code, message: str = "it is so", **other: Any) -> Problem:
    """Something went wrong."""
    return Problem.of(MillraceError(code, message, **other), NOW, "req-1", "bots.get")


def test_an_error_is_told_as_in_the_document() -> None:
    assert DIALECT.error(problem(Code.NOT_FOUND, "bot not found")) == {
        "success": False,
        "error": "bot not found",
        "error_code": "NOT_FOUND",
        "timestamp": AT,
    }


@pytest.mark.parametrize("code", list(Code))
def test_every_error_is_one_of_the_documents_eight(code: Code) -> None:
    body = DIALECT.error(problem(code))
    assert body == {
        "success": False,
        "error": "it is so",
        "error_code": WORDS.get(code, "VALIDATION_ERROR"),
        "timestamp": AT,
    }


def test_the_documents_eight_codes_are_all_told() -> None:
    assert {DIALECT.error(problem(code))["error_code"] for code in Code} == {
        *("AUTH_REQUIRED", "AUTH_INVALID", "VALIDATION_ERROR", "NOT_FOUND", "PERMISSION_DENIED", "RATE_LIMIT"),
        *("PROVIDER_ERROR", "INSUFFICIENT_FUNDS"),
    }


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (Code.INVALID_SYMBOL, 400),
        (Code.INVALID_CREDENTIALS, 400),
        (Code.PROVIDER_ERROR, 400),
        (Code.INSUFFICIENT_BALANCE, 400),
        (Code.AUTH_REQUIRED, 401),
        (Code.AUTH_INVALID, 401),
        (Code.PERMISSION_DENIED, 403),
        (Code.NOT_FOUND, 404),
        (Code.VALIDATION_ERROR, 422),
        (Code.RATE_LIMITED, 429),
        (Code.INTERNAL, 500),
    ],
)
def test_a_status_is_one_of_the_documents(code: Code, status: int) -> None:
    assert DIALECT.status(problem(code)) == status


def test_a_body_that_cannot_be_read_is_a_bad_request() -> None:
    broken = problem(Code.VALIDATION_ERROR, fields={"body": "is not valid JSON"})
    assert (DIALECT.status(broken), DIALECT.error(broken)["error_code"]) == (400, "VALIDATION_ERROR")
    assert DIALECT.status(problem(Code.VALIDATION_ERROR, fields={"name": "is required"})) == 422


def test_a_thing_of_another_and_one_that_is_not_there_read_alike() -> None:
    alike = [DIALECT.error(Problem.of(not_found("bot"), NOW, "req", "bots.get")) for _ in range(2)]
    assert alike[0] == alike[1]


def test_details_and_fields_stay_inside() -> None:
    found = problem(Code.RISK_REFUSED, "too much", fields={"quantity": "is too much"}, details={"limit": "drawdown"})
    assert set(DIALECT.error(found)) == {"success", "error", "error_code", "timestamp"}
    assert "drawdown" not in str(DIALECT.error(found))
