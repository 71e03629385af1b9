"""What the network sees of a bar depends on the bars before it, and on nothing that comes later."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.ml.domain.features import features_of, next_returns, unbroken, windows_of
from millrace.ml.domain.recipe import FEATURES, HISTORY, LOOKBACK, WINDOW, Bars
from services.ml.tests.conftest import made

prices = st.floats(1e-6, 1e6)
markets = st.lists(st.tuples(prices, st.floats(0, 1e9)), min_size=HISTORY, max_size=120)


def market(rows: list[tuple[float, float]]) -> Bars:
    closes, volumes = zip(*rows, strict=True)
    return Bars(60, tuple(range(0, 60 * len(rows), 60)), closes, volumes)


@settings(max_examples=60, deadline=None)
@given(rows=markets, data=st.data())
def test_another_future_changes_no_feature_of_the_past(rows: list[tuple[float, float]], data: st.DataObject) -> None:
    cut = data.draw(st.integers(LOOKBACK + 1, len(rows)))
    future = data.draw(st.permutations(rows[cut:])) + data.draw(st.lists(st.tuples(prices, prices), max_size=9))
    before, after = features_of(market(rows)), features_of(market([*rows[:cut], *future]))
    known = cut - LOOKBACK
    assert np.array_equal(before[:known], after[:known])


@settings(max_examples=60, deadline=None)
@given(rows=markets)
def test_a_feature_depends_on_no_bar_further_back_than_it_may(rows: list[tuple[float, float]]) -> None:
    whole, recent = features_of(market(rows)), features_of(market(rows[-LOOKBACK - 1 :]))
    assert np.allclose(whole[-1], recent[0], rtol=1e-6, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(rows=markets)
def test_features_are_finite_and_have_one_column_for_each_name(rows: list[tuple[float, float]]) -> None:
    found = features_of(market(rows))
    assert found.shape == (len(rows) - LOOKBACK, len(FEATURES))
    assert np.isfinite(found).all()
    rsi = found[:, FEATURES.index("rsi_14")]
    assert ((rsi >= 0) & (rsi <= 1)).all()


def test_a_market_that_only_rises_has_the_values_it_must_have() -> None:
    closes = tuple(1.01**k for k in range(60))
    bars = Bars(60, tuple(range(0, 3600, 60)), closes, (5.0,) * 60)
    last = dict(zip(FEATURES, features_of(bars)[-1], strict=True))
    step = np.log(1.01)
    assert last == pytest.approx(
        {
            "log_return_1": step,
            "log_return_6": 6 * step,
            "volatility_24": 0,
            "rsi_14": 1,
            "volume_ratio_24": np.log(2),
            "close_to_mean_24": 11.5 * step,
        },
        abs=1e-12,
    )


def test_a_market_that_stands_still_is_neither_strong_nor_weak() -> None:
    bars = Bars(60, tuple(range(0, 3600, 60)), (7.0,) * 60, (0.0,) * 60)
    assert features_of(bars)[-1] == pytest.approx([0, 0, 0, 0.5, np.log(2), 0])


@pytest.mark.parametrize("count", [0, 1, LOOKBACK, HISTORY - 1])
def test_too_few_bars_make_no_window(count: int) -> None:
    bars = made(count)
    assert len(windows_of(features_of(bars))) == len(unbroken(bars)) == 0


def test_windows_targets_and_bars_belong_together() -> None:
    bars = made(HISTORY + 10)
    windows, targets = windows_of(features_of(bars)), next_returns(bars)
    assert windows.shape == (11, WINDOW, len(FEATURES))
    assert len(targets) == len(unbroken(bars)) == 11
    for number in range(10):
        base = HISTORY - 1 + number
        assert targets[number] == pytest.approx(np.log(bars.close[base + 1] / bars.close[base]))
        assert windows[number, -1, 0] == pytest.approx(np.log(bars.close[base] / bars.close[base - 1]))
    assert np.isnan(targets[-1]), "nothing has followed the last bar"


def test_a_hole_spoils_every_window_over_it_and_no_other() -> None:
    whole = made(HISTORY * 3)
    hole = HISTORY + 5
    opened = tuple(at + (whole.step if number >= hole else 0) for number, at in enumerate(whole.opened_at))
    bars = replace(whole, opened_at=opened)
    good = unbroken(bars)
    spoiled = {number for number in range(len(good)) if number < hole <= number + HISTORY - 1}
    assert {int(number) for number in np.flatnonzero(~good)} == spoiled
    targets = next_returns(bars)
    assert np.isnan(targets[hole - HISTORY]), "the bar after it is missing"
    assert np.isfinite(np.delete(targets[:-1], hole - HISTORY)).all()
