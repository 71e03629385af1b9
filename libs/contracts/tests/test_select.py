"""Which contract a request speaks."""

from typing import Any

import pytest

from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts import select
from millrace.contracts.names import Contract

N, A, B, I, C = Contract  # noqa: E741
LOGIN = ("POST", "/api/v1/auth/login")
ORDERS = ("POST", "/api/v1/trading/orders")
POSITIONS = ("GET", "/api/v1/trading/positions")
STRATEGIES = ("GET", "/api/v1/strategies")
MAKE = ("POST", "/api/v1/strategies")


@pytest.mark.parametrize("word", ["crypto", "Crypto", " CRYPTO "])
def test_a_contract_is_named_in_any_case(word: str) -> None:
    assert select.named(word) is C


@pytest.mark.parametrize("word", ["", "cryptos", "union"])
def test_a_name_that_is_no_contract_is_a_bad_request(word: str) -> None:
    with pytest.raises(MillraceError) as refused:
        select.named(word)
    assert (refused.value.code, refused.value.status) == (Code.INVALID_CONTRACT, 400)
    assert "botplatform" in refused.value.message


@pytest.mark.parametrize("contract", list(Contract))
def test_an_address_names_its_contract_by_how_it_begins(contract: Contract) -> None:
    assert select.by_address(f"/contracts/{contract}/api/v1/bots") == (contract, f"/contracts/{contract}")


@pytest.mark.parametrize("path", ["/api/v1/bots", "/contracts", "/", "/x/contracts/crypto/"])
def test_other_addresses_name_none(path: str) -> None:
    assert select.by_address(path) == (None, "")


@pytest.mark.parametrize("path", ["/contracts/", "/contracts/nope/api/v1/bots", "/contracts/Crypto/ws"])
def test_an_address_of_no_contract_is_not_found(path: str) -> None:
    with pytest.raises(MillraceError) as refused:
        select.by_address(path)
    assert refused.value.code == Code.NOT_FOUND


@pytest.mark.parametrize(
    ("endpoint", "query", "body", "expected"),
    [
        (LOGIN, {}, {"username": "a", "password": "b"}, None),
        (LOGIN, {}, {"device_info": {}}, A),
        (LOGIN, {}, {"mfa_token": "1"}, I),
        (ORDERS, {}, {"side": "buy", "client_order_id": "x"}, I),
        (ORDERS, {}, {"side": "BUY", "exchange": "binance"}, C),
        (ORDERS, {}, {"side": "Buy", "exchange": "binance"}, I),
        (ORDERS, {}, {"client_order_id": "x"}, C),
        (ORDERS, {}, {"quantity": "0.1"}, C),
        (ORDERS, {}, {"quantity": 0.1}, I),
        (ORDERS, {}, [], I),
        (POSITIONS, {"status": "open"}, None, I),
        (POSITIONS, {"limit": "5"}, None, I),
        (POSITIONS, {"side": "LONG"}, None, C),
        (POSITIONS, {"symbol": "BTCUSDT"}, None, None),
        (STRATEGIES, {"active": "true"}, None, I),
        (STRATEGIES, {"strategy_type": "trend"}, None, C),
        (STRATEGIES, {}, None, None),
        (MAKE, {}, {"name": "x", "config": {}}, I),
        (MAKE, {}, {"name": "x", "parameters": {}}, C),
        (MAKE, {}, {"name": "x"}, I),
        (("GET", "/api/v1/risk/limits"), {}, None, None),
    ],
)
def test_the_fields_give_a_contract_away(
    endpoint: tuple[str, str], query: dict[str, str], body: Any, expected: Contract | None
) -> None:
    assert select.evidence(*endpoint, query, body) is expected
