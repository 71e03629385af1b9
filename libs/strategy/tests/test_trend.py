"""Trend following, rule by rule."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from millrace.common.kernel.market import Candle
from millrace.strategy.port import Action, Context, Signal
from millrace.strategy.registry import create

Closes = Callable[[list[object]], list[Candle]]
SETTINGS = {"kind": "sma", "fast": 2, "slow": 3}
ABOVE = "the fast average is above the slow one"


def answers(candles: list[Candle], held: bool = False, **more: Any) -> list[tuple[Signal | None, str]]:
    """Each candle's signal, and the reason for it or against one."""
    strategy, made = create("trend", SETTINGS | more), []
    for candle in candles:
        context = Context(Decimal(1), Decimal(100)) if held else Context()
        signal = strategy.on_candle(candle, context)
        made.append((signal, signal.reason if signal else context.skipped.reason if context.skipped else ""))
    return made


def test_a_rising_market_is_bought_with_its_values(closes: Closes) -> None:
    signal, why = answers(closes([100, 101, 102]))[-1]
    assert signal is not None
    assert (signal.action, why) == (Action.ENTER_LONG, ABOVE)
    assert signal.values == {"fast": 101.5, "slow": 101.0}


def test_a_falling_market_is_not_bought(closes: Closes) -> None:
    assert answers(closes([102, 101, 100]))[-1] == (None, "the fast average is not above the slow one")


def test_asked_for_above_it_enters_on_every_bar_while_it_is_flat(closes: Closes) -> None:
    assert [why for _, why in answers(closes([100, 101, 102, 103]))[2:]] == [ABOVE, ABOVE]


def test_asked_for_the_cross_it_enters_on_that_bar_only(closes: Closes) -> None:
    reasons = [why for _, why in answers(closes([100, 99, 98, 104, 105, 106]), entry="cross")]
    assert reasons[3:] == [ABOVE, *["the fast average was above the slow one already"] * 2]


def test_asked_for_the_cross_a_trend_older_than_the_first_bar_is_let_go(closes: Closes) -> None:
    assert {signal for signal, _ in answers(closes([100, 101, 102, 103, 104]), entry="cross")} == {None}


def test_a_position_is_sold_when_the_fast_average_is_below(closes: Closes) -> None:
    signal, why = answers(closes([102, 101, 100]), held=True)[-1]
    assert signal is not None
    assert (signal.action, why) == (Action.EXIT, "the fast average is below the slow one")


def test_an_exit_is_asked_for_again_while_the_position_is_there(closes: Closes) -> None:
    made = answers(closes([102, 101, 100, 99, 98]), held=True)
    assert [signal.action for signal, _ in made[2:] if signal] == [Action.EXIT] * 3


@pytest.mark.parametrize("kind", ["sma", "ema"])
def test_a_market_that_does_not_move_is_neither_bought_nor_sold(kind: str, closes: Closes) -> None:
    candles = closes([0.1] * 40)
    for held in (False, True):
        assert {signal for signal, _ in answers(candles, held, kind=kind, fast=7, slow=10)} == {None}


def test_the_kind_decides_which_averages_are_compared(closes: Closes) -> None:
    seen = {kind: answers(closes([100, 101, 103]), kind=kind)[-1][0] for kind in ("sma", "ema")}
    assert seen["sma"] is not None
    assert seen["ema"] is not None
    assert seen["sma"].values == {"fast": 102.0, "slow": 304 / 3}
    assert seen["ema"].values == pytest.approx({"fast": 100.5 + 2.5 * 2 / 3, "slow": 304 / 3})


def test_the_cross_needs_one_bar_more_to_warm_up() -> None:
    assert create("trend", SETTINGS).warmup == 3
    assert create("trend", SETTINGS | {"entry": "cross"}).warmup == 4
