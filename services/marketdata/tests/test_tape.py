"""A recorded market as a stream with due times."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from millrace.common.kernel.market import Candle
from millrace.marketdata.domain.tape import as_ticks, merged, moment_of, price_path

T0 = datetime(2024, 3, 1, tzinfo=UTC)


def bar(number: int, symbol: str = "BTC/USDT", prices: str = "10 12 9 11", timeframe: str = "5m") -> Candle:
    opened_at = T0 + number * timedelta(minutes=5)
    return Candle("binance", symbol, timeframe, opened_at, *map(Decimal, prices.split()), Decimal("4.1"))


@pytest.mark.parametrize(
    ("bar_prices", "path"),
    [
        ("10 12 9 11", "10 9 12 11"),
        ("10 11 7 8", "10 11 7 8"),
        ("10 12 8 11", "10 8 12 11"),
        ("10 12 8 9", "10 12 8 9"),
        ("10 12 8 10", "10 8 12 10"),
    ],
)
def test_a_bar_goes_to_its_nearer_extreme_first(bar_prices: str, path: str) -> None:
    assert price_path(bar(0, prices=bar_prices)) == tuple(map(Decimal, path.split()))


def test_the_ticks_of_a_bar_lie_inside_it_and_share_its_volume() -> None:
    ticks = as_ticks(bar(0))
    assert [t.at - T0 for t in ticks] == [timedelta(seconds=s) for s in (0, 75, 150, 225)]
    assert sum(t.quantity for t in ticks) == Decimal("4.1")
    assert len({t.trade_id for t in [*ticks, *as_ticks(bar(1))]}) == 8


def test_streams_merge_in_time_order_and_ties_go_by_symbol() -> None:
    btc, eth = [bar(0), bar(2)], [bar(n, "ETH/USDT") for n in range(3)]
    names = [(item.symbol[:3], moment_of(item) - T0) for item in merged(eth, btc)]
    five = timedelta(minutes=5)
    assert names == [("BTC", five), ("ETH", five), ("ETH", 2 * five), ("BTC", 3 * five), ("ETH", 3 * five)]
