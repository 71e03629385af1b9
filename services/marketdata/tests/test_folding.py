"""One candle out of many, many out of one, and what is guessed of a candle."""

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
from millrace.marketdata.adapters.recorded import recorded_trades
from millrace.marketdata.domain.folding import MEAN_TRADE, ceiling, folded, split, turnover

T0 = datetime(2024, 3, 4, tzinfo=UTC)
CENT = Decimal("0.01")


@st.composite
def bars(draw: st.DrawFn, timeframe: str = "5m") -> Candle:
    """A bar of any shape: flat ones, ones without a wick, tiny and huge ones."""
    low = draw(st.integers(1, 10**7))
    first, last, high = (low + draw(st.integers(0, 10**6)) for _ in range(3))
    high = max(first, last, high)
    prices = [Decimal(number) * CENT for number in (first, high, low, last)]
    volume = draw(st.decimals(0, 10**6, places=draw(st.integers(0, 18))))
    return Candle("binance", "BTC/USDT", timeframe, T0, *prices, volume)


@settings(max_examples=200)
@given(bars(), st.sampled_from(["1m", "1s", "5s"]))
def test_a_split_bar_folded_is_the_bar_again(bar: Candle, timeframe: str) -> None:
    parts = split(bar, timeframe)
    assert folded(parts, "5m", T0) == bar
    step = timeframes.length(timeframe)
    assert [part.opened_at for part in parts] == [T0 + n * step for n in range(len(parts))]
    assert parts[-1].closed_at == bar.closed_at


@settings(max_examples=200)
@given(bars("1h"))
def test_the_parts_lead_from_one_to_the_next_on_the_grid_of_the_bars_prices(bar: Candle) -> None:
    parts = split(bar, "1m")
    for before, after in pairwise(parts):
        assert before.close == after.open
    for part in parts:
        assert bar.low <= part.low <= min(part.open, part.close) <= max(part.open, part.close) <= part.high <= bar.high
        assert all(price % CENT == 0 for price in (part.open, part.high, part.low, part.close))
        assert 0 <= part.volume <= bar.volume


@given(bars("1h"))
def test_quarters_of_an_hour_are_made_of_its_minutes(bar: Candle) -> None:
    minutes = split(bar, "1m")
    quarters = split(bar, "15m")
    assert quarters == [folded(minutes[n : n + 15], "15m", minutes[n].opened_at) for n in range(0, 60, 15)]
    assert folded(quarters, "1h", T0) == bar


def test_the_same_bar_as_the_database_writes_it_is_split_alike() -> None:
    bar = Candle("binance", "BTC/USDT", "5m", T0, *map(Decimal, ("100.5", "103", "99.25", "101", "7")))
    stored = Candle("binance", "BTC/USDT", "5m", T0, *(Decimal(f"{n:.18f}") for n in (100.5, 103, 99.25, 101, 7)))
    assert split(bar, "1m") == split(stored, "1m")
    assert [str(part.close) for part in split(bar, "1m")] == ["99.75", "100.00", "102.25", "102.20", "101"]


@settings(max_examples=50)
@given(st.lists(bars("1m"), min_size=1, max_size=20), st.integers(0, 19))
def test_folding_in_two_steps_is_folding_in_one(parts: list[Candle], at: int) -> None:
    at = min(at, len(parts) - 1)
    steps = [folded(some, "5m", T0) for some in (parts[:at], parts[at:]) if some]
    assert folded(steps, "1h", T0) == folded(parts, "1h", T0)


def test_turnover_is_summed_up_where_all_parts_know_it() -> None:
    told = [Candle("b", "BTC/USDT", "1m", T0, *map(Decimal, "11111"), Decimal(n), n) for n in (2, 3)]
    whole = folded(told, "5m", T0)
    assert (whole.quote_volume, whole.trades) == (5, 5)
    silent = Candle("b", "BTC/USDT", "1m", T0, *map(Decimal, "11111"))
    whole = folded([*told, silent], "5m", T0)
    assert (whole.quote_volume, whole.trades) == (None, None)


@given(bars())
def test_what_the_source_did_not_tell_is_guessed_and_never_missing(bar: Candle) -> None:
    quote, trades = turnover(bar)
    assert bar.low * bar.volume - 1 <= quote <= bar.high * bar.volume + 1
    assert (trades == 0) is (bar.volume == 0)
    assert turnover(replace(bar, quote_volume=Decimal(3), trades=2)) == (3, 2)


def test_the_mean_trade_is_that_of_the_recorded_trades() -> None:
    trades = list(recorded_trades("binance", "BTC/USDT"))
    assert round(sum(t.price * t.quantity for t in trades) / len(trades)) == MEAN_TRADE
    day = recorded("binance", "BTC/USDT")[:288]
    assert 100_000 < sum(turnover(bar)[1] for bar in day) < 10_000_000


@pytest.mark.parametrize(
    ("moment", "timeframe", "expected"),
    [
        (datetime(2024, 3, 6, tzinfo=UTC), "1w", datetime(2024, 3, 11, tzinfo=UTC)),
        (datetime(2024, 3, 4, tzinfo=UTC), "1w", datetime(2024, 3, 4, tzinfo=UTC)),
        (datetime(2024, 3, 4, 0, 0, 0, 1, tzinfo=UTC), "1m", datetime(2024, 3, 4, 0, 1, tzinfo=UTC)),
        (datetime(2024, 3, 4, 6, tzinfo=UTC), "6h", datetime(2024, 3, 4, 6, tzinfo=UTC)),
    ],
)
def test_the_next_instant_of_a_grid(moment: datetime, timeframe: str, expected: datetime) -> None:
    assert ceiling(moment, timeframe) == expected
    assert ceiling(moment + timedelta(0), timeframe) >= moment
