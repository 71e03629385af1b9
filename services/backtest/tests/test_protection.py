"""Stops and targets that rest at the exchange, and the costs of orders."""

from datetime import timedelta
from decimal import Decimal

import pytest

from millrace.backtest.domain.costs import Costs
from millrace.backtest.domain.holding import Trade
from millrace.backtest.domain.simulation import Simulation
from millrace.common.kernel.market import Candle
from services.backtest.tests.conftest import QUICK, START, bar, plan, series

CALM = [bar(n, close) for n, close in enumerate((100, 100, 100, 110))]
GUARDED = {**QUICK, "stop_loss": "0.1", "take_profit": "0.2"}


def first_trade(*more: Candle, intrabar: bool = True, costs: Costs = Costs()) -> Trade:  # noqa: B008 - frozen
    """What became of the position that is bought at the open of the fifth candle, at 110."""
    wanted = plan(parameters=GUARDED, intrabar=intrabar, costs=costs)
    return Simulation(wanted, [series([*CALM, *more])]).run().trades[0]


def after(hours: int) -> object:
    """That long after the entry."""
    return START + timedelta(hours=4 + hours)


def test_a_stop_is_filled_at_its_level_within_the_candle() -> None:
    trade = first_trade(bar(4, 110), bar(5, 108, open=110, high=110, low=95))
    assert (trade.entry_price, trade.exit_price, trade.exit_at) == (110, 99, after(2))


def test_a_stop_below_the_open_is_filled_at_the_open() -> None:
    assert first_trade(bar(4, 110), bar(5, 95, open=96, high=97, low=94)).exit_price == 96


def test_a_target_is_filled_at_its_level_or_at_a_better_open() -> None:
    assert first_trade(bar(4, 110), bar(5, 120, open=111, high=140, low=110)).exit_price == 132
    assert first_trade(bar(4, 110), bar(5, 139, open=138, high=140, low=137)).exit_price == 138


def test_a_candle_that_touches_both_is_taken_to_have_stopped_first() -> None:
    assert first_trade(bar(4, 110), bar(5, 120, open=110, high=140, low=90)).exit_price == 99


def test_the_candle_of_the_entry_may_be_the_one_of_the_stop() -> None:
    trade = first_trade(bar(4, 110, high=112, low=90))
    assert (trade.exit_price, trade.exit_at) == (99, after(1))


def test_without_them_only_closes_count_as_they_do_live() -> None:
    trade = first_trade(bar(4, 110), bar(5, 112, low=90), bar(6, 98), bar(7, 97), intrabar=False)
    assert (trade.exit_price, trade.exit_at) == (97, after(3))


def test_a_stop_pays_slippage_and_a_target_does_not() -> None:
    costs = Costs(model="fixed", slippage=Decimal("0.01"))
    stopped = first_trade(bar(4, 110), bar(5, 108, open=110, high=110, low=95), costs=costs)
    assert stopped.entry_price == Decimal("111.1")
    assert stopped.exit_price == Decimal("98.99")  # 111.1 less a tenth, less a hundredth, down to the tick
    assert first_trade(bar(4, 110), bar(5, 120, high=140), costs=costs).exit_price == Decimal("133.32")


KNOWN = bar(0, 100, open=100, high=102, low=98, volume=100)


@pytest.mark.parametrize(
    ("model", "impact", "quantity", "fraction"),
    [
        ("none", False, 25, "0"),
        ("fixed", False, 25, "0.01"),
        ("percent", False, 25, "0.01"),
        ("volume", False, 25, "0.0025"),
        ("volume", False, 500, "0.01"),
        ("none", True, 25, "0.02"),
        ("none", True, 500, "0.04"),
        ("fixed", True, 25, "0.03"),
    ],
)
def test_the_worsening_follows_the_model(model: str, impact: bool, quantity: int, fraction: str) -> None:
    costs = Costs(model=model, slippage=Decimal("0.01"), impact=impact)  # type: ignore[arg-type]
    assert costs.worsening(Decimal(quantity), KNOWN) == Decimal(fraction)


def test_where_nothing_was_traded_every_order_is_the_whole_market() -> None:
    costs = Costs(model="volume", slippage=Decimal("0.01"))
    assert costs.worsening(Decimal(1), bar(0, 100, volume=0)) == Decimal("0.01")


def test_no_order_loses_more_than_half_its_price() -> None:
    wild = bar(0, 100, open=1, high=100, low=1, volume=0)
    assert Costs(impact=True).worsening(Decimal(1), wild) == Decimal("0.5")
