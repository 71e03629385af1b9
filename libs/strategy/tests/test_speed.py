"""500 bots on one candle must not take 5 ms."""

from collections.abc import Callable
from time import perf_counter

import pytest

from millrace.common.kernel.market import Candle
from millrace.strategy.port import Context
from millrace.strategy.registry import BUILTIN, create


@pytest.mark.parametrize("name", BUILTIN)
def test_a_candle_takes_less_than_ten_microseconds(name: str, walk: Callable[[int, int], list[Candle]]) -> None:
    """The best of twenty rounds, since the machine is shared."""
    strategy, candles = create(name, {}), walk(1, 500)
    rounds = []
    for _ in range(20):
        begun = perf_counter()
        for candle in candles:
            strategy.on_candle(candle, Context())
        rounds.append((perf_counter() - begun) / len(candles))
    assert min(rounds) < 10e-6
