"""Larger candles out of smaller ones."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.common.kernel.market import Candle
from millrace.marketdata.adapters.candle_files import recorded
from millrace.marketdata.domain.resampling import Resampler, resampled

T0 = datetime(2024, 3, 4, tzinfo=UTC)


def minute(number: int, prices: str = "10 12 9 11", volume: str = "1") -> Candle:
    opened_at = T0 + timedelta(minutes=number)
    return Candle("binance", "BTC/USDT", "1m", opened_at, *map(Decimal, prices.split()), Decimal(volume))


def test_a_larger_candle_closes_with_its_last_part() -> None:
    parts = [minute(n, f"{10 + n} {20 + n} {5 + n} {11 + n}", "0.5") for n in range(5)]
    resampler = Resampler(("5m",))
    assert [resampler.add(part) for part in parts[:4]] == [[], [], [], []]
    assert resampler.add(parts[4]) == [
        Candle("binance", "BTC/USDT", "5m", T0, *map(Decimal, ("10", "24", "5", "15", "2.5")))
    ]


def test_a_larger_candle_whose_last_part_never_came_closes_with_the_next() -> None:
    resampler = Resampler(("5m",))
    resampler.add(minute(3))
    assert [c.opened_at for c in resampler.add(minute(5))] == [T0]
    assert resampler.open["5m"].opened_at == T0 + timedelta(minutes=5)


def test_a_small_candle_that_comes_again_or_late_changes_nothing() -> None:
    resampler = Resampler(("5m",))
    for number in (0, 1, 1, 0):
        resampler.add(minute(number))
    assert (resampler.open["5m"].volume, resampler.ignored) == (2, 2)


def test_weeks_begin_on_monday() -> None:
    days = [Candle("b", "BTC/USDT", "1d", T0 + timedelta(days=n), *map(Decimal, "11111")) for n in range(7)]
    assert [c.opened_at for c in resampled(days, "1w")] == [T0]


def test_an_unfinished_candle_is_not_told() -> None:
    assert list(resampled(map(minute, range(4)), "5m")) == []


@settings(max_examples=30)
@given(st.sets(st.integers(0, 239), max_size=200), st.randoms(use_true_random=False))
def test_resampling_in_two_steps_equals_resampling_in_one(missing: set[int], random: object) -> None:
    draw = random.randint  # type: ignore[attr-defined]
    rows = []
    for number in range(241):
        low, first, last, high = sorted(draw(1, 10**6) for _ in range(4))
        if number not in missing:
            rows.append(minute(number, f"{first} {high} {low} {last}", str(draw(0, 10**9))))
    at_once = list(resampled(rows, "1h"))
    by_steps = list(resampled(resampled(rows, "5m"), "1h"))
    # Without the very last parts, the smaller candles close later, and so does the largest.
    assert by_steps == at_once[: len(by_steps)]
    assert len(at_once) - len(by_steps) <= 1


def test_the_real_market_resamples_the_same_in_two_steps() -> None:
    bars = recorded("binance", "BTC/USDT")
    hours = list(resampled(bars, "1h"))
    assert hours == list(resampled(resampled(bars, "15m"), "1h"))
    assert len(hours) == 1440
    assert sum(c.volume for c in hours) == sum(c.volume for c in bars)
    assert list(resampled(hours, "1d")) == list(resampled(bars, "1d"))
