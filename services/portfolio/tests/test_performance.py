"""Returns, ratios and drawdowns: known figures, properties, and what cannot be said."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from statistics import mean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.portfolio.domain import performance
from millrace.portfolio.domain.performance import Point

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
balances = st.lists(st.integers(1, 10**9).map(Decimal), min_size=2, max_size=40)
fractions = st.lists(st.decimals(min_value="-0.9", max_value="3", places=6), min_size=2, max_size=40)


def curve(*values: object, flows: dict[int, object] | None = None) -> list[Point]:
    """One point a day at noon; flows by the point's number."""
    paid = flows or {}
    return [Point(NOON + n * DAY, Decimal(str(v)), Decimal(str(paid.get(n, 0)))) for n, v in enumerate(values)]


def decimals(*values: str) -> list[Decimal]:
    return [Decimal(value) for value in values]


def test_days_gain_what_they_close_above_the_day_before() -> None:
    found = performance.days(curve(100, 110, 99))
    assert [(d.start, d.gained, d.fraction, d.balance) for d in found] == [
        (date(2026, 1, 2), 10, Decimal("0.1"), 110),
        (date(2026, 1, 3), -11, Decimal("-0.1"), 99),
    ]


def test_what_is_paid_in_is_no_gain() -> None:
    found = performance.days(curve(100, 210, 189, flows={1: 100}))
    assert [(d.gained, d.fraction, d.flow) for d in found] == [(10, Decimal("0.05"), 100), (-21, Decimal("-0.1"), 0)]
    assert performance.linked([d.fraction for d in found]) == Decimal("-0.055")


def test_several_steps_of_a_day_are_linked_and_a_day_without_one_changes_nothing() -> None:
    steps = [Point(NOON, Decimal(100)), Point(NOON + DAY / 4, Decimal(50)), Point(NOON + DAY / 2, Decimal(150))]
    found = performance.days([*steps, Point(NOON + 3 * DAY, Decimal(300))])
    assert [(d.fraction, d.balance) for d in found] == [
        (Decimal("0.5"), 150),  # the close at midnight is still the first day's
        (0, 150),
        (0, 150),
        (1, 300),
    ]


@pytest.mark.parametrize("points", [[], curve(100)])
def test_nothing_to_compare_is_no_day(points: list[Point]) -> None:
    assert performance.days(points) == []
    assert performance.max_drawdown(points) == 0


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    days = performance.days(curve(*range(100, 135)))  # the 1st of January 2026 is a Thursday
    weeks, months = (performance.grouped(days, interval) for interval in ("week", "month"))
    assert [(w.start, w.end) for w in weeks[:2]] == [
        (date(2026, 1, 2), date(2026, 1, 4)),
        (date(2026, 1, 5), date(2026, 1, 11)),
    ]
    assert [(m.start, m.end, m.gained) for m in months] == [
        (date(2026, 1, 2), date(2026, 1, 31), 30),
        (date(2026, 2, 1), date(2026, 2, 4), 4),
    ]
    assert performance.grouped(days, "day") == days


def test_ratios_of_known_returns() -> None:
    returns = decimals("0.01", "-0.02", "0.03", "0")
    year = 365**0.5
    downside = ((0.02**2) / 4) ** 0.5
    plain = [float(r) for r in returns]
    ratios = (performance.volatility, performance.sharpe, performance.sortino)
    found = [float(ratio(returns) or 0) for ratio in ratios]
    assert found == pytest.approx([stdev(plain) * year, mean(plain) / stdev(plain) * year, 0.005 / downside * year])


@pytest.mark.parametrize("returns", [[], decimals("0.1")])
def test_below_two_days_there_is_no_ratio(returns: list[Decimal]) -> None:
    ratios = (performance.volatility, performance.sharpe, performance.sortino)
    assert [ratio(returns) for ratio in ratios] == [None] * 3


@pytest.mark.parametrize("returns", [decimals("0", "0", "0"), decimals("0.01", "0.01")])
def test_without_variance_volatility_is_zero_and_ratios_cannot_be_said(returns: list[Decimal]) -> None:
    assert performance.volatility(returns) == 0
    assert (performance.sharpe(returns), performance.sortino(returns)) == (None, None)


def test_without_a_loss_there_is_no_sortino_but_a_sharpe() -> None:
    returns = decimals("0.01", "0.02")
    assert performance.sortino(returns) is None
    assert performance.sharpe(returns) is not None


@pytest.mark.parametrize(
    ("values", "deepest"),
    [((100, 120, 90, 130), "0.25"), ((100, 100), "0"), ((1, 2, 3), "0"), ((100, 0, 50), "1"), ((0, 0), "0")],
)
def test_the_deepest_fall_is_from_the_peak_before_it(values: tuple[int, ...], deepest: str) -> None:
    assert performance.max_drawdown(curve(*values)) == Decimal(deepest)


def test_taking_money_out_is_no_fall() -> None:
    assert performance.max_drawdown(curve(100, 40, 40, flows={1: -60})) == 0


@given(balances)
def test_linked_days_give_the_whole_return(values: list[Decimal]) -> None:
    whole = performance.linked([d.fraction for d in performance.days(curve(*values))])
    assert whole + 1 == pytest.approx(values[-1] / values[0], rel=Decimal("1e-9"), abs=Decimal("1e-12"))


@given(balances, st.sampled_from(["day", "week", "month"]))
def test_grouping_keeps_gains_and_ends(values: list[Decimal], interval: performance.Interval) -> None:
    days = performance.days(curve(*values))
    groups = performance.grouped(days, interval)
    assert sum(g.gained for g in groups) == values[-1] - values[0]
    assert (groups[0].opening, groups[-1].balance) == (values[0], values[-1])
    assert [g.opening for g in groups[1:]] == [g.balance for g in groups[:-1]]


@given(balances, st.integers(2, 1000))
def test_size_changes_no_fraction(values: list[Decimal], factor: int) -> None:
    small, large = curve(*values), curve(*(v * factor for v in values))
    assert performance.max_drawdown(small) == pytest.approx(performance.max_drawdown(large), abs=Decimal("1e-12"))
    assert 0 <= performance.max_drawdown(small) < 1


@given(fractions)
def test_ratios_have_the_sign_of_the_mean(returns: list[Decimal]) -> None:
    for ratio in (performance.sharpe(returns), performance.sortino(returns)):
        assert ratio is None or ratio == 0 or (ratio > 0) == (sum(returns) > 0)


@given(fractions)
def test_volatility_is_that_of_the_statistics_module(returns: list[Decimal]) -> None:
    expected = float(stdev(returns)) * 365**0.5
    assert float(performance.volatility(returns) or 0) == pytest.approx(expected, rel=1e-9, abs=1e-8)
