"""What a closed position was, and how many did well."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.portfolio.domain.round_trips import RoundTrip, risk_level, round_trip, tally

amounts = st.decimals(min_value="0.001", max_value="1000", places=3)


def fills(*pairs: tuple[object, object]) -> list[tuple[Decimal, Decimal]]:
    return [(Decimal(str(quantity)), Decimal(str(price))) for quantity, price in pairs]


def test_prices_are_means_by_quantity() -> None:
    found = round_trip(fills((1, 100), (3, 200), (-2, 210), (-2, 230)))
    assert found == RoundTrip("long", Decimal(4), Decimal(175), Decimal(220))


def test_a_short_is_opened_by_selling() -> None:
    assert round_trip(fills((-2, 100), (2, 90))) == RoundTrip("short", Decimal(2), Decimal(100), Decimal(90))


def test_crossing_zero_counts_both_ways_under_the_first_side() -> None:
    found = round_trip(fills((1, 100), (-3, 120), (2, 110)))
    assert (found.side, found.size) == ("long", 3)


def test_nothing_is_nothing() -> None:
    assert round_trip([]) == RoundTrip("long", Decimal(0), Decimal(0), Decimal(0))


@given(st.lists(st.tuples(amounts, amounts), min_size=1, max_size=10), amounts)
def test_a_long_gains_its_size_times_the_difference_of_its_prices(
    bought: list[tuple[Decimal, Decimal]], price: Decimal
) -> None:
    size = sum(quantity for quantity, _ in bought)
    found = round_trip([*bought, (-size, price)])
    paid = sum(quantity * cost for quantity, cost in bought)
    assert found.size == size
    assert found.size * (found.exit_price - found.entry_price) == pytest.approx(
        size * price - paid, abs=Decimal("1e-9")
    )


def test_results_are_counted_after_fees() -> None:
    found = tally([Decimal(10), Decimal(-4), Decimal(0), Decimal(30)])
    assert (found.total_trades, found.winning_trades, found.losing_trades) == (4, 2, 1)
    assert (found.win_rate, found.profit_factor) == (Decimal("0.5"), 10)
    assert (found.average_win, found.average_loss, found.largest_win, found.largest_loss) == (20, -4, 30, -4)


def test_without_trades_nothing_can_be_said() -> None:
    found = tally([])
    assert (found.total_trades, found.win_rate, found.profit_factor, found.largest_win) == (0, None, None, None)


def test_without_a_loss_there_is_no_profit_factor() -> None:
    found = tally([Decimal(1)])
    assert (found.win_rate, found.profit_factor, found.largest_loss) == (1, None, None)


@given(st.lists(st.integers(-1000, 1000).map(Decimal), min_size=1, max_size=50))
def test_counts_add_up(results: list[Decimal]) -> None:
    found = tally(results)
    assert found.winning_trades + found.losing_trades + results.count(Decimal(0)) == found.total_trades
    assert found.win_rate is not None
    assert 0 <= found.win_rate <= 1


@pytest.mark.parametrize(
    ("exposure", "drawdown", "word"),
    [
        ("0", "0", "low"),
        ("0.152", "0", "moderate"),
        ("0.5", "0", "high"),
        ("0", "0.05", "moderate"),
        ("0", "0.2", "high"),
    ],
)
def test_the_risk_in_one_word(exposure: str, drawdown: str, word: str) -> None:
    assert risk_level(Decimal(exposure), Decimal(drawdown)) == word
