"""Momentum, rule by rule."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from millrace.common.kernel.market import Candle
from millrace.strategy.port import Action, Context, Signal
from millrace.strategy.registry import create

Closes = Callable[[list[object]], list[Candle]]
SETTINGS = {"rsi_period": 2, "roc_period": 1}
FALL = [100, 95, 90, 85]
HELD = Decimal(1)


def last(candles: list[Candle], held: bool = False, **more: Any) -> tuple[Signal | None, Context]:
    """The answer to the last candle."""
    strategy = create("momentum", SETTINGS | more)
    for candle in candles:
        context = Context(HELD, Decimal(100)) if held else Context()
        answer = strategy.on_candle(candle, context)
    return answer, context


def reason(candles: list[Candle], held: bool = False, **more: Any) -> str:
    answer, context = last(candles, held, **more)
    assert answer is None
    assert context.skipped is not None
    return context.skipped.reason


def test_the_turn_out_of_an_oversold_market_is_bought_with_its_values(closes: Closes) -> None:
    signal, context = last(closes([*FALL, 90]))
    assert signal is not None
    assert signal.action is Action.ENTER_LONG
    assert signal.reason == "the price turned up out of an oversold market"
    assert signal.values == {"rsi": 50.0, "rate_of_change": 5 / 85}
    assert context.skipped is None


def test_a_market_that_still_falls_is_not_bought(closes: Closes) -> None:
    assert reason(closes(FALL)) == "the RSI is still oversold"


def test_a_market_that_was_never_oversold_is_not_bought(closes: Closes) -> None:
    assert reason(closes([100, 101, 100, 101])) == "the RSI was not oversold since the last turn"


def test_one_fall_gives_one_entry(closes: Closes) -> None:
    assert reason(closes([*FALL, 90, 88, 90])) == "the RSI was not oversold since the last turn"


def test_the_rise_must_be_more_than_asked_for(closes: Closes) -> None:
    assert reason(closes([*FALL, 90]), roc_min=0.06) == "the price does not rise enough"
    assert last(closes([*FALL, 90]), roc_min=0.05)[0] is not None


def test_a_rise_that_comes_later_is_still_bought(closes: Closes) -> None:
    slow, sharp = closes([*FALL, 86.5]), closes([*FALL, 86.5, 88.5])
    assert reason(slow, roc_min=0.02, rsi_oversold=20) == "the price does not rise enough"
    assert last(sharp, roc_min=0.02, rsi_oversold=20)[0] is not None


def test_a_leap_from_oversold_to_overbought_is_missed_and_disarms(closes: Closes) -> None:
    leap = [*FALL, 120]
    assert reason(closes(leap)).startswith("the RSI went from oversold to overbought")
    assert reason(closes([*leap, 115])) == "the RSI was not oversold since the last turn"


def test_a_position_is_sold_when_overbought_and_not_before(closes: Closes) -> None:
    signal, _ = last(closes([100, 101, 102, 103]), held=True)
    assert signal is not None
    assert (signal.action, signal.reason) == (Action.EXIT, "the RSI is overbought")
    assert reason(closes([100, 101, 100]), held=True) == "holding: the RSI is not overbought"


def test_warming_up_counts_the_bars_that_are_missing(closes: Closes) -> None:
    strategy = create("momentum", {"rsi_period": 14})
    context = Context()
    assert strategy.on_candle(closes([100])[0], context) is None
    assert context.skipped is not None
    assert context.skipped.reason == "warming up"
    assert context.skipped.values == {"bars": 1, "needed": 15}
    assert strategy.warmup == 15
    assert create("momentum", {"roc_period": 40}).warmup == 41
