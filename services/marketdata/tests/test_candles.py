"""Candles out of ticks: late, repeated, shuffled and missing ones."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from millrace.common.kernel.market import Candle
from millrace.marketdata.domain.candles import CandleBuilder
from millrace.marketdata.domain.tape import as_ticks
from millrace.marketdata.domain.ticks import Tick

T0 = datetime(2024, 3, 1, 12, 0, tzinfo=UTC)
PRICES = st.decimals("0.01", "99999.99", places=2)


def tick(second: float, price: str, trade_id: str = "", quantity: str = "1") -> Tick:
    return Tick("binance", "BTC/USDT", Decimal(price), Decimal(quantity), T0 + timedelta(seconds=second), trade_id)


def builder(lateness: float = 0, fill: int = 0, timeframe: str = "1m") -> CandleBuilder:
    return CandleBuilder("binance", "BTC/USDT", timeframe, lateness=timedelta(seconds=lateness), fill=fill)


def shape(candle: Candle) -> tuple[float, str, str, str, str, str]:
    prices = (str(p) for p in (candle.open, candle.high, candle.low, candle.close, candle.volume))
    return ((candle.opened_at - T0).total_seconds(), *prices)  # type: ignore[return-value]


def test_a_candle_closes_with_the_first_tick_of_the_next() -> None:
    made = builder()
    for second, price in ((0, "100"), (20, "103"), (40, "99"), (59.999, "101")):
        assert made.add(tick(second, price)) == []
    assert [shape(c) for c in made.add(tick(60, "105"))] == [(0, "100", "103", "99", "101", "4")]
    assert made.forming is not None
    assert shape(made.forming) == (60, "105", "105", "105", "105", "1")


def test_a_candle_closes_by_time_alone() -> None:
    made = builder()
    made.add(tick(1, "100"))
    assert made.advance(T0 + timedelta(seconds=59)) == []
    assert [shape(c) for c in made.advance(T0 + timedelta(seconds=60))] == [(0, "100", "100", "100", "100", "1")]
    assert made.forming is None


def test_a_late_tick_within_the_allowance_amends_its_candle() -> None:
    made = builder(lateness=10)
    made.add(tick(30, "100"))
    assert made.add(tick(65, "110")) == []
    made.add(tick(59, "90"))
    assert [shape(c) for c in made.add(tick(70, "111"))] == [(0, "100", "100", "90", "90", "2")]
    assert made.counts.amended == 1


def test_a_tick_that_is_too_late_is_dropped_and_counted() -> None:
    made = builder()
    made.add(tick(30, "100"))
    made.add(tick(61, "110"))
    assert made.add(tick(59, "90")) == []
    assert (made.counts.late, made.counts.taken) == (1, 2)
    assert shape(made.advance(T0 + timedelta(minutes=2))[0]) == (60, "110", "110", "110", "110", "1")


def test_a_trade_that_comes_twice_counts_once() -> None:
    made = builder()
    made.add(tick(1, "100", "7"))
    made.add(tick(1, "100", "7"))
    made.add(tick(1, "100", "8"))
    assert [c.volume for c in made.advance(T0 + timedelta(minutes=1))] == [2]
    assert made.counts.duplicates == 1


def test_trades_without_an_id_are_never_taken_for_duplicates() -> None:
    made = builder()
    for _ in range(3):
        made.add(tick(1, "100"))
    assert made.forming is not None
    assert made.forming.volume == 3


def test_trades_of_one_instant_are_ordered_by_their_ids() -> None:
    made = builder()
    for trade_id, price in (("10", "102"), ("9", "101"), ("11", "103")):
        made.add(tick(1, price, trade_id))
    assert made.forming is not None
    assert (made.forming.open, made.forming.close) == (101, 103)


def test_empty_intervals_are_a_gap_unless_filling_is_asked_for() -> None:
    made = builder()
    made.add(tick(0, "100"))
    assert [shape(c)[0] for c in made.add(tick(180, "105"))] == [0]
    assert made.counts.missing == 2


def test_empty_intervals_become_flat_candles_without_volume() -> None:
    made = builder(fill=5)
    made.add(tick(0, "100"))
    assert [shape(c) for c in made.add(tick(180, "105"))] == [
        (0, "100", "100", "100", "100", "1"),
        (60, "100", "100", "100", "100", "0"),
        (120, "100", "100", "100", "100", "0"),
    ]
    assert (made.counts.filled, made.counts.missing) == (2, 0)


def test_a_long_silence_is_filled_only_so_far_however_time_passes() -> None:
    at_once, by_steps = builder(fill=3), builder(fill=3)
    for made in (at_once, by_steps):
        made.add(tick(0, "100"))
    stepped = [c for minute in range(1, 11) for c in by_steps.advance(T0 + timedelta(minutes=minute))]
    assert at_once.advance(T0 + timedelta(minutes=10)) == stepped
    assert [shape(c)[0] for c in stepped] == [0, 60, 120, 180]
    assert at_once.counts.missing == by_steps.counts.missing == 6


def test_a_builder_goes_on_after_a_stored_candle() -> None:
    made = builder(lateness=5, fill=2)
    last = Candle("binance", "BTC/USDT", "1m", T0, *map(Decimal, ("1", "2", "1", "2", "9")))
    made.follow(last)
    made.add(tick(30, "50"))
    assert made.counts.late == 1
    assert [shape(c) for c in made.add(tick(125, "3"))] == [(60, "2", "2", "2", "2", "0")]


def test_after_a_loss_the_candle_that_holds_it_is_not_made_and_silence_is_not_filled() -> None:
    made = builder(fill=5)
    made.add(tick(10, "100"))
    made.begin(T0 + timedelta(seconds=130))
    assert made.add(tick(140, "101")) == []
    assert made.add(tick(180, "102")) == []
    assert [shape(c) for c in made.advance(T0 + timedelta(seconds=300))] == [
        (180, "102", "102", "102", "102", "1"),
        (240, "102", "102", "102", "102", "0"),
    ]
    assert (made.counts.partial, made.counts.late) == (1, 0)


def test_a_closed_candle_told_by_the_exchange_replaces_what_its_ticks_had_made() -> None:
    made = builder(lateness=30)
    made.add(tick(10, "100"))
    made.add(tick(65, "105"))
    made.follow(Candle("binance", "BTC/USDT", "1m", T0, *map(Decimal, ("1", "2", "1", "2", "9"))))
    made.add(tick(20, "999"))
    assert made.counts.late == 1
    assert made.forming is not None
    assert [shape(c)[:2] for c in made.advance(T0 + timedelta(minutes=3))] == [(60, "105")]


@given(st.data())
def test_the_order_of_arrival_does_not_matter_within_the_allowance(data: st.DataObject) -> None:
    seconds = data.draw(st.lists(st.integers(0, 299), min_size=1, max_size=40))
    ticks = [tick(s, str(data.draw(PRICES)), str(number)) for number, s in enumerate(seconds)]
    shuffled = data.draw(st.permutations(ticks + ticks[:5]))

    def made(of: list[Tick]) -> list[Candle]:
        build = builder(lateness=300, fill=3)
        return [c for t in of for c in build.add(t)] + build.advance(T0 + timedelta(hours=1))

    assert made(ticks) == made(shuffled)


@given(
    st.lists(PRICES, min_size=4, max_size=4),
    st.decimals(0, 10**12, places=8),
    st.sampled_from(["1s", "1m", "5m", "1h"]),
)
def test_the_ticks_of_a_bar_make_the_bar_again(prices: list[Decimal], volume: Decimal, timeframe: str) -> None:
    low, first, last, high = sorted(prices)
    bar = Candle("binance", "BTC/USDT", timeframe, T0, first, high, low, last, volume)
    made = builder(timeframe=timeframe)
    again = [c for t in as_ticks(bar) for c in made.add(t)] + made.advance(bar.closed_at)
    assert again == [bar]
    assert (again[0].quote_volume, again[0].trades) == (None, None), "four ticks are not four trades"
