"""The port, as somebody else's strategy sees it."""

from collections.abc import Callable
from decimal import Decimal
from typing import ClassVar

import pytest
from pydantic import BaseModel, ConfigDict, Field

from millrace.common.kernel.errors import MillraceError
from millrace.common.kernel.market import Candle
from millrace.strategy.port import Action, Context, Signal, Skip, Strategy
from millrace.strategy.registry import create, schema


class Threshold(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    above: Decimal = Field(gt=0, description="Buy above this price.")
    eager: bool = False


class Above(Strategy):
    """Written by a user: buys above a price."""

    name: ClassVar[str] = "above"
    description: ClassVar[str] = "Buys above a price."
    Parameters: ClassVar[type[BaseModel]] = Threshold
    parameters: Threshold

    @property
    def warmup(self) -> int:
        return 1

    def on_candle(self, candle: Candle, context: Context) -> Signal | None:
        if candle.close > self.parameters.above:
            return Signal(Action.ENTER_LONG, "above", {"close": float(candle.close)})
        context.skip("not above", close=float(candle.close))
        return None


MINE = {"above": Above}


def test_a_strategy_from_elsewhere_is_made_and_described_like_the_built_in_ones(
    closes: Callable[[list[object]], list[Candle]],
) -> None:
    strategy = create("above", {"above": "100.5", "eager": True}, MINE)
    low, high = closes([100, 101])
    context = Context()
    assert strategy.on_candle(low, context) is None
    assert context.skipped == Skip("not above", {"close": 100.0})
    assert strategy.on_candle(high, Context()) == Signal(Action.ENTER_LONG, "above", {"close": 101.0})
    assert schema("above", MINE)["required"] == ["above"]


def test_its_parameters_are_checked_too() -> None:
    with pytest.raises(MillraceError) as refused:
        create("above", {}, MINE)
    assert refused.value.fields == {"above": "field required"}


def test_only_the_first_reason_of_a_candle_is_kept() -> None:
    context = Context()
    context.skip("first", value=1.0)
    context.skip("second")
    assert context.skipped == Skip("first", {"value": 1.0})


def test_signals_and_reasons_cannot_be_changed() -> None:
    for value in (Signal(Action.EXIT, "why", {}), Skip("why", {})):
        with pytest.raises(AttributeError):
            value.reason = "other"  # type: ignore[misc]


def test_actions_have_stable_words() -> None:
    assert [action.value for action in Action] == ["enter_long", "exit"]
