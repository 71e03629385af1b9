"""How much a bot may put into the market."""

from decimal import Decimal
from typing import Any

import pytest

from millrace.bots.domain.capital import default_size, earned, entry_size, figures
from millrace.common.kernel.instruments import instrument
from millrace.strategy.sizing_rule import Basis, SizingRule

BTC = instrument("binance", "BTC/USDT")
PRICE = Decimal(100)


def bot(**changes: Any) -> dict[str, Any]:
    """A bot that holds nothing, on an account worth 10,000."""
    numbers = {"equity": 10_000, "initial_capital": 0, "flow": 0, "position": 0, "cost": 0}
    row: dict[str, Any] = {name: Decimal(value) for name, value in numbers.items()}
    return {**row, "max_position_size": None, "last_price": None, **changes}


def entered(row: dict[str, Any], amount: str = "0.1", free: str = "10000", basis: Basis = Basis.EQUITY) -> Decimal:
    """The quantity it enters with."""
    return entry_size(row, SizingRule(basis, Decimal(amount)), Decimal(free), PRICE, BTC).quantity


@pytest.mark.parametrize(
    ("size", "mode", "expected"),
    [
        ("0.1", "balanced", "0.1"),
        ("0.1", "conservative", "0.05"),
        ("0.1", "aggressive", "0.15"),
        ("0.9", "aggressive", "1"),
        ("500", "conservative", "250"),
        ("1.5", "conservative", "1.5"),
    ],
)
def test_a_risk_mode_scales_the_strategys_own_size_and_never_its_unit(size: str, mode: str, expected: str) -> None:
    assert default_size(Decimal(size), mode) == Decimal(expected)


def test_without_capital_of_its_own_a_bot_enters_by_the_accounts_equity() -> None:
    assert entered(bot()) == 10


def test_capital_of_its_own_grows_and_shrinks_with_what_the_bot_earned() -> None:
    own = {"initial_capital": Decimal(1000)}
    assert entered(bot(**own)) == 1
    assert entered(bot(**own, flow=Decimal(500))) == Decimal("1.5")
    assert entered(bot(**own, flow=Decimal(-2000))) == 0


def test_a_bot_never_has_more_than_its_account() -> None:
    assert entered(bot(initial_capital=Decimal(50_000))) == 10
    assert entered(bot(initial_capital=Decimal(500)), "800", basis=Basis.QUOTE) == 0


def test_a_limit_on_the_position_makes_it_smaller_and_never_larger() -> None:
    assert entered(bot(max_position_size=Decimal("0.03"))) == 3
    assert entered(bot(max_position_size=Decimal(50))) == Decimal("0.5")
    assert entered(bot(max_position_size=Decimal("0.5"))) == 10


def test_a_position_without_a_price_is_worth_what_it_cost() -> None:
    row = bot(flow=Decimal(-100), position=Decimal(2), cost=Decimal(99))
    assert (earned(row, None), earned(row, Decimal(60))) == (-1, 20)


def test_a_fraction_needs_a_capital() -> None:
    assert figures(bot(flow=Decimal(5)))["profit"] == 0
    assert figures(bot(flow=Decimal(5), initial_capital=Decimal(100)))["profit"] == Decimal("0.05")
