"""How contract interfaces says that something went wrong."""

from typing import Any

import pytest

from libs.contracts.tests.samples import NOW
from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.contracts.canonical.problem import Problem
from millrace.contracts.interfaces import DIALECT


def problem(code: Code, message: str = "it is so", **other: Any) -> Problem:
    """Something went wrong."""
    return Problem.of(MillraceError(code, message, **other), NOW, "req-1", "orders.place")


def test_an_error_names_the_field_and_the_reason() -> None:
    found = problem(Code.VALIDATION_ERROR, "price is required", fields={"price": "is required for limit orders"})
    assert DIALECT.error(found) == {
        "error": {
            "code": "VALIDATION_ERROR",
            "message": "price is required",
            "details": {"field": "price", "reason": "is required for limit orders"},
        }
    }


@pytest.mark.parametrize("code", list(Code))
def test_every_error_is_of_the_one_form(code: Code) -> None:
    body = DIALECT.error(problem(code))
    assert body == {
        "error": {"code": code.value, "message": "it is so", "details": {"field": "", "reason": "it is so"}}
    }


def test_a_validators_findings_are_told_by_where_they_lie() -> None:
    errors = [
        {"loc": ("body", "config", "leverage"), "msg": "Value error, must be finite", "type": "value_error"},
        {"loc": ("body", "name"), "msg": "Field required", "type": "missing"},
    ]
    found = problem(Code.VALIDATION_ERROR, details={"errors": errors})
    assert DIALECT.error(found)["error"]["details"] == {"field": "config.leverage", "reason": "must be finite"}


def test_details_of_ours_do_not_leak_into_the_documents_two_keys() -> None:
    found = problem(Code.INVALID_SYMBOL, fields={"symbol": "is not a trading pair"}, details={"supported": ["x"]})
    assert DIALECT.error(found)["error"]["details"] == {"field": "symbol", "reason": "is not a trading pair"}


def test_a_thing_of_another_and_one_that_is_not_there_read_alike() -> None:
    alike = [DIALECT.error(Problem.of(not_found("order"), NOW, request, "orders.get")) for request in ("a", "b")]
    assert alike[0] == alike[1]
    assert alike[0]["error"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize(("known", "field"), [("supported_symbols", "symbol"), ("supported_exchanges", "exchange")])
def test_of_a_pair_that_is_not_there_what_was_wrong_of_it_is_named(known: str, field: str) -> None:
    found = problem(Code.INVALID_SYMBOL, "it cannot be traded", details={"symbol": "X/Y", known: ["z"]})
    assert DIALECT.error(found)["error"]["details"] == {"field": field, "reason": "it cannot be traded"}
