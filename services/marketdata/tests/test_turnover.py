"""What candles know besides prices and volume: turnover and trades, as told by the source or guessed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from millrace.common.kernel.clock import ManualClock
from millrace.common.kernel.market import Candle
from millrace.marketdata.domain.candles import CandleBuilder
from millrace.marketdata.domain.resampling import Resampler
from millrace.marketdata.domain.ticks import Tick

T0 = datetime(2026, 3, 4, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
OLD = """
insert into marketdata.candles values ('binance', 'BTC/USDT', '1m', '2026-03-04 11:00+00', 100, 300, 50, 100, 7)
"""


def ticks(numbers: list[tuple[int, int]]) -> list[Tick]:
    """Ten trades a second, each of a price and a quantity."""
    return [
        Tick("b", "BTC/USDT", Decimal(price), Decimal(quantity), T0 + n * SECOND / 10, str(n + 1))
        for n, (price, quantity) in enumerate(numbers)
    ]


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 1000)), min_size=1, max_size=60), st.booleans())
def test_candles_of_trades_know_their_turnover_and_how_many_they_are(
    numbers: list[tuple[int, int]], twice: bool
) -> None:
    builder = CandleBuilder("b", "BTC/USDT", "1s", fill=10)
    told = [tick for tick in ticks(numbers) for _ in range(1 + twice)]
    made = [candle for tick in told for candle in builder.add(tick)] + builder.advance(T0 + 7 * SECOND)
    assert sum(candle.trades or 0 for candle in made) == len(numbers)
    assert sum(candle.quote_volume or 0 for candle in made) == sum(price * quantity for price, quantity in numbers)
    assert [(c.trades, c.quote_volume) for c in made if c.volume == 0] == [(0, 0)] * (
        len(made) - -(-len(numbers) // 10)
    )


def test_a_larger_candle_sums_up_what_all_its_parts_know() -> None:
    for known in (4, None):
        resampler = Resampler(("5s",))
        parts = [
            Candle("b", "BTC/USDT", "1s", T0 + n * SECOND, *map(Decimal, "11112"), Decimal(2), 3) for n in range(4)
        ]
        last = Candle("b", "BTC/USDT", "1s", T0 + 4 * SECOND, *map(Decimal, "11112"), Decimal(2), known)
        (whole,) = [made for part in [*parts, last] for made in resampler.add(part)]
        assert (whole.quote_volume, whole.trades) == (10, None if known is None else 16)


async def test_what_real_trades_told_is_stored_and_given(market: Callable[..., Any]) -> None:
    stand = await market(feed="recorded", tape="trades", bars_per_second=100, history_bars=0)

    async def closed() -> bool:
        rows = await stand.rows("marketdata", "select * from candles where timeframe = '1m' and trades > 1")
        return bool(rows)

    await stand.host.until(closed, 60)
    (minute,) = await stand.rows("marketdata", "select * from candles where timeframe = '1m' and trades > 1 limit 1")
    span = {"from": minute["opened_at"].isoformat(), "before": (minute["opened_at"] + 60 * SECOND).isoformat()}
    query = {"symbol": "BTCUSDT", "timeframe": "1m", **span}
    (shown,) = (await stand.ask("marketdata", "GET", "/candles", query=query)).value()["items"]
    assert (shown["trades_count"], Decimal(shown["quote_volume"])) == (minute["trades"], minute["quote_volume"])
    assert minute["low"] * minute["volume"] <= minute["quote_volume"] <= minute["high"] * minute["volume"]
    parts = await stand.rows(
        "marketdata",
        "select count(*) as n, sum(trades) as trades from candles where timeframe = '1s' and opened_at >= $1"
        " and opened_at < $1 + interval '1 minute'",
        minute["opened_at"],
    )
    assert (parts[0]["n"], parts[0]["trades"]) == (60, minute["trades"])


async def test_what_was_stored_before_is_guessed(market: Callable[..., Any], again: Callable[..., Any]) -> None:
    stand = await market(clock=ManualClock(T0), feed="none")
    stand = await again(stand, ManualClock(T0), OLD)
    query = {"symbol": "BTCUSDT", "timeframe": "1m"}
    (shown,) = (await stand.ask("marketdata", "GET", "/candles", query=query)).value()["items"]
    assert (shown["quote_volume"], shown["trades_count"]) == ("1050", 1)
