"""The indicators against TA-Lib, on every market there is."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import talib
from numpy.typing import NDArray

from millrace.common.kernel.market import Candle
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

Series = NDArray[np.float64]

BY_CLOSE: dict[str, tuple[Callable[[], Any], Callable[[Series], Any]]] = {
    "SMA 1": (lambda: SMA(1), lambda c: c),
    "SMA 50": (lambda: SMA(50), lambda c: talib.SMA(c, 50)),
    "EMA 12": (lambda: EMA(12), lambda c: talib.EMA(c, 12)),
    "EMA 200": (lambda: EMA(200), lambda c: talib.EMA(c, 200)),
    "MACD 12 26 9": (MACD, lambda c: talib.MACD(c)),
    "MACD 3 10 16": (lambda: MACD(3, 10, 16), lambda c: talib.MACD(c, 3, 10, 16)),
    "ROC 1": (lambda: RateOfChange(1), lambda c: talib.ROCP(c, 1)),
    "ROC 12": (lambda: RateOfChange(12), lambda c: talib.ROCP(c, 12)),
    "highest 30": (lambda: Highest(30), lambda c: talib.MAX(c, 30)),
    "lowest 30": (lambda: Lowest(30), lambda c: talib.MIN(c, 30)),
}


@pytest.fixture
def close(market: Sequence[Candle]) -> Series:
    return np.array([float(bar.close) for bar in market])


def lines(values: list[Any]) -> Series:
    """One column per line of the indicator, NaN where it has no value yet."""
    width = max(len(v) if isinstance(v, tuple) else 1 for v in values)
    rows = [(np.nan,) * width if v is None else v if isinstance(v, tuple) else (v,) for v in values]
    return np.array(rows, dtype=float)


def assert_same(ours: list[Any], theirs: Any, scale: float) -> None:
    """Within 1e-9 relative, or 1e-12 of the prices where a line crosses zero; and a first value on the same bar."""
    expected = np.column_stack(theirs) if isinstance(theirs, tuple) else np.asarray(theirs)[:, None]
    np.testing.assert_allclose(lines(ours), expected, rtol=1e-9, atol=1e-12 * scale)


@pytest.mark.parametrize("name", BY_CLOSE)
def test_an_indicator_of_closes_equals_ta_lib(name: str, close: Series) -> None:
    make, reference = BY_CLOSE[name]
    indicator = make()
    scale = 1.0 if name.startswith("ROC") else float(close.max())
    assert_same([indicator.update(price) for price in close.tolist()], reference(close), scale)


@pytest.mark.parametrize("period", [2, 14])
def test_the_strength_index_equals_ta_lib_while_the_market_moves(period: int, close: Series) -> None:
    """After enough bars without a change TA-Lib falls to 0, and ours stays where it was."""
    rsi = RSI(period)
    ours = [rsi.update(price) for price in close.tolist()]
    moving = np.array([len(set(close[max(0, i - 25) : i + 1].tolist())) > 1 for i in range(len(close))])
    moving[:period] = True
    assert moving.mean() > 0.7
    np.testing.assert_allclose(lines(ours)[moving, 0], talib.RSI(close, period)[moving], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("period", [1, 14])
def test_the_average_true_range_equals_ta_lib(period: int, market: Sequence[Candle], close: Series) -> None:
    high, low = (np.array([float(getattr(bar, side)) for bar in market]) for side in ("high", "low"))
    atr = ATR(period)
    ours = [atr.update(*bar) for bar in zip(high.tolist(), low.tolist(), close.tolist(), strict=True)]
    assert_same(ours, talib.ATR(high, low, close, period), float(close.max()))


def spread(close: Series, period: int) -> Series:
    """The deviation by its definition, in extended precision."""
    windows = np.lib.stride_tricks.sliding_window_view(close.astype(np.longdouble), period)
    return np.concatenate([np.full(period - 1, np.nan), windows.std(axis=1).astype(float)])


@pytest.mark.parametrize("period", [2, 20, 100])
def test_the_rolling_deviation_equals_its_definition(period: int, close: Series) -> None:
    deviation = RollingStd(period)
    assert_same([deviation.update(price) for price in close.tolist()], spread(close, period), float(close.max()))


@pytest.mark.parametrize("width", [1.0, 2.5])
def test_bollinger_bands_and_deviation_equal_ta_lib_where_it_is_exact_enough(width: float, close: Series) -> None:
    """TA-Lib subtracts large squares: below a hundred-thousandth of the price its deviation is mostly rounding."""
    bands, deviation = BollingerBands(20, width), RollingStd(20)
    wide = spread(close, 20) > 1e-5 * close
    wide[:19] = True
    assert wide.mean() > 0.5
    ours = [bands.update(price) for price in close.tolist()]
    theirs = np.column_stack(talib.BBANDS(close, 20, width, width))
    np.testing.assert_allclose(lines(ours)[wide], theirs[wide], rtol=1e-9)
    own = lines([deviation.update(price) for price in close.tolist()])[:, 0]
    coarse = spread(close, 20) > 1e-4 * close
    np.testing.assert_allclose(own[coarse], talib.STDDEV(close, 20)[coarse], rtol=1e-9)
