"""A bot's sizing, as its configuration says it."""

from decimal import Decimal
from typing import Any

import pytest

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.instruments import instrument
from millrace.strategy.sizing_rule import Basis, SizingRule, parse_sizing

BTC = instrument("binance", "BTC/USDT")
TENTH = Decimal("0.1")


def test_the_contract_s_sample_is_a_tenth_of_equity_with_its_leverage_recorded() -> None:
    rule = parse_sizing({"leverage": 10, "position_size": 0.1}, Decimal("0.5"))
    assert rule == SizingRule(Basis.EQUITY, TENTH, Decimal(10))


def test_leverage_does_not_make_a_spot_order_larger() -> None:
    account = {"equity": Decimal(10_000), "available": Decimal(10_000), "price": Decimal(30_000), "instrument": BTC}
    plain, levered = (parse_sizing({"leverage": by}, TENTH).size(**account) for by in (1, 10))
    assert plain == levered == (Decimal("0.03333"), None)


@pytest.mark.parametrize(
    ("config", "basis", "amount"),
    [
        ({}, Basis.EQUITY, "0.1"),
        ({"position_size": None, "quantity": None}, Basis.EQUITY, "0.1"),
        ({"position_size": 1}, Basis.EQUITY, "1"),
        ({"position_size": "0.25"}, Basis.EQUITY, "0.25"),
        ({"position_size": 250}, Basis.QUOTE, "250"),
        ({"quantity": "0.004"}, Basis.BASE, "0.004"),
        ({"anything": "else"}, Basis.EQUITY, "0.1"),
    ],
)
def test_the_number_s_meaning_follows_from_its_key_and_size(config: dict[str, Any], basis: Basis, amount: str) -> None:
    assert parse_sizing(config, TENTH) == SizingRule(basis, Decimal(amount))


def test_a_strategy_s_own_amount_of_quote_currency_is_one_too() -> None:
    assert parse_sizing({}, Decimal(250)).basis is Basis.QUOTE


def test_no_leverage_is_a_leverage_of_one() -> None:
    assert parse_sizing({"leverage": 0}, TENTH).leverage == 1


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"position_size": 0}, "position_size"),
        ({"position_size": -0.1}, "position_size"),
        ({"position_size": "much"}, "position_size"),
        ({"position_size": True}, "position_size"),
        ({"position_size": float("nan")}, "position_size"),
        ({"quantity": 0}, "quantity"),
        ({"quantity": 1, "position_size": 0.1}, "quantity"),
        ({"leverage": -1}, "leverage"),
        ({"leverage": 126}, "leverage"),
        ({"leverage": "1e999999"}, "leverage"),
        ({"leverage": []}, "leverage"),
    ],
)
def test_a_sizing_that_means_nothing_is_refused_by_its_field(config: dict[str, Any], field: str) -> None:
    with pytest.raises(MillraceError) as refused:
        parse_sizing(config, TENTH)
    assert refused.value.code is Code.VALIDATION_ERROR
    assert set(refused.value.fields) == {field}


@pytest.mark.parametrize(
    ("config", "quantity"),
    [({"position_size": 0.2}, "0.06666"), ({"position_size": 300}, "0.01"), ({"quantity": "0.0213456"}, "0.02134")],
)
def test_each_basis_sizes_in_its_own_unit(config: dict[str, Any], quantity: str) -> None:
    account = {"equity": Decimal(10_000), "available": Decimal(9_000), "price": Decimal(30_000), "instrument": BTC}
    assert parse_sizing(config, TENTH).size(**account) == (Decimal(quantity), None)
