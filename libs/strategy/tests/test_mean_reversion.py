"""Mean reversion, rule by rule."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from millrace.common.kernel.market import Candle
from millrace.strategy.port import Action, Context, Signal
from millrace.strategy.registry import create

Closes = Callable[[list[object]], list[Candle]]
CALM = [100, 101, 100, 101, 100, 101]


def last(candles: list[Candle], held: bool = False) -> tuple[Signal | None, Context]:
    """The answer to the last candle."""
    strategy = create("mean_reversion", {"bb_period": 5, "bb_std": 1.5})
    for candle in candles:
        context = Context(Decimal(1), Decimal(100)) if held else Context()
        answer = strategy.on_candle(candle, context)
    return answer, context


def reason(candles: list[Candle], held: bool = False) -> str:
    answer, context = last(candles, held)
    assert answer is None
    assert context.skipped is not None
    return context.skipped.reason


def test_a_close_that_falls_below_the_lower_band_is_bought_with_its_values(closes: Closes) -> None:
    signal, _ = last(closes([*CALM, 90]))
    assert signal is not None
    assert (signal.action, signal.reason) == (Action.ENTER_LONG, "the close fell below the lower band")
    deviation = (sum((x - 98.4) ** 2 for x in (100, 101, 100, 101, 90)) / 5) ** 0.5
    lower, upper = 98.4 - 1.5 * deviation, 98.4 + 1.5 * deviation
    expected = {"close": 90.0, "bb_lower": lower, "bb_middle": 98.4, "bb_upper": upper}
    assert signal.values == pytest.approx(expected, rel=1e-12)


def test_a_close_inside_the_bands_is_not_bought(closes: Closes) -> None:
    assert reason(closes(CALM)) == "the close is not below the lower band"


def test_a_market_that_goes_on_falling_is_bought_once(closes: Closes) -> None:
    assert reason(closes([*CALM, 90, 70])) == "the close was below the lower band already"


def test_a_market_that_does_not_move_is_never_bought(closes: Closes) -> None:
    assert reason(closes([0.1] * 12)) == "the close is not below the lower band"


def test_a_position_is_sold_at_the_mean_and_not_under_it(closes: Closes) -> None:
    assert reason(closes([*CALM, 90]), held=True) == "holding: the close is under the mean"
    signal, _ = last(closes([*CALM, 90, 100]), held=True)
    assert signal is not None
    assert (signal.action, signal.reason) == (Action.EXIT, "the close is back at the mean")


def test_the_contract_s_sample_parameters_are_taken() -> None:
    sample = {"bb_period": 20, "bb_std": 2, "position_size": 0.2, "stop_loss": 0.02, "take_profit": 0.04}
    assert create("mean_reversion", sample).warmup == 21
