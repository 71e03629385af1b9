"""Money is neither made nor lost."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from millrace.portfolio.domain import ledger
from millrace.portfolio.domain.equity import Mark, valued
from millrace.portfolio.domain.position import Position

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
amounts = st.decimals(min_value="0.00001", max_value="1000000", places=8)
large = st.decimals(min_value="0.000000000000000001", max_value="99999999999999999999", places=18)


@given(st.booleans(), amounts, amounts, amounts)
def test_every_fill_sums_to_zero_in_each_currency(
    buying: bool, quantity: Decimal, notional: Decimal, fee: Decimal
) -> None:
    legs = ledger.fill(buying, "BTC", "USDT", quantity, notional, fee, "USDT")
    assert set(ledger.sums(legs).values()) == {Decimal(0)}
    sign = 1 if buying else -1
    assert ledger.cash(legs) == {"BTC": sign * quantity, "USDT": -sign * notional - fee}


@given(large)
def test_opening_funds_come_from_the_opening_book_to_the_last_digit(amount: Decimal) -> None:
    legs = ledger.opening("USDT", amount)
    assert ledger.sums(legs) == {"USDT": Decimal(0)}
    assert ledger.cash(legs) == {"USDT": amount}
    assert ledger.opening("USDT", Decimal(0)) == []


def position() -> Position:
    """An empty one."""
    zero = UUID(int=0)
    return Position(zero, zero, zero, None, "binance", "BTC/USDT", "api", NOON, NOON)


def test_adding_moves_the_entry_price_to_the_average() -> None:
    held = position()
    assert held.apply(Decimal(1), Decimal(100), Decimal(0), NOON) == 0
    assert held.apply(Decimal(3), Decimal(200), Decimal(1), NOON) == 0
    assert (held.quantity, held.entry_price, held.fees) == (Decimal(4), Decimal(175), Decimal(1))


def test_reducing_realises_against_the_entry_price_and_closing_closes() -> None:
    held = position()
    held.apply(Decimal(2), Decimal(100), Decimal(0), NOON)
    assert held.apply(Decimal(-1), Decimal(110), Decimal(0), NOON) == 10
    assert held.apply(Decimal(-1), Decimal(90), Decimal(0), NOON) == -10
    assert (held.realized_pnl, held.closed_at) == (Decimal(0), NOON)


def test_crossing_zero_realises_and_opens_the_other_way() -> None:
    held = position()
    held.apply(Decimal(1), Decimal(100), Decimal(0), NOON)
    assert held.apply(Decimal(-3), Decimal(120), Decimal(0), NOON) == 20
    assert (held.quantity, held.entry_price) == (Decimal(-2), Decimal(120))
    assert held.apply(Decimal(2), Decimal(110), Decimal(0), NOON) == 20


@given(st.lists(st.tuples(st.integers(-50, 50).filter(bool), st.integers(1, 1000)), min_size=1, max_size=30))
def test_profit_equals_cash_flow_plus_what_is_held(fills: list[tuple[int, int]]) -> None:
    held, cash = position(), Decimal(0)
    for quantity, price in fills:
        held.apply(Decimal(quantity), Decimal(price), Decimal(0), NOON)
        cash -= Decimal(quantity * price)
    last = Decimal(fills[-1][1])
    profit = held.realized_pnl + held.quantity * (last - held.entry_price)
    assert abs(profit - (cash + held.quantity * last)) < Decimal("1e-12")
    assert held.quantity == sum(quantity for quantity, _ in fills)


def test_holdings_are_valued_and_what_has_no_price_counts_as_nothing() -> None:
    balances = {"USDT": Decimal(100), "BTC": Decimal(2), "XYZ": Decimal(5)}
    assert valued(balances, "USDT", {"BTC/USDT": Decimal(50)}) == 200


def mark() -> Mark:
    """A hundred at noon."""
    return Mark(Decimal(100), Decimal(100), NOON.date(), Decimal(100), NOON)


def test_drawdown_is_measured_from_the_peak_and_the_day_starts_anew() -> None:
    found = mark().then(Decimal(120), NOON + MINUTE).then(Decimal(90), NOON + 2 * MINUTE)
    assert (found.peak, found.drawdown, found.day_pnl) == (Decimal(120), Decimal("0.25"), Decimal(-10))
    found = found.then(Decimal(95), NOON + timedelta(days=1))
    assert (found.day_equity, found.day_pnl) == (Decimal(90), Decimal(5))


def test_the_close_at_midnight_is_the_last_of_the_old_day() -> None:
    midnight = NOON + timedelta(hours=12)
    found = mark().then(Decimal(80), midnight)
    assert found.day_pnl == -20
    assert found.then(Decimal(85), midnight + MINUTE).day_pnl == 5


def test_a_value_between_two_candles_of_one_instant_makes_no_peak() -> None:
    found = mark().then(Decimal(150), NOON + MINUTE).then(Decimal(90), NOON + MINUTE)
    assert (found.peak, found.drawdown) == (Decimal(100), Decimal("0.1"))
    assert found.then(Decimal(90), NOON + 2 * MINUTE).peak == 100
