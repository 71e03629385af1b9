"""The safe default."""

from collections.abc import Callable
from decimal import Decimal

from millrace.common.kernel.market import Candle
from millrace.strategy.port import Context
from millrace.strategy.registry import create


def test_hold_never_trades_and_says_so(closes: Callable[[list[object]], list[Candle]]) -> None:
    strategy = create("hold", {"position_size": 0.5})
    for candle in closes([100, 1, 1000]):
        for context in (Context(), Context(Decimal(1), Decimal(100))):
            assert strategy.on_candle(candle, context) is None
            assert context.skipped is not None
            assert context.skipped.reason == "hold never trades"
    assert strategy.warmup == 0
