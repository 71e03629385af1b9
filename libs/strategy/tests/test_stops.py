"""Stop loss and take profit, for every strategy that trades."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.common.kernel.market import Candle
from millrace.strategy.port import Action, Context, Signal
from millrace.strategy.registry import BUILTIN, create

Closes = Callable[[list[object]], list[Candle]]
SHORT = {
    "momentum": {"rsi_period": 2, "roc_period": 1, "rsi_overbought": 100},
    "mean_reversion": {"bb_period": 2, "bb_std": 2},
    "trend": {"fast": 2, "slow": 3},
}
CENTS = st.integers(100, 10_000_000).map(lambda cents: Decimal(cents) / 100)
FRACTIONS = st.integers(1, 999).map(lambda tenths: Decimal(tenths) / 1000)


def answer(name: str, candles: list[Candle], entry: Decimal, **stops: object) -> Signal | None:
    strategy = create(name, SHORT[name] | stops)
    for candle in candles[:-1]:
        strategy.on_candle(candle, Context())
    return strategy.on_candle(candles[-1], Context(Decimal(1), entry))


@pytest.mark.parametrize("name", SHORT)
def test_a_stop_is_taken_at_its_price_and_not_above(name: str, closes: Closes) -> None:
    at = answer(name, closes([100, 100, 99.5, 99.0, 98]), Decimal(100), stop_loss="0.02")
    assert at is not None
    assert (at.action, at.reason) == (Action.EXIT, "stop loss reached")
    above = answer(name, closes([100, 100, 99.5, 99.0, 98.01]), Decimal(100), stop_loss="0.02")
    assert above is None or above.reason != "stop loss reached"


@pytest.mark.parametrize("name", SHORT)
def test_a_target_is_taken_at_its_price_and_not_below(name: str, closes: Closes) -> None:
    at = answer(name, closes([100, 100, 101, 102, 104]), Decimal(100), take_profit=0.04)
    assert at is not None
    assert (at.action, at.reason) == (Action.EXIT, "take profit reached")
    below = answer(name, closes([100, 100, 101, 102, 103.99]), Decimal(100), take_profit=0.04)
    assert below is None or below.reason != "take profit reached"


@given(entry=CENTS, fraction=FRACTIONS)
def test_a_stop_is_exact_for_any_price(entry: Decimal, fraction: Decimal, closes: Closes) -> None:
    for distance, expected in ((Decimal(0), True), (Decimal("1e-10"), False)):
        close = entry * (1 - fraction) + distance
        signal = answer("trend", closes([close] * 4), entry, stop_loss=fraction)
        assert (signal is not None) is expected


@given(entry=CENTS, fraction=FRACTIONS)
def test_a_target_is_exact_for_any_price(entry: Decimal, fraction: Decimal, closes: Closes) -> None:
    for distance, expected in ((Decimal(0), True), (Decimal("-1e-10"), False)):
        close = entry * (1 + fraction) + distance
        signal = answer("trend", closes([close] * 4), entry, take_profit=fraction)
        assert (signal is not None) is expected


def test_the_stop_comes_before_the_strategy_s_own_exit(closes: Closes) -> None:
    signal = answer("trend", closes([102, 101, 100, 90]), Decimal(100), stop_loss=0.05)
    assert signal is not None
    assert signal.reason == "stop loss reached"


def test_stops_do_nothing_while_flat(closes: Closes) -> None:
    strategy = create("trend", SHORT["trend"] | {"stop_loss": 0.01})
    for candle in closes([100, 80, 60, 40]):
        context = Context()
        assert strategy.on_candle(candle, context) is None


def test_a_stop_without_an_entry_price_is_an_error_and_never_silence(closes: Closes) -> None:
    strategy = create("trend", SHORT["trend"] | {"stop_loss": 0.01})
    *first, final = closes([100, 100, 100, 100])
    for candle in first:
        strategy.on_candle(candle, Context())
    with pytest.raises(ValueError, match="needs its entry price"):
        strategy.on_candle(final, Context(Decimal(1)))


def test_every_strategy_that_trades_is_covered_here() -> None:
    assert set(SHORT) | {"hold"} == set(BUILTIN)
