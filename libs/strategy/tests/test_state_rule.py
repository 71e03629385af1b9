"""A strategy's state is a function of the candles it has seen, and of nothing else."""

import ast
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import millrace.strategy.port as port
from millrace.common.kernel.market import Candle
from millrace.strategy.port import Action, Context, Signal
from millrace.strategy.registry import BUILTIN, create

Walk = Callable[[int, int], list[Candle]]
SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("hold", {}),
    ("momentum", {"rsi_period": 5, "stop_loss": 0.01, "take_profit": 0.01}),
    ("mean_reversion", {"bb_period": 8, "bb_std": 1.2, "stop_loss": 0.02}),
    ("trend", {"kind": "sma", "fast": 3, "slow": 8, "entry": "cross"}),
    ("trend", {"kind": "ema", "fast": 3, "slow": 8, "take_profit": 0.005}),
]
ANY = st.sampled_from(SETTINGS)
SEEDS = st.integers(0, 10_000)
LENGTHS = st.integers(1, 300)


def traded(name: str, parameters: dict[str, Any], candles: Sequence[Candle]) -> list[Signal | None]:
    """The answers when every signal is filled at the close."""
    strategy, position, entry, answers = create(name, parameters), Decimal(0), None, []
    for candle in candles:
        answer = strategy.on_candle(candle, Context(position, entry))
        answers.append(answer)
        if answer is not None:
            long = answer.action is Action.ENTER_LONG
            position, entry = (Decimal(1), candle.close) if long else (Decimal(0), None)
    return answers


@given(kind=ANY, seed=SEEDS, bars=LENGTHS)
def test_the_same_candles_give_the_same_signals(kind: Any, seed: int, bars: int, walk: Walk) -> None:
    candles = walk(seed, bars)
    assert traded(*kind, candles) == traded(*kind, candles)


@given(kind=ANY, seed=SEEDS, bars=LENGTHS, known=LENGTHS, factor=st.floats(0.1, 10))
def test_the_future_never_changes_the_past(
    kind: Any, seed: int, bars: int, known: int, factor: float, walk: Walk
) -> None:
    candles = walk(seed, bars)
    other = [replace(c, close=c.close * Decimal(str(round(factor, 4)))) for c in candles[known:]]
    assert traded(*kind, candles)[:known] == traded(*kind, candles[:known])
    assert traded(*kind, candles)[:known] == traded(*kind, candles[:known] + other)[:known]


@given(kind=ANY, seed=SEEDS, bars=LENGTHS, held=st.lists(st.booleans(), min_size=1, max_size=20))
def test_what_was_held_in_the_past_is_not_remembered(
    kind: Any, seed: int, bars: int, held: list[bool], walk: Walk
) -> None:
    *past, final = walk(seed, bars)
    plain, told = create(*kind), create(*kind)
    for number, candle in enumerate(past):
        plain.on_candle(candle, Context())
        told.on_candle(candle, Context(Decimal(2), candle.open) if held[number % len(held)] else Context())
    for context in (Context(), Context(Decimal(1), final.open)):
        again = Context(context.position, context.entry_price)
        assert plain.on_candle(final, context) == told.on_candle(final, again)
        assert context == again


@given(kind=ANY, seed=SEEDS, bars=LENGTHS)
def test_each_candle_has_a_signal_or_a_reason_and_never_both(kind: Any, seed: int, bars: int, walk: Walk) -> None:
    strategy, position, entry = create(*kind), Decimal(0), None
    for number, candle in enumerate(walk(seed, bars), start=1):
        context = Context(position, entry)
        answer = strategy.on_candle(candle, context)
        assert (answer is None) is (context.skipped is not None)
        if number < strategy.warmup:
            assert context.skipped is not None
            assert context.skipped.reason == "warming up"
        if answer is not None:
            assert answer.action is (Action.EXIT if position else Action.ENTER_LONG)
            position, entry = (Decimal(0), None) if position else (Decimal(1), candle.close)


@given(kind=ANY, seed=SEEDS)
def test_a_market_at_twice_the_price_gives_the_same_signals(kind: Any, seed: int, walk: Walk) -> None:
    """Doubling is exact in binary floats, so not even the last bit may decide otherwise."""
    candles = walk(seed, 300)
    twice = [replace(c, open=2 * c.open, high=2 * c.high, low=2 * c.low, close=2 * c.close) for c in candles]
    actions = [[answer and answer.reason for answer in traded(*kind, market)] for market in (candles, twice)]
    assert actions[0] == actions[1]


@pytest.mark.parametrize("kind", SETTINGS[1:], ids=str)
def test_a_long_market_is_traded_both_ways(kind: Any, market: Sequence[Candle]) -> None:
    actions = {answer.action for answer in traded(*kind, market) if answer}
    assert actions == {Action.ENTER_LONG, Action.EXIT}


def test_every_built_in_strategy_is_covered_here() -> None:
    assert {name for name, _ in SETTINGS} == set(BUILTIN)


def test_no_strategy_can_read_a_clock_or_draw_a_random_number() -> None:
    forbidden = {"time", "datetime", "random", "secrets", "os", "uuid", "numpy"}
    for file in Path(port.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not forbidden & {name.split(".")[0] for name in names}, file
