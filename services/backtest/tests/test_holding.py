"""What is held and what it earned, and the simulated exchange it is bought at."""

from datetime import timedelta
from decimal import Decimal

import pytest

from millrace.backtest.domain.costs import Costs
from millrace.backtest.domain.desk import Desk, Fill
from millrace.backtest.domain.holding import Holding
from millrace.common.kernel.instruments import instrument
from services.backtest.tests.conftest import START, bar

BITCOIN = instrument("binance", "BTC/USDT")
LATER = START + timedelta(hours=5)


def fill(price: object, quantity: object, fee: object = 0) -> Fill:
    """A fill."""
    return Fill(*(Decimal(str(value)) for value in (price, quantity, fee)))


def test_what_was_bought_in_parts_is_sold_as_one_trade_from_the_first_part_on() -> None:
    holding = Holding("BTC/USDT")
    holding.buy(fill(100, 1, "0.1"), START)
    holding.buy(fill(130, 2, "0.26"), START + timedelta(hours=1))
    assert (holding.quantity, holding.entry_price) == (3, 120)
    trade = holding.sell(fill(150, 3, "0.45"), LATER)
    assert (trade.entry_at, trade.exit_at) == (START, LATER)
    assert (trade.quantity, trade.entry_price, trade.exit_price) == (3, 120, 150)
    assert trade.commission == Decimal("0.81")
    assert trade.pnl == Decimal("89.19")
    assert trade.fraction == pytest.approx(Decimal("89.19") / Decimal("360.36"))
    assert holding == Holding("BTC/USDT")


def test_nothing_is_held_at_first_and_it_has_no_price() -> None:
    assert Holding("BTC/USDT").entry_price is None


def test_only_what_is_held_can_be_sold() -> None:
    holding = Holding("BTC/USDT")
    with pytest.raises(ValueError, match="sold 1 of 0 BTC/USDT"):
        holding.sell(fill(100, 1), START)
    holding.buy(fill(100, 2), START)
    with pytest.raises(ValueError, match="sold 1 of 2 BTC/USDT"):
        holding.sell(fill(100, 1), START)


def test_the_commission_of_the_backtest_is_the_exchanges_fee() -> None:
    done = Desk(BITCOIN, Costs(Decimal("0.004"))).trade("buy", Decimal("0.5"), Decimal(40_000), START)
    assert done == fill(40_000, "0.5", 80)
    assert isinstance(done, Fill)
    assert done.notional == 20_000


@pytest.mark.parametrize(
    ("quantity", "price", "code"),
    [("0.000001", 40_000, "LOT_STEP"), ("0.0001", 40_000, "MIN_NOTIONAL"), (10_000, 1, "MAX_QUANTITY")],
)
def test_the_exchanges_own_rules_hold(quantity: object, price: object, code: str) -> None:
    desk = Desk(BITCOIN, Costs())
    assert desk.trade("buy", Decimal(str(quantity)), Decimal(str(price)), START) == code
    assert isinstance(desk.trade("sell", Decimal(1), Decimal(40_000), START), Fill)  # and nothing is left behind


@pytest.mark.parametrize(
    ("side", "price", "paid"),
    [("buy", "100.001", "101.01"), ("sell", "100.009", "99"), ("sell", "0.001", "0.01")],
)
def test_prices_are_worsened_and_rounded_against_the_trader(side: str, price: str, paid: str) -> None:
    desk = Desk(BITCOIN, Costs(model="fixed", slippage=Decimal("0.01")))
    assert desk.worsened(side, Decimal(1), Decimal(price), bar(0, 100)) == Decimal(paid)
