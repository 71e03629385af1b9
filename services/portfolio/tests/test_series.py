"""Performance of series that were computed by hand, and against plain definitions in floating point."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from math import prod, sqrt

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from millrace.portfolio.domain import performance
from millrace.portfolio.domain.performance import Point, Span, accumulated

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
steps = st.lists(st.tuples(st.integers(1, 10**7), st.integers(-(10**6), 10**6)), min_size=2, max_size=30)


def curve(*points: tuple[object, object], apart: timedelta = DAY) -> list[Point]:
    """Balances with flows, from noon of the first of January 2026."""
    return [Point(START + n * apart, Decimal(str(b)), Decimal(str(f))) for n, (b, f) in enumerate(points)]


def ratios(*returns: str) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    plain = [Decimal(r) for r in returns]
    return performance.sharpe(plain), performance.sortino(plain), performance.volatility(plain)


def test_a_week_by_hand() -> None:
    # 1000 → 1100 (+10 %) → paid 400 in, 1500 → 1350 (-10 %) → 300 out, 1050 → 1260 (+20 %)
    points = curve((1000, 0), (1100, 0), (1500, 400), (1350, 0), (1260, -300))
    days = performance.days(points)
    assert [d.fraction for d in days] == [Decimal(f) for f in ("0.1", "0", "-0.1", "0.2")]
    assert [d.gained for d in days] == [100, 0, -150, 210]
    assert sum(d.flow for d in days) == 100
    assert performance.linked([d.fraction for d in days]) == Decimal("0.188")
    assert performance.max_drawdown(points) == Decimal("0.1")
    (week, _) = performance.grouped(days, "week")
    assert (week.opening, week.balance, week.flow, week.gained) == (1000, 1350, 400, -50)
    assert week.fraction == Decimal("-0.01")


def test_ratios_by_hand() -> None:
    # mean 0.02, squares of the differences 1+1+9+9 in 1e-4: sample deviation sqrt(0.002/3), downside sqrt(1e-4/4)
    sharpe, sortino, volatility = ratios("0.03", "0.01", "0.05", "-0.01")
    assert float(volatility or 0) == pytest.approx(sqrt(0.002 / 3) * sqrt(365))
    assert float(sharpe or 0) == pytest.approx(0.02 / sqrt(0.002 / 3) * sqrt(365))
    assert float(sortino or 0) == pytest.approx(0.02 / 0.005 * sqrt(365))


def test_two_days_are_the_fewest_that_give_ratios() -> None:
    assert ratios("0.01") == (None, None, None)
    sharpe, sortino, volatility = ratios("0.01", "-0.01")
    assert (sharpe, sortino) == (0, 0)
    assert float(volatility or 0) == pytest.approx(0.01 * sqrt(2) * sqrt(365))


def test_a_whole_loss_is_a_whole_drawdown_and_stays_one() -> None:
    points = curve((100, 0), (0, 0), (500, 500), (600, 0))
    assert performance.max_drawdown(points) == 1
    assert [d.fraction for d in performance.days(points)] == [-1, 0, Decimal("0.2")]
    assert performance.linked([d.fraction for d in performance.days(points)]) == -1


def test_debt_is_no_base_to_gain_on() -> None:
    before, after = curve((-50, 0), (100, 20))
    assert performance.step(before, after) == 0
    assert performance.step(Point(START, Decimal(-50)), Point(START + DAY, Decimal(20), Decimal(60))) == 1


def test_the_close_at_midnight_belongs_to_the_day_that_ends() -> None:
    midnight = datetime(2026, 1, 2, tzinfo=UTC)
    points = [Point(START, Decimal(100)), Point(midnight, Decimal(110))]
    assert [d.start for d in performance.days(points)] == [date(2026, 1, 1)]
    later = [*points, Point(midnight + timedelta(microseconds=1), Decimal(121))]
    assert [(d.start, d.fraction) for d in performance.days(later)] == [
        (date(2026, 1, 1), Decimal("0.1")),
        (date(2026, 1, 2), Decimal("0.1")),
    ]


def test_a_gap_over_the_end_of_a_month_is_filled_with_days_of_nothing() -> None:
    points = curve((100, 0), (110, 0), apart=40 * DAY)
    days = performance.days([points[0], Point(START + DAY, Decimal(105)), points[1]])
    assert [d.gained for d in days] == [5, *[0] * 38, 5]
    assert [(m.start, m.end, m.gained) for m in performance.grouped(days, "month")] == [
        (date(2026, 1, 2), date(2026, 1, 31), 5),
        (date(2026, 2, 1), date(2026, 2, 10), 5),
    ]


def test_what_was_gained_accumulates_on_the_first_balance() -> None:
    gains = [(START + DAY, Decimal(5)), (START + 2 * DAY, Decimal(-7))]
    found = list(accumulated(Point(START, Decimal(10)), gains))
    assert [(p.at, p.balance, p.flow) for p in found] == [
        (START, 10, 0),
        (START + DAY, 15, 0),
        (START + 2 * DAY, 8, 0),
    ]


def test_nothing_grouped_is_nothing() -> None:
    assert performance.grouped([], "month") == []
    assert performance.linked([]) == 0


@given(steps)
def test_what_is_gained_and_what_is_paid_in_make_the_balance(pairs: list[tuple[int, int]]) -> None:
    points = curve(*pairs)
    days = performance.days(points)
    assert sum((d.gained + d.flow for d in days), points[0].balance) == points[-1].balance
    assert [d.opening for d in days[1:]] == [d.balance for d in days[:-1]]


@given(steps, st.sampled_from([timedelta(hours=5), timedelta(hours=12), 2 * DAY]))
def test_however_steps_fall_into_days_their_product_is_the_same(pairs: list[tuple[int, int]], apart: timedelta) -> None:
    points = curve(*pairs, apart=apart)
    bases = [before.balance + after.flow for before, after in pairwise(points)]
    assume(all(base > 1000 for base in bases))
    expected = prod(float(p.balance / base) for p, base in zip(points[1:], bases, strict=True)) - 1
    found = performance.linked([d.fraction for d in performance.days(points)])
    assert float(found) == pytest.approx(expected, rel=1e-6, abs=1e-9)


@given(st.lists(st.integers(1, 10**6), min_size=2, max_size=30))
def test_the_drawdown_is_the_worst_of_all_pairs(balances: list[int]) -> None:
    worst = max(1 - low / high for n, high in enumerate(balances) for low in balances[n:])
    assert float(performance.max_drawdown(curve(*((b, 0) for b in balances)))) == pytest.approx(worst, abs=1e-9)


@given(st.lists(st.integers(1, 10**6), min_size=2, max_size=20), st.integers(1, 10**6), st.data())
def test_paying_in_changes_no_fall(balances: list[int], paid: int, data: st.DataObject) -> None:
    at = data.draw(st.integers(1, len(balances) - 1))
    without = curve(*((b, 0) for b in balances))
    grown = Decimal(balances[at - 1] + paid) / balances[at - 1]
    later = [
        Point(p.at, p.balance * grown if n >= at else p.balance, Decimal(paid) if n == at else Decimal(0))
        for n, p in enumerate(without)
    ]
    assert float(performance.max_drawdown(later)) == pytest.approx(float(performance.max_drawdown(without)), abs=1e-9)


@given(st.lists(st.decimals("-0.5", "1", places=4), min_size=2, max_size=20))
def test_ratios_do_not_ask_for_the_order_of_days(returns: list[Decimal]) -> None:
    shuffled = sorted(returns)
    for ratio in (performance.sharpe, performance.sortino, performance.volatility):
        assert ratio(shuffled) == ratio(returns)


@given(st.lists(st.decimals("-0.5", "1", places=4), min_size=1, max_size=60))
def test_groups_of_days_link_to_what_the_days_do(returns: list[Decimal]) -> None:
    first = date(2026, 1, 28)
    zero = Decimal(0)
    spans = [
        Span(first + n * DAY, first + n * DAY, zero, zero, zero, zero, fraction) for n, fraction in enumerate(returns)
    ]
    for interval in ("day", "week", "month"):
        groups = performance.grouped(spans, interval)  # type: ignore[arg-type]
        assert float(performance.linked([g.fraction for g in groups])) == pytest.approx(
            float(performance.linked(returns)), rel=1e-9, abs=1e-9
        )
        assert sum((g.end - g.start).days + 1 for g in groups) == len(returns)
