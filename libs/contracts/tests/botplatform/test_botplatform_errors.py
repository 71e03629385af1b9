"""How contract botplatform says that something went wrong."""

from typing import Any

import pytest
from pydantic import ValidationError

from libs.contracts.tests.botplatform.cases import row_of
from libs.contracts.tests.samples import NOW
from millrace.common.kernel.errors import STATUS, Code, MillraceError, not_found
from millrace.contracts.botplatform import DIALECT
from millrace.contracts.canonical.problem import FieldError, Problem

AT = "2026-01-02T03:04:05Z"


def problem(code: Code, message: str = "it is so", **other: Any) -> Problem:
    """Something went wrong."""
    return Problem.of(MillraceError(code, message, **other), NOW, "req-1", "orders.place")


def told(ask: str, body: Any) -> list[dict[str, Any]]:
    """What the answer to a body says that is not of the documented form."""
    with pytest.raises(ValidationError) as refused:
        row_of(DIALECT, ask).view.body.model_validate(body)  # type: ignore[union-attr]
    places = [
        {"loc": ("body", *each["loc"]), "msg": each["msg"], "type": each["type"]} for each in refused.value.errors()
    ]
    wrong = MillraceError(Code.VALIDATION_ERROR, "not so", details={"errors": places})
    answer: list[dict[str, Any]] = DIALECT.error(Problem.of(wrong, NOW))["detail"]
    return answer


def test_an_error_is_text_a_code_and_a_time() -> None:
    found = problem(Code.INVALID_QUANTITY, "Invalid order quantity", fields={"quantity": "must be greater than 0"})
    assert DIALECT.error(found) == {"detail": "Invalid order quantity", "code": "INVALID_QUANTITY", "timestamp": AT}
    assert DIALECT.status(found) == 400


@pytest.mark.parametrize("code", [Code.AUTH_REQUIRED, Code.AUTH_INVALID])
def test_whoever_is_not_known_has_an_invalid_token(code: Code) -> None:
    found = problem(code, "Invalid or expired token")
    assert DIALECT.error(found) == {"detail": "Invalid or expired token", "code": "INVALID_TOKEN", "timestamp": AT}
    assert DIALECT.status(found) == 401


@pytest.mark.parametrize("code", [code for code in Code if STATUS.get(code) != 422])
def test_every_other_error_is_of_the_one_form_with_another_status(code: Code) -> None:
    body = DIALECT.error(problem(code))
    assert set(body) == {"detail", "code", "timestamp"}
    assert body["detail"] == "it is so"
    assert body["code"].replace("_", "").isalpha()
    assert DIALECT.status(problem(code)) != 422


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (Code.RATE_LIMITED, "RATE_LIMIT_EXCEEDED"),
        (Code.INTERNAL, "INTERNAL_ERROR"),
        (Code.NOT_FOUND, "NOT_FOUND"),
        (Code.PERMISSION_DENIED, "PERMISSION_DENIED"),
        (Code.INVALID_SYMBOL, "INVALID_SYMBOL"),
        (Code.ORDER_NOT_CANCELABLE, "ORDER_NOT_CANCELABLE"),
    ],
)
def test_codes_are_words_of_this_contract(code: Code, word: str) -> None:
    assert DIALECT.error(problem(code))["code"] == word


def test_a_thing_of_another_and_one_that_is_not_there_read_alike() -> None:
    alike = [DIALECT.error(Problem.of(not_found("order"), NOW, "req", "orders.get")) for _ in range(2)]
    assert alike[0] == alike[1] == {"detail": "order not found", "code": "NOT_FOUND", "timestamp": AT}


def test_a_missing_field_is_told_in_the_documents_own_words() -> None:
    missing = {"loc": ("body", "price"), "msg": "Field required", "type": "missing"}
    found = problem(Code.VALIDATION_ERROR, details={"errors": [missing]})
    assert DIALECT.error(found) == {
        "detail": [{"loc": ["body", "price"], "msg": "field required", "type": "value_error.missing"}]
    }
    assert DIALECT.status(found) == 422


def test_a_field_that_was_refused_by_a_rule_has_its_reason() -> None:
    found = problem(Code.VALIDATION_ERROR, fields={"limit_value": "must be at most 100"})
    assert DIALECT.error(found)["detail"] == [
        {"loc": ["body", "limit_value"], "msg": "must be at most 100", "type": "value_error"}
    ]


@pytest.mark.parametrize("code", [Code.VALIDATION_ERROR, Code.IDEMPOTENCY_MISMATCH])
def test_a_422_without_a_field_is_a_list_too(code: Code) -> None:
    found = problem(code, "another body came with this key")
    assert DIALECT.error(found) == {
        "detail": [{"loc": ["body"], "msg": "another body came with this key", "type": "value_error"}]
    }


ORDER = {"bot_id": 1, "symbol": "BTCUSDT", "side": "BUY", "order_type": "MARKET", "quantity": 1}


@pytest.mark.parametrize(
    ("change", "msg", "kind"),
    [
        ({"stop_prise": 1}, "extra fields not permitted", "value_error.extra"),
        ({"side": 5}, "str type expected", "type_error.str"),
        ({"side": "HOLD"}, "must be one of BUY, SELL", "value_error"),
        ({"quantity": "much"}, "must be a decimal number", "value_error"),
        ({"bot_id": "mine"}, "must be a UUID or a number", "value_error"),
        ({"symbol": ""}, "ensure this value has at least 1 character", "value_error.any_str.min_length"),
        ({"symbol": "x" * 41}, "ensure this value has at most 40 characters", "value_error.any_str.max_length"),
    ],
)
def test_what_is_wrong_with_an_order_is_told_in_the_old_validators_words(
    change: dict[str, Any], msg: str, kind: str
) -> None:
    (name,) = change
    assert told("POST /api/v1/orders", {**ORDER, **change}) == [{"loc": ["body", name], "msg": msg, "type": kind}]


@pytest.mark.parametrize(
    ("body", "place", "msg", "kind"),
    [
        ({"name": "x", "max_retries": 21}, ["max_retries"], "less than or equal to 20", "value_error.number.not_le"),
        ({"name": "x", "max_retries": -1}, ["max_retries"], "greater than or equal to 0", "value_error.number.not_ge"),
        ({"name": "a b"}, ["name"], "pattern '^[A-Za-z0-9_.-]+$'", "value_error.str.regex"),
    ],
)
def test_bounds_are_told_in_the_old_validators_words(body: Any, place: list[str], msg: str, kind: str) -> None:
    (wrong,) = told("POST /api/v1/jobs", body)
    assert (wrong["loc"], wrong["type"]) == (["body", *place], kind)
    assert wrong["msg"].startswith("ensure this value ")
    assert wrong["msg"].endswith(msg)


@pytest.mark.parametrize(
    ("retries", "kind"), [("x", "type_error.integer"), (1.5, "type_error.integer"), ([], "type_error.integer")]
)
def test_a_number_that_is_none_is_a_type_error(retries: Any, kind: str) -> None:
    (wrong,) = told("POST /api/v1/jobs", {"name": "x", "max_retries": retries})
    assert (wrong["msg"], wrong["type"]) == ("value is not a valid integer", kind)


def test_an_object_is_told_to_be_one_and_places_lie_as_deep_as_the_value() -> None:
    config = "POST /api/v1/bots", {"name": "x", "strategy_id": 1, "exchange": "binance", "symbol": "BTCUSDT"}
    (wrong,) = told(config[0], {**config[1], "config": []})
    assert (wrong["msg"], wrong["type"]) == ("value is not a valid dict", "type_error.dict")
    (deep,) = told(config[0], {**config[1], "config": {"leverage": 0}})
    assert (deep["loc"], deep["type"]) == (["body", "config", "leverage"], "value_error.number.not_gt")


def test_every_mistake_is_told_and_what_a_rule_is_called_is_never_new() -> None:
    wrongs = told("POST /api/v1/orders", {})
    assert {wrong["loc"][1] for wrong in wrongs} == {"symbol", "side", "order_type", "quantity"}
    odd = FieldError(loc=("query", "x"), msg="Value error, odd", type="a_rule_of_tomorrow")
    found = Problem(code=Code.VALIDATION_ERROR, message="", errors=(odd,), status=422, at=NOW)
    assert DIALECT.error(found)["detail"] == [{"loc": ["query", "x"], "msg": "odd", "type": "value_error"}]
