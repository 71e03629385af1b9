"""A forecast becomes a prediction in exact numbers, with what came of it where that is known."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import exp
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.common.kernel.market import Candle
from millrace.ml.domain.recipe import Bars, Forecast
from millrace.ml.domain.rows import foretold, fraction

MODEL = UUID(int=5)
START = datetime(2024, 3, 1, tzinfo=UTC)


def candle(number: int, close: str) -> Candle:
    at, price = START + number * timedelta(hours=1), Decimal(close)
    return Candle("binance", "BTC/USDT", "1h", at, price, price, price, price, Decimal(2))


def test_it_speaks_of_the_close_of_the_next_bar() -> None:
    candles = [candle(0, "100"), candle(1, "50000.10"), candle(2, "50010")]
    said = foretold(MODEL, candles, Forecast(1, 0.001, 0.61))
    assert said.at == candles[2].closed_at == START + timedelta(hours=3)
    assert said.base == Decimal("50000.10")
    assert said.predicted == pytest.approx(Decimal("50000.10") * Decimal(str(exp(0.001))))
    assert said.actual == Decimal("50010")
    assert said.confidence == Decimal("0.61")


def test_what_has_not_closed_is_not_known() -> None:
    assert foretold(MODEL, [candle(0, "100")], Forecast(0, 0.0, 0.5)).actual is None


def test_the_bar_after_a_hole_is_not_the_next_one() -> None:
    said = foretold(MODEL, [candle(0, "100"), candle(2, "120")], Forecast(0, 0.0, 0.5))
    assert said.actual is None
    assert said.at == START + timedelta(hours=2)


def test_no_change_is_foretold_exactly() -> None:
    said = foretold(MODEL, [candle(0, "43350.00")], Forecast(0, 0.0, 0.5))
    assert said.predicted == said.base


def test_the_same_word_of_the_same_model_is_the_same_row() -> None:
    candles = [candle(0, "100"), candle(1, "101")]
    first, again = (foretold(MODEL, candles, Forecast(0, r, 0.5)) for r in (0.1, -0.1))
    assert first.id == again.id
    assert first.id != foretold(MODEL, candles, Forecast(1, 0.1, 0.5)).id
    assert first.id != foretold(UUID(int=6), candles, Forecast(0, 0.1, 0.5)).id


@given(price=st.decimals("0.00000001", "1e9", places=8), change=st.floats(-1, 1))
def test_every_forecast_fits_what_is_stored(price: Decimal, change: float) -> None:
    said = foretold(MODEL, [candle(0, str(price))], Forecast(0, change, 0.5))
    assert said.predicted.as_tuple().exponent == -8
    assert Decimal(0) <= said.predicted < Decimal("1e20")


@given(value=st.floats(0, 1))
def test_a_share_stays_one(value: float) -> None:
    assert 0 <= fraction(value) <= 1
    assert float(fraction(value)) == pytest.approx(value, abs=5e-7)


def test_candles_become_columns() -> None:
    bars = Bars.of([candle(0, "100"), candle(1, "101.5")], "1h")
    start = int(START.timestamp())
    assert bars == Bars(3600, (start, start + 3600), (100.0, 101.5), (2.0, 2.0))
    assert Bars.of([], "5m") == Bars(300, (), (), ())
