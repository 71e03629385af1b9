"""What holds for indicators on any input."""

import pickle
from collections.abc import Callable
from fractions import Fraction
from math import isclose, isfinite
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.strategy.indicators import (
    ATR,
    EMA,
    MACD,
    RSI,
    SMA,
    BollingerBands,
    Highest,
    Lowest,
    RateOfChange,
    RollingStd,
)

PRICES = st.lists(st.integers(1, 10**7).map(lambda cents: cents / 100), min_size=1, max_size=120)
PERIODS = st.integers(2, 30)
SINGLE: tuple[Callable[[int], Any], ...] = (SMA, EMA, RSI, BollingerBands, RollingStd, RateOfChange, Highest, Lowest)


def fed(indicator: Any, values: list[float]) -> list[Any]:
    return [indicator.update(value) for value in values]


@given(prices=PRICES, period=PERIODS)
def test_windows_equal_their_definitions(prices: list[float], period: int) -> None:
    mean, spread, top, bottom = SMA(period), RollingStd(period), Highest(period), Lowest(period)
    rows = list(zip(fed(mean, prices), fed(spread, prices), fed(top, prices), fed(bottom, prices), strict=True))
    for i, row in enumerate(rows):
        if i + 1 < period:
            assert row == (None, None, None, None)
            continue
        window = prices[i + 1 - period : i + 1]
        exact = [Fraction(price) for price in window]
        centre = sum(exact) / period
        variance = float(sum((x - centre) ** 2 for x in exact) / period)
        assert isclose(row[0], float(centre), rel_tol=1e-9)
        assert isclose(row[1], variance**0.5, rel_tol=1e-6, abs_tol=1e-6)
        assert row[2:] == (max(window), min(window))


@given(price=st.floats(1e-8, 1e6), period=PERIODS, before=PRICES)
def test_a_flat_market_has_no_spread_and_its_own_price_as_mean(price: float, period: int, before: list[float]) -> None:
    values = before + [price] * period
    assert fed(SMA(period), values)[-1] == price
    assert fed(RollingStd(period), values)[-1] == 0.0
    assert fed(BollingerBands(period), values)[-1] == (price, price, price)


@given(prices=PRICES, period=PERIODS)
def test_the_strength_index_stays_between_0_and_100(prices: list[float], period: int) -> None:
    assert all(value is None or 0.0 <= value <= 100.0 for value in fed(RSI(period), prices))


@given(price=st.floats(1e-8, 1e6), period=PERIODS)
def test_a_market_that_never_moved_is_neither_strong_nor_weak(price: float, period: int) -> None:
    assert fed(RSI(period), [price] * (period + 1))[-1] == 50.0


@given(prices=PRICES, period=PERIODS)
def test_bands_stand_around_the_mean_in_order(prices: list[float], period: int) -> None:
    for bands in fed(BollingerBands(period), prices):
        if bands is not None:
            assert bands.lower <= bands.middle <= bands.upper
            assert all(map(isfinite, bands))


@pytest.mark.parametrize("make", SINGLE, ids=lambda make: make.__name__)
def test_memory_does_not_grow_with_history(make: Callable[[int], Any]) -> None:
    indicator, sizes = make(20), []
    for number in range(5_000):
        indicator.update(100.0 + number * 37 % 101)
        if number in (999, 4_999):
            sizes.append(len(pickle.dumps(indicator)))
    assert sizes[1] <= sizes[0] + 200


def test_a_spread_is_right_after_a_jump_has_left_the_window() -> None:
    calm = [100.0, 100.1] * 40
    spread = RollingStd(20)
    assert isclose(fed(spread, [*calm, 1e6, *calm])[-1], 0.05, rel_tol=1e-9)


def test_a_mean_is_right_after_a_jump_has_left_the_window() -> None:
    calm = [0.1, 0.2] * 40
    assert isclose(fed(SMA(20), [*calm, 1e18, *calm])[-1], 0.15, rel_tol=1e-14)


def test_a_change_from_nothing_is_no_change() -> None:
    assert fed(RateOfChange(1), [0.0, 5.0]) == [None, 0.0]


@pytest.mark.parametrize("make", [SMA, EMA, RSI, ATR, RateOfChange, Highest, Lowest, RollingStd, BollingerBands])
def test_a_period_that_means_nothing_is_refused(make: Callable[[int], Any]) -> None:
    with pytest.raises(ValueError, match="period must be at least"):
        make(0)


def test_a_macd_whose_slow_mean_is_not_slower_is_refused() -> None:
    with pytest.raises(ValueError, match="slow must be greater than fast"):
        MACD(26, 12)
