"""What the network sees of the market. A bar's features depend on it and the `LOOKBACK` bars before it, on no other."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from millrace.ml.domain.recipe import FEATURES, HISTORY, LOOKBACK, WINDOW, Bars

Array = NDArray[np.float64]
_RSI = 14
_FAR = 6


def features_of(bars: Bars) -> Array:
    """One row for each bar from number `LOOKBACK` on, one column for each of `FEATURES`."""
    closes, volumes = np.log(np.array(bars.close)), np.array(bars.volume)
    if len(closes) <= LOOKBACK:
        return np.empty((0, len(FEATURES)))
    returns = np.diff(closes)
    trailing = sliding_window_view(returns, LOOKBACK)
    last = trailing[:, -_RSI:]
    gains, losses = np.maximum(last, 0).sum(axis=1), np.maximum(-last, 0).sum(axis=1)
    moved = gains + losses
    rsi = np.divide(gains, moved, out=np.full_like(moved, 0.5), where=moved > 0)
    usual = sliding_window_view(volumes[1:], LOOKBACK).mean(axis=1)
    now = volumes[LOOKBACK:]
    ratio = np.log1p(np.divide(now, usual, out=np.ones_like(now), where=usual > 0))
    mean = sliding_window_view(closes[1:], LOOKBACK).mean(axis=1)
    columns = (returns[LOOKBACK - 1 :], trailing[:, -_FAR:].sum(axis=1), trailing.std(axis=1), rsi, ratio)
    return np.column_stack((*columns, closes[LOOKBACK:] - mean))


def windows_of(features: Array) -> Array:
    """Each stretch of `WINDOW` rows in a row: (stretches, bars, features)."""
    if len(features) < WINDOW:
        return np.empty((0, WINDOW, features.shape[1]))
    return sliding_window_view(features, WINDOW, axis=0).transpose(0, 2, 1)


def unbroken(bars: Bars) -> NDArray[np.bool_]:
    """For each window: whether the `HISTORY` bars under it follow each other without a hole."""
    opened = np.array(bars.opened_at, dtype=np.int64)
    count = max(len(opened) - HISTORY + 1, 0)
    first, last = opened[:count], opened[HISTORY - 1 :]
    whole: NDArray[np.bool_] = last - first == (HISTORY - 1) * bars.step
    return whole


def next_returns(bars: Bars) -> Array:
    """For each window: the log return of the bar after it; NaN where that bar is missing or has not closed."""
    closes, opened = np.log(np.array(bars.close)), np.array(bars.opened_at, dtype=np.int64)
    found = np.full(len(closes), np.nan)
    follows = np.diff(opened) == bars.step
    found[:-1][follows] = np.diff(closes)[follows]
    return found[HISTORY - 1 :]
