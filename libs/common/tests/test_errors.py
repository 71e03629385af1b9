"""Every code has one status, and those that clients build upon never change."""

from decimal import Decimal
from typing import Annotated, Any

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from millrace.common.kernel.errors import STATUS, Code, MillraceError, not_found
from millrace.common.web.errors import validation_error

EXPECTED = {
    "AUTH_REQUIRED": 401,
    "AUTH_INVALID": 401,
    "PERMISSION_DENIED": 403,
    "VALIDATION_ERROR": 422,
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "CONFLICT": 409,
    "PAYLOAD_TOO_LARGE": 413,
    "RATE_LIMITED": 429,
    "IDEMPOTENCY_CONFLICT": 409,
    "IDEMPOTENCY_MISMATCH": 422,
    "INVALID_STATE": 409,
    "UNAVAILABLE": 503,
    "INTERNAL": 500,
}


@pytest.mark.parametrize("code", list(Code))
def test_each_code_answers_with_its_status_and_business_refusals_with_400(code: Code) -> None:
    assert MillraceError(code, "text").status == EXPECTED.get(code.value, 400)
    assert code.value == code.name


def test_no_status_belongs_to_a_code_that_does_not_exist() -> None:
    assert {code.value for code in STATUS} == set(EXPECTED)


def test_an_error_keeps_what_was_said_and_shares_nothing() -> None:
    fields = {"a": "b"}
    error = MillraceError(Code.CONFLICT, "twice", fields=fields, details={"x": 1}, retry_after=2.0)
    fields["c"] = "d"
    assert (str(error), error.fields, error.details, error.retry_after) == ("twice", {"a": "b"}, {"x": 1}, 2.0)
    assert not_found("bot").message == "bot not found"
    assert not_found("bot").code is Code.NOT_FOUND


class Costly(BaseModel):
    """What has limits of its own."""

    share: Annotated[Decimal, BeforeValidator(Decimal), Field(le=Decimal("0.1"))] = Decimal(0)
    symbols: Annotated[list[str], Field(min_length=1)] = ["a"]


@pytest.mark.parametrize(
    ("told", "reason"),
    [({"share": 2}, "must be less than or equal to 0.1"), ({"symbols": []}, "must have at least 1 item")],
)
def test_a_reason_says_nothing_of_our_models(told: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        Costly(**told)
    found = [{**error, "loc": ("body", *error["loc"])} for error in wrong.value.errors()]
    assert list(validation_error(RequestValidationError(found)).fields.values()) == [reason]
