"""A recorded market that goes round and round."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from millrace.common.kernel.market import Candle
from millrace.marketdata.domain.cycle import Cycle

T0 = datetime(2024, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 1, 10, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def bar(number: int, symbol: str = "BTC/USDT", timeframe: str = "5m") -> Candle:
    price = Decimal(100 + number)
    return Candle(
        "binance", symbol, timeframe, T0 + number * timedelta(minutes=5), price, price, price, price, Decimal(1)
    )


def cycle(*numbers: int) -> Cycle:
    return Cycle({"BTC/USDT": [bar(n) for n in numbers]}, "1s", NOW)


def closes(made: Cycle, first: int, last: int) -> list[int]:
    bars = made.bars("BTC/USDT", NOW + first * SECOND, NOW + last * SECOND)
    return [int(b.close) - 100 for b in bars]


def test_each_recorded_bar_becomes_one_of_the_present() -> None:
    made = cycle(0, 1, 2).bar("BTC/USDT", NOW + SECOND)
    assert made is not None
    assert (made.opened_at, made.timeframe, made.close) == (NOW + SECOND, "1s", 101)


def test_the_market_begins_again_at_its_end_and_was_there_before_its_beginning() -> None:
    assert closes(cycle(0, 1, 2), -4, 8) == [2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1]


def test_a_hole_in_the_recording_stays_a_hole_in_every_round() -> None:
    assert closes(cycle(0, 1, 3), 0, 8) == [0, 1, 3, 0, 1, 3]
    assert cycle(0, 1, 3).bar("BTC/USDT", NOW + 2 * SECOND) is None


def test_symbols_that_were_recorded_for_different_times_stay_together() -> None:
    made = Cycle({"BTC/USDT": [bar(1), bar(2)], "ETH/USDT": [bar(0, "ETH/USDT")]}, "1s", NOW)
    assert made.count == 3
    assert [made.bar("ETH/USDT", NOW + n * SECOND) is not None for n in range(3)] == [True, False, False]
    assert [made.bar("BTC/USDT", NOW + n * SECOND) is not None for n in range(3)] == [False, True, True]


def test_a_start_between_two_bars_begins_with_the_next() -> None:
    found = list(cycle(0, 1).bars("BTC/USDT", NOW + timedelta(milliseconds=1), NOW + 2 * SECOND))
    assert [b.opened_at for b in found] == [NOW + SECOND]


def test_rounds_are_numbered_from_the_anchor_on() -> None:
    made = cycle(0, 1, 2)
    assert made.round_at(NOW + 7 * SECOND) == (2, NOW + 6 * SECOND)
    assert made.round_at(NOW - SECOND) == (-1, NOW - 3 * SECOND)


def test_bars_of_several_timeframes_are_no_market() -> None:
    with pytest.raises(ValueError, match="one timeframe"):
        Cycle({"BTC/USDT": [bar(0)], "ETH/USDT": [bar(0, "ETH/USDT", "1m")]}, "1s", NOW)
    with pytest.raises(ValueError, match="none"):
        Cycle({"BTC/USDT": []}, "1s", NOW)
