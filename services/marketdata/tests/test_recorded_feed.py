"""Playing the recorded market as a feed."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

from millrace.common.kernel.clock import SystemClock
from millrace.common.kernel.market import Candle
from millrace.marketdata.adapters.candle_files import recorded
from millrace.marketdata.adapters.recorded import RecordedFeed, as_of_now, bars_of, recorded_trades, ticked
from millrace.marketdata.domain.candles import CandleBuilder
from millrace.marketdata.domain.orderbook import BookSnapshot, BookUpdate
from millrace.marketdata.domain.tape import Item, moment_of, restamped_until
from millrace.marketdata.domain.ticks import Tick

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FAST = 1e9


def bars(count: int) -> list[Candle]:
    return bars_of({name: recorded("binance", name)[:count] for name in ("ETH/USDT", "BTC/USDT")})


def test_bars_of_several_symbols_close_together_in_the_order_of_their_symbols() -> None:
    assert [b.symbol[:3] for b in bars(2)] == ["BTC", "ETH", "BTC", "ETH"]


def test_a_bar_comes_after_the_ticks_that_make_it() -> None:
    items = list(ticked(bars(3)))
    assert [moment_of(item) for item in items] == sorted(moment_of(item) for item in items)
    assert len(items) == 2 * 3 * 5
    for symbol in ("BTC/USDT", "ETH/USDT"):
        builder = CandleBuilder("binance", symbol, "5m")
        mine = [item for item in items if item.symbol == symbol]
        made = [c for item in mine if isinstance(item, Tick) for c in builder.add(item)]
        told = [item for item in mine if isinstance(item, Candle)]
        assert made + builder.advance(told[-1].closed_at) == told


def test_the_recorded_market_plays_as_now_without_end() -> None:
    tape = bars(3)
    played = list(islice(as_of_now(tape, NOW, "1s"), 14))
    assert [(c.opened_at - NOW).total_seconds() for c in played[::2]] == [0, 1, 2, 3, 4, 5, 6]
    assert [c.close for c in played[6:12]] == [c.close for c in tape]
    assert list(islice(as_of_now(tape, NOW, "1s", skip=8), 1)) == played[8:9]


async def test_a_feed_gives_the_tape_and_answers_for_the_past() -> None:
    whole = bars(20)
    past = list(restamped_until(whole[:20], NOW, "1s"))
    feed = RecordedFeed(lambda: ticked(list(islice(as_of_now(whole[20:], NOW, "1s"), 8))), FAST, SystemClock(), past)
    items = [item async for item in feed.items()]
    assert len(items) == 8 * 5
    assert moment_of(items[-1]) == NOW + timedelta(seconds=4)
    eth = await feed.history("ETH/USDT", "1s", NOW - timedelta(seconds=5), NOW)
    assert [c.opened_at for c in eth] == [NOW - timedelta(seconds=s) for s in (5, 4, 3, 2, 1)]
    assert not feed.stale
    await feed.close()


def test_recorded_trades_and_book_come_in_the_order_they_happened() -> None:
    items: list[Item] = list(recorded_trades("binance", "BTC/USDT"))
    assert all(moment_of(a) <= moment_of(b) for a, b in pairwise(items))
    kinds = [sum(isinstance(item, kind) for item in items) for kind in (Tick, BookUpdate, BookSnapshot)]
    assert kinds == [9757, 3451, 1]
