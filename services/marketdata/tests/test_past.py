"""What a recorded market did before anything of it was stored."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.common.kernel import timeframes
from millrace.common.kernel.market import Candle
from millrace.marketdata.adapters.candle_files import recorded
from millrace.marketdata.domain.cycle import Cycle
from millrace.marketdata.domain.folding import folded
from millrace.marketdata.domain.past import Past, pace_of

SEAM = datetime(2026, 3, 4, 12, 34, 56, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ALL = ("1m", "5m", "15m", "30m", "1h", "4h", "6h", "12h", "1d", "3d", "1w")


def rising(count: int, timeframe: str = "5m") -> list[Candle]:
    """Bars that rise by one from bar to bar."""
    start, step = datetime(2024, 1, 1, tzinfo=UTC), timeframes.length(timeframe)
    return [
        Candle("b", "BTC/USDT", timeframe, start + n * step, *map(Decimal, (n + 1, n + 2, n + 1, n + 2, 10)))
        for n in range(count)
    ]


def past(
    bars: Sequence[Candle | None], place: int = 0, seam: datetime = SEAM, days: int = 60, pace: str = "5m"
) -> Past:
    return Past(bars, pace, place, seam, days)


def test_the_market_comes_to_where_it_begins_by_going_backwards() -> None:
    closes = [int(c.close) for c in past(rising(4)).candles("5m", None, None, 10)]
    assert closes == [3, 2, 1, 2, 3, 4, 5, 4, 3, 2]


def test_a_bar_that_is_gone_back_over_was_made_of_as_many_trades() -> None:
    told = [replace(bar, quote_volume=Decimal(n), trades=n) for n, bar in enumerate(rising(3), 1)]
    found = past(told).candles("5m", None, None, 6)
    assert [(c.quote_volume, c.trades) for c in found] == [(c.low, int(c.low)) for c in found]
    assert {c.close < c.open for c in found} == {True, False}, "both ways"
    assert {c.trades for c in past(rising(3)).candles("5m", None, None, 6)} == {None}


def test_before_a_bar_in_the_middle_stand_the_bars_before_it() -> None:
    found = past(rising(5), place=2, seam=datetime(2026, 3, 4, 12, 30, tzinfo=UTC)).candles("5m", None, None, 4)
    assert [(int(c.open), int(c.close)) for c in found] == [(3, 2), (2, 1), (1, 2), (2, 3)]
    assert found[-1].closed_at == datetime(2026, 3, 4, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize("timeframe", ALL)
def test_every_timeframe_stands_on_its_grid_without_a_hole(timeframe: str) -> None:
    made = past(rising(300))
    found = made.candles(timeframe, None, None, 20)
    assert {b.opened_at - a.opened_at for a, b in pairwise(found)} <= {timeframes.length(timeframe)}
    assert all(timeframes.opening(c.opened_at, timeframe) == c.opened_at for c in found)
    assert {c.timeframe for c in found} == {timeframe}
    assert found[-1].closed_at == timeframes.opening(made.end, timeframe)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 400),
    st.integers(0, 399),
    st.integers(0, 10**6),
    st.sampled_from(ALL[1:9]),
    st.sampled_from(["1m", "5m", "15m", "1h"]),
    st.integers(0, 5),
)
def test_a_large_candle_is_what_its_minutes_make(
    count: int, place: int, seconds: int, timeframe: str, pace: str, back: int
) -> None:
    made = past(rising(count, pace), place % count, SEAM + timedelta(seconds=seconds), 21, pace)
    step = timeframes.length(timeframe)
    opened_at = timeframes.opening(made.end, timeframe) - (back + 1) * step
    (large,) = made.candles(timeframe, opened_at, opened_at + step, 5)
    minutes = made.candles("1m", opened_at, opened_at + step, 10_000)
    assert len(minutes) == step // MINUTE
    assert folded(minutes, timeframe, opened_at) == large
    rest = made.until_end(timeframe)
    after = made.candles("1m", timeframes.opening(made.end, timeframe), None, 10_000)
    assert (rest is None) is (after == [])
    assert rest is None or folded(after, timeframe, after[0].opened_at) == rest


def test_it_is_the_same_whoever_asks_in_whatever_order() -> None:
    bars = rising(250)
    one, other = past(bars), past(bars)
    for timeframe in ("1w", "1h", "5m", "1d"):
        one.candles(timeframe, None, None, 30)
    for timeframe in ("5m", "1d", "1h", "1w"):
        assert one.candles(timeframe, None, None, 30) == other.candles(timeframe, None, None, 30)


def test_pages_follow_each_other_until_the_beginning() -> None:
    made = past(rising(300), days=10)
    pages: list[list[Candle]] = []
    before: datetime | None = None
    while not pages or len(pages[-1]) == 50:
        pages.append(made.candles("1h", None, before, 50))
        before = pages[-1][0].opened_at
    whole = [candle for page in reversed(pages) for candle in page]
    assert whole == made.candles("1h", None, None, 10_000)
    assert whole[0].opened_at == made.begin == datetime(2026, 2, 16, tzinfo=UTC)
    assert made.candles("1w", made.begin, made.begin + timedelta(days=7), 5)[0].opened_at.weekday() == 0


def test_a_hole_in_the_recording_is_one_in_the_past() -> None:
    bars: list[Candle | None] = [*rising(6)]
    bars[2] = None
    found = past(bars).candles("5m", None, None, 6)
    assert len({c.opened_at for c in found}) == 6
    assert found[-1].opened_at - found[0].opened_at == 6 * 5 * MINUTE
    empty = past([None, *rising(3)[:0], None])
    assert empty.candles("1h", None, None, 5) == []


@pytest.mark.parametrize(
    ("recorded_as", "pace"), [("1s", "5m"), ("15s", "5m"), ("1m", "1m"), ("5m", "5m"), ("1h", "1h"), ("4h", None)]
)
def test_the_pace_is_that_of_the_recording_unless_that_is_too_short_or_too_long(
    recorded_as: str, pace: str | None
) -> None:
    assert pace_of(recorded_as) == pace
    cycle = Cycle({"BTC/USDT": rising(10, recorded_as)}, "1s", SEAM)
    made = cycle.past("BTC/USDT", SEAM, 7)
    assert (made is None) is (pace is None)


def test_the_real_market_has_a_past_without_a_jump() -> None:
    tape = recorded("binance", "BTC/USDT")
    cycle = Cycle({"BTC/USDT": tape}, "1s", SEAM)
    made = cycle.past("BTC/USDT", SEAM, 366)
    assert made is not None
    year = made.candles("1d", None, None, 365)
    assert len(year) == 365
    assert year[-1].closed_at == datetime(2026, 3, 4, tzinfo=UTC)
    assert len({c.close for c in year}) > 100
    small = made.candles("5m", None, None, 5_000)
    assert max(abs(b.open - a.close) / a.close for a, b in pairwise(small)) < Decimal("0.003")
    first = cycle.bar("BTC/USDT", SEAM)
    assert first is not None
    assert small[-1].opened_at == datetime(2026, 3, 4, 12, 25, tzinfo=UTC)
    assert abs(small[-1].close - first.open) / first.open < Decimal("0.003")
    assert (
        min(c.low for c in tape) <= min(c.low for c in year) <= max(c.high for c in year) <= max(c.high for c in tape)
    )
