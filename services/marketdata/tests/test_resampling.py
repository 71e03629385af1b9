"""Larger candles out of smaller ones."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.common.kernel.market import Candle
from millrace.marketdata.adapters.candle_files import recorded
from millrace.marketdata.domain.resampling import Resampler, larger_than

T0 = datetime(2024, 3, 4, tzinfo=UTC)


def minute(number: int, prices: str = "10 12 9 11", volume: str = "1") -> Candle:
    opened_at = T0 + timedelta(minutes=number)
    return Candle("binance", "BTC/USDT", "1m", opened_at, *map(Decimal, prices.split()), Decimal(volume))


def resampled(candles: Iterable[Candle], target: str) -> list[Candle]:
    resampler = Resampler((target,))
    return [made for candle in candles for made in resampler.add(candle)]


def test_a_larger_candle_closes_with_its_last_part() -> None:
    parts = [minute(n, f"{10 + n} {20 + n} {5 + n} {11 + n}", "0.5") for n in range(5)]
    resampler = Resampler(("5m",))
    assert [resampler.add(part) for part in parts[:4]] == [[], [], [], []]
    assert resampler.add(parts[4]) == [
        Candle("binance", "BTC/USDT", "5m", T0, *map(Decimal, ("10", "24", "5", "15", "2.5")))
    ]


def test_a_larger_candle_that_lacks_a_part_is_not_made() -> None:
    resampler = Resampler(("5m",))
    made = [resampler.add(minute(n)) for n in (0, 1, 3, 4, 5)]
    assert made == [[]] * 5
    assert resampler.torn == [("5m", T0)]


def test_a_larger_candle_whose_last_part_never_came_is_over_with_the_next() -> None:
    resampler = Resampler(("5m",))
    resampler.add(minute(3))
    assert resampler.add(minute(5)) == []
    assert resampler.torn == [("5m", T0)]
    assert resampler.open["5m"].opened_at == T0 + timedelta(minutes=5)


def test_a_larger_candle_goes_on_with_the_parts_that_are_known() -> None:
    resampler = Resampler(("5m",))
    known = Candle("binance", "BTC/USDT", "5m", T0, *map(Decimal, ("1", "30", "1", "9", "7")))
    resampler.resume("5m", known, 3)
    assert resampler.add(minute(3)) == []
    assert resampler.add(minute(4)) == [
        Candle("binance", "BTC/USDT", "5m", T0, *map(Decimal, ("1", "30", "1", "11", "9")))
    ]


@pytest.mark.parametrize(
    ("timeframe", "larger"),
    [("15m", ("1h", "4h", "1d")), ("30m", ("1h", "4h", "1d")), ("1w", ()), ("6h", ("1d",))],
)
def test_larger_timeframes_are_whole_numbers_of_the_smallest(timeframe: str, larger: tuple[str, ...]) -> None:
    assert larger_than(timeframe) == larger


def test_a_small_candle_that_comes_again_or_late_changes_nothing() -> None:
    resampler = Resampler(("5m",))
    for number in (0, 1, 1, 0):
        resampler.add(minute(number))
    assert (resampler.open["5m"].volume, resampler.ignored) == (2, 2)


def test_weeks_begin_on_monday() -> None:
    days = [Candle("b", "BTC/USDT", "1d", T0 + timedelta(days=n), *map(Decimal, "11111")) for n in range(7)]
    assert [c.opened_at for c in resampled(days, "1w")] == [T0]


def test_an_unfinished_candle_is_not_told() -> None:
    assert resampled(map(minute, range(4)), "5m") == []


@settings(max_examples=30)
@given(st.sets(st.integers(0, 239), max_size=200), st.randoms(use_true_random=False))
def test_a_larger_candle_is_made_or_torn_and_made_only_of_all_its_parts(missing: set[int], random: object) -> None:
    draw = random.randint  # type: ignore[attr-defined]
    rows = {}
    for number in range(241):
        low, first, last, high = sorted(draw(1, 10**6) for _ in range(4))
        if number not in missing:
            rows[number] = minute(number, f"{first} {high} {low} {last}", str(draw(0, 10**9)))
    resampler = Resampler(("5m",))
    made = {(c.opened_at - T0) // timedelta(minutes=5): c for row in rows.values() for c in resampler.add(row)}
    torn = {(opened_at - T0) // timedelta(minutes=5) for _, opened_at in resampler.torn}
    for five in range(48):
        parts = [rows[n] for n in range(five * 5, five * 5 + 5) if n in rows]
        assert (five in made, five in torn) == (len(parts) == 5, 0 < len(parts) < 5)
        if five in made:
            whole = made[five]
            assert (whole.open, whole.close) == (parts[0].open, parts[-1].close)
            assert (whole.high, whole.low) == (max(p.high for p in parts), min(p.low for p in parts))
            assert whole.volume == sum(p.volume for p in parts)


def test_the_real_market_resamples_the_same_in_two_steps() -> None:
    bars = recorded("binance", "BTC/USDT")
    hours = resampled(bars, "1h")
    assert hours == resampled(resampled(bars, "15m"), "1h")
    assert len(hours) == 1440
    assert sum(c.volume for c in hours) == sum(c.volume for c in bars)
    assert resampled(hours, "1d") == resampled(bars, "1d")
