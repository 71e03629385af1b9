"""No operation is refused with a status that its contract's document does not list; repeated requests keep ours."""

import pytest

from libs.contracts.tests.samples import NOW
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical.problem import Problem
from millrace.contracts.dialects import DIALECTS
from millrace.contracts.names import Contract
from millrace.contracts.statuses import LISTED, OURS

EDGE = {Code.METHOD_NOT_ALLOWED: 405, Code.PAYLOAD_TOO_LARGE: 413, Code.RATE_LIMITED: 429}
BROKEN = {Code.INTERNAL: 500, Code.UNAVAILABLE: 503}
KEYS = {Code.IDEMPOTENCY_CONFLICT: 409, Code.IDEMPOTENCY_MISMATCH: 422}


def status(code: Code, contract: Contract, **fields: str) -> int:
    """What a contract answers an error with."""
    error = MillraceError(code, "it is so", fields=fields)
    return DIALECTS[contract].status(Problem.of(error, NOW, "req", "orders.place"))


@pytest.mark.parametrize("contract", Contract)
@pytest.mark.parametrize("code", [code for code in Code if code not in EDGE | BROKEN | KEYS])
def test_an_operation_refuses_with_what_its_document_lists(code: Code, contract: Contract) -> None:
    assert status(code, contract) in LISTED[contract]


@pytest.mark.parametrize("contract", Contract)
@pytest.mark.parametrize("code", [Code.CONFLICT, Code.INVALID_STATE])
def test_a_conflict_is_a_bad_request(code: Code, contract: Contract) -> None:
    assert status(code, contract) == 400


@pytest.mark.parametrize("contract", Contract)
def test_a_wrong_field_is_a_422_where_the_document_knows_one(contract: Contract) -> None:
    told = 400 if contract in (Contract.INTERFACES, Contract.CRYPTO) else 422
    assert status(Code.VALIDATION_ERROR, contract, name="is required") == told


@pytest.mark.parametrize("contract", Contract)
@pytest.mark.parametrize(("code", "told"), list((EDGE | BROKEN | KEYS).items()))
def test_the_edge_what_is_broken_and_repeated_requests_keep_their_status(
    code: Code, told: int, contract: Contract
) -> None:
    assert status(code, contract) == told


def test_what_is_ours_is_about_repeated_requests() -> None:
    assert set(KEYS) == OURS


@pytest.mark.parametrize(("contract", "told"), [(Contract.NETWORK, 400), (Contract.APPLICATION, 422)])
def test_a_body_that_cannot_be_read_is_a_bad_request_in_network_alone(contract: Contract, told: int) -> None:
    assert status(Code.VALIDATION_ERROR, contract, body="is not JSON") == told
