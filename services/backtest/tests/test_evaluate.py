"""From the market's pages to a report."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import orjson
import pytest

from millrace.backtest.app import evaluate as module
from millrace.backtest.app.evaluate import Evaluation, Stored, evaluate
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.instruments import instrument
from millrace.common.kernel.market import Candle
from millrace.common.web.answers import encode
from services.backtest.tests.conftest import plan, walk


def page(candles: Sequence[Candle]) -> bytes:
    """What the market answers; it may tell more than is needed."""
    names = ("opened_at", "open", "high", "low", "close", "volume")
    rows = [{**{name: getattr(candle, name) for name in names}, "quote_volume": None} for candle in candles]
    return encode({"items": rows, "has_more": False, "next_before": None})


def stored(*pages: Sequence[Candle], past: Sequence[Candle] = ()) -> Stored:
    """One series in pages."""
    return Stored(instrument("binance", "BTC/USDT"), "1h", [page(past)] if past else [], [page(one) for one in pages])


def report_of(*series: Stored) -> Evaluation:
    """The report of a plan."""
    return evaluate(lambda progress, note: None, plan(), series)


def test_pages_are_read_one_after_the_other_to_the_last_digit() -> None:
    bars = walk(120)
    whole, paged = report_of(stored(bars)), report_of(stored(bars[:50], [], bars[50:]))
    assert whole == paged
    assert orjson.loads(whole.trades)


def test_what_was_before_belongs_to_the_report_only_by_what_the_strategy_learned() -> None:
    bars = walk(120)
    cold, warm = report_of(stored(bars[20:])), report_of(stored(bars[20:], past=bars[:20]))
    assert cold.digest != warm.digest
    assert len(orjson.loads(cold.equity_curve)) == len(orjson.loads(warm.equity_curve)) == 101
    assert "warming up" not in orjson.loads(warm.skips)


def test_the_report_ends_where_its_curve_ends() -> None:
    found = report_of(stored(walk(120)))
    curve, metrics = orjson.loads(found.equity_curve), orjson.loads(found.metrics)
    assert Decimal(curve[-1]["equity"]) == found.final_capital
    assert Decimal(metrics["profit"]) == found.final_capital - 10_000
    assert metrics["total_trades"] == len(orjson.loads(found.trades))
    assert Decimal(metrics["max_drawdown"]) == max(Decimal(point["drawdown"]) for point in curve)


def test_one_other_digit_is_another_digest() -> None:
    bars = walk(120)
    changed = replace(bars[-1], close=bars[-1].close + Decimal("0.01"))
    assert report_of(stored(bars)).digest != report_of(stored([*bars[:-1], changed])).digest


def test_a_long_curve_is_thinned_evenly_and_keeps_its_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    bars = walk(100)
    whole = orjson.loads(report_of(stored(bars)).equity_curve)
    monkeypatch.setattr(module, "MOST_POINTS", 30)
    thin = orjson.loads(report_of(stored(bars)).equity_curve)
    assert thin == [*whole[0:100:4], whole[-1]]
    assert len(thin) <= 30


def test_without_candles_there_is_no_report() -> None:
    with pytest.raises(MillraceError) as refused:
        report_of(stored([]), stored())
    assert refused.value.code is Code.INVALID_DATE_RANGE
