"""How contract crypto says that something went wrong."""

from collections.abc import Callable
from typing import Any

import pytest

from libs.contracts.tests.crypto.desk import Desk
from libs.contracts.tests.samples import NOW
from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.common.kernel.instruments import instrument
from millrace.contracts.canonical.problem import Problem
from millrace.contracts.crypto import DIALECT
from millrace.contracts.spelling import canonical_symbol

AT = "2026-01-02T03:04:05Z"


def problem(code: Code, message: str = "it is so", operation: str = "orders.place", **other: Any) -> Problem:
    """Something went wrong."""
    return Problem.of(MillraceError(code, message, **other), NOW, "req_123456789", operation)


def told(found: Problem) -> dict[str, Any]:
    """What stands in the envelope."""
    body = DIALECT.error(found)
    assert list(body) == ["error"]
    return dict(body["error"])


def test_an_error_is_told_as_in_the_document() -> None:
    details = {"symbol": "INVALID", "supported_symbols": ["BTCUSDT", "ETHUSDT"]}
    found = problem(Code.INVALID_SYMBOL, "The specified symbol is not supported", details=details)
    assert DIALECT.error(found) == {
        "error": {
            "code": "INVALID_SYMBOL",
            "message": "The specified symbol is not supported",
            "details": details,
            "timestamp": AT,
            "request_id": "req_123456789",
        }
    }
    assert DIALECT.status(found) == 400


@pytest.mark.parametrize(
    ("ask", "symbol", "supported"),
    [
        (lambda: instrument("binance", "SOL/USDT"), "SOLUSDT", ["BTCUSDT", "ETHUSDT"]),
        (lambda: instrument("nowhere", "btc-usdt"), "BTCUSDT", ["BTCUSDT", "ETHUSDT", "BTCZAR", "ETHZAR"]),
        (lambda: canonical_symbol("INVALID"), "INVALID", ["BTCUSDT", "ETHUSDT", "BTCZAR", "ETHZAR"]),
    ],
)
def test_a_wrong_symbol_is_told_with_the_ones_there_are_in_the_documents_spelling(
    ask: Callable[[], Any], symbol: str, supported: list[str]
) -> None:
    with pytest.raises(MillraceError) as wrong:
        ask()
    details = told(Problem.of(wrong.value, NOW))["details"]
    assert (details["symbol"], details["supported_symbols"]) == (symbol, supported)


WORDS = {Code.RATE_LIMITED: "RATE_LIMIT_EXCEEDED"}


@pytest.mark.parametrize("code", list(Code))
def test_every_error_has_its_word(code: Code) -> None:
    assert told(problem(code))["code"] == WORDS.get(code, code.value)


@pytest.mark.parametrize(
    "word",
    [
        *("INVALID_SYMBOL", "INSUFFICIENT_BALANCE", "INVALID_ORDER_TYPE", "INVALID_TIMEFRAME", "INVALID_DATE_RANGE"),
        "RATE_LIMIT_EXCEEDED",
    ],
)
def test_the_documents_codes_are_all_told(word: str) -> None:
    assert word in {told(problem(code))["code"] for code in Code}


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (Code.VALIDATION_ERROR, 400),
        (Code.CONFLICT, 400),
        (Code.INVALID_STATE, 400),
        (Code.AUTH_REQUIRED, 401),
        (Code.AUTH_INVALID, 401),
        (Code.PERMISSION_DENIED, 403),
        (Code.NOT_FOUND, 404),
        (Code.RATE_LIMITED, 429),
        (Code.INTERNAL, 500),
    ],
)
def test_a_status_is_one_of_the_documents(code: Code, status: int) -> None:
    assert DIALECT.status(problem(code)) == status


@pytest.mark.parametrize(
    ("operation", "word"),
    [
        ("positions.list", "POSITION_NOT_FOUND"),
        ("positions.close", "POSITION_NOT_FOUND"),
        ("strategies.start", "STRATEGY_NOT_FOUND"),
        ("strategies.stop", "STRATEGY_NOT_FOUND"),
        ("models.train", "MODEL_NOT_FOUND"),
        ("backtests.get", "BACKTEST_NOT_FOUND"),
        ("orders.cancel", "NOT_FOUND"),
        ("risk.update_limit", "NOT_FOUND"),
        ("predictions.list", "NOT_FOUND"),
        ("", "NOT_FOUND"),
    ],
)
def test_what_was_asked_for_is_named_when_it_is_not_there(operation: str, word: str) -> None:
    found = problem(Code.NOT_FOUND, "it is not there", operation)
    assert (told(found)["code"], DIALECT.status(found)) == (word, 404)


@pytest.mark.parametrize(
    ("operation", "what", "word"),
    [
        ("backtests.create", "strategy", "STRATEGY_NOT_FOUND"),
        ("orders.place", "strategy", "STRATEGY_NOT_FOUND"),
        ("predictions.list", "model", "MODEL_NOT_FOUND"),
        ("backtests.get", "backtest", "BACKTEST_NOT_FOUND"),
        ("models.train", "model", "MODEL_NOT_FOUND"),
        ("orders.cancel", "order", "NOT_FOUND"),
    ],
)
def test_what_the_message_names_is_what_was_not_there(operation: str, what: str, word: str) -> None:
    assert told(Problem.of(not_found(what), NOW, "req", operation))["code"] == word


def test_a_thing_of_another_and_one_that_is_not_there_read_alike() -> None:
    alike = [DIALECT.error(Problem.of(not_found("backtest"), NOW, "req", "backtests.get")) for _ in range(2)]
    assert alike[0] == alike[1]
    assert alike[0]["error"]["message"] == "backtest not found"


def test_a_wrong_field_stands_in_the_details() -> None:
    found = problem(Code.INVALID_QUANTITY, "quantity must be more", fields={"quantity": "must be greater than zero"})
    assert told(found)["details"] == {"field": "quantity", "reason": "must be greater than zero"}


def test_of_several_wrong_fields_the_first_one_does() -> None:
    found = problem(Code.VALIDATION_ERROR, fields={"side": "is required", "type": "is required"})
    assert told(found)["details"] == {"field": "side", "reason": "is required"}


def test_what_a_validator_found_is_told_by_its_place() -> None:
    places = [{"loc": ("body", "symbols", 0), "msg": "too short", "type": "string_too_short"}]
    found = problem(Code.VALIDATION_ERROR, details={"errors": places})
    assert told(found)["details"] == {"field": "symbols.0", "reason": "too short"}


def test_details_of_its_own_stay_beside_the_field() -> None:
    found = problem(Code.RISK_REFUSED, fields={"quantity": "is too much"}, details={"limit": "position_value"})
    assert told(found)["details"] == {"field": "quantity", "reason": "is too much", "limit": "position_value"}


def test_no_details_are_an_empty_object_and_no_request_has_no_id() -> None:
    found = Problem.of(MillraceError(Code.CONFLICT, "again"), NOW)
    assert (told(found)["details"], told(found)["request_id"]) == ({}, None)


BACKWARDS = {"start_time": "2025-09-18T09:00:00Z", "end_time": "2025-09-18T08:00:00Z"}


@pytest.mark.parametrize(
    ("address", "query", "path"),
    [
        ("GET trading/orders", {}, {}),
        ("GET risk/events", {}, {}),
        ("GET ml/predictions", {}, {}),
        ("GET market-data/{symbol:path}/history", {"timeframe": "1h"}, {"symbol": "BTCUSDT"}),
    ],
)
def test_a_time_that_ends_before_it_begins_is_refused_wherever_one_is_asked_for(
    address: str, query: dict[str, Any], path: dict[str, str]
) -> None:
    desk = Desk(DIALECT, "/api/v1/")
    wrong = desk.refuses(address, query={**query, **BACKWARDS}, **path)
    assert (wrong.code, set(wrong.fields)) == (Code.INVALID_DATE_RANGE, {"start_time"})
    desk.asks(address, query={**query, **BACKWARDS, "end_time": BACKWARDS["start_time"]}, **path)
