"""Playing the recorded market as a feed."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice, pairwise
from typing import Any

from millrace.common.kernel.clock import ManualClock, SystemClock, to_millis
from millrace.common.kernel.market import Candle
from millrace.marketdata.adapters.candle_files import recorded
from millrace.marketdata.adapters.recorded import (
    RecordedFeed,
    bars_of_trades,
    recorded_book,
    recorded_trades,
    told_as_bars,
    told_as_recorded,
    told_as_ticks,
)
from millrace.marketdata.domain.candles import CandleBuilder
from millrace.marketdata.domain.cycle import Cycle
from millrace.marketdata.domain.line import Line
from millrace.marketdata.domain.orderbook import BookSnapshot, BookUpdate, OrderBook
from millrace.marketdata.domain.tape import Heard, Item, moment_of
from millrace.marketdata.domain.ticks import Tick

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BTC = ("binance", "BTC/USDT")
SECOND = timedelta(seconds=1)
FAST = 1e9


class Notebook:
    """Remembers where feeds began."""

    def __init__(self) -> None:
        self.noted: dict[str, int] = {}

    async def position(self, feed: str) -> int | None:
        return self.noted.get(feed)

    async def move(self, feed: str, position: int) -> None:
        self.noted.setdefault(feed, position)


def tape(count: int) -> dict[str, list[Candle]]:
    return {name: recorded("binance", name)[:count] for name in ("ETH/USDT", "BTC/USDT")}


def feed(count: int = 20, lead: int = 5, places: Notebook | None = None, **changes: Any) -> RecordedFeed:
    given: dict[str, Any] = {"closes": True, "timeframe": "1s", "speed": FAST, "lead": lead, "clock": SystemClock()}
    return RecordedFeed(
        "test", "binance", tape(count), told_as_bars, places=places or Notebook(), **{**given, **changes}
    )


def candles_of(items: Sequence[Item], symbol: str = "BTC/USDT", *, closes: bool = False) -> list[Candle]:
    line = Line("binance", symbol, "1s", NOW, closes=closes)
    mine = [i for i in items if i.symbol == symbol and isinstance(i, Tick | Candle | Heard)]
    return [c for item in mine for c in line.take(item) if c.timeframe == "1s"]


def test_a_bar_comes_after_the_ticks_that_make_it() -> None:
    items = list(islice(told_as_bars(Cycle(tape(3), "1s", NOW), NOW), 30))
    assert [moment_of(item) for item in items] == sorted(moment_of(item) for item in items)
    assert [i.symbol[:3] for i in items if isinstance(i, Candle)] == ["BTC", "ETH"] * 3
    for symbol in ("BTC/USDT", "ETH/USDT"):
        builder = CandleBuilder("binance", symbol, "1s")
        mine = [item for item in items if item.symbol == symbol]
        made = [c for item in mine if isinstance(item, Tick) for c in builder.add(item)]
        told = [item for item in mine if isinstance(item, Candle)]
        assert made + builder.advance(told[-1].closed_at) == told


def test_the_market_is_the_same_as_bars_and_as_ticks() -> None:
    cycle = Cycle(tape(7), "1s", NOW)
    as_bars = candles_of(list(islice(told_as_bars(cycle, NOW), 100)), closes=True)
    as_ticks = candles_of(list(islice(told_as_ticks(cycle, NOW), 100)))
    assert as_ticks == as_bars == list(cycle.bars("BTC/USDT", NOW, NOW + 10 * SECOND))


def test_a_hole_in_the_recording_is_told_as_one_and_not_filled() -> None:
    rows = tape(6)["BTC/USDT"]
    cycle = Cycle({"BTC/USDT": [*rows[:2], *rows[4:]]}, "1s", NOW)
    made = candles_of(list(islice(told_as_ticks(cycle, NOW), 22)))
    assert [(c.opened_at - NOW) // SECOND for c in made] == [0, 1, 4, 5]


async def test_the_first_run_begins_after_its_history_and_later_ones_go_on() -> None:
    places = Notebook()
    first, later = feed(places=places), feed(places=places)
    await first.prepare(NOW)
    assert places.noted == {"test": to_millis(NOW - 5 * SECOND)}
    past = await first.history("BTC/USDT", "1s", NOW - 5 * SECOND, NOW)
    assert [c.close for c in past] == [c.close for c in tape(5)["BTC/USDT"]]
    await later.prepare(NOW + 9 * SECOND)
    (bar,) = await later.history("BTC/USDT", "1s", NOW + 9 * SECOND, NOW + 10 * SECOND)
    assert bar.close == tape(20)["BTC/USDT"][14].close
    assert await later.history("BTC/USDT", "1m", NOW, NOW + timedelta(minutes=5)) == []


async def test_a_feed_plays_on_and_on() -> None:
    made = feed(3, lead=0)
    await made.prepare(NOW)
    seen: list[Candle] = []
    async for items in made.items(NOW):
        seen += [item for item in items if isinstance(item, Candle) and item.symbol == "BTC/USDT"]
        if len(seen) == 7:
            break
    assert [(c.opened_at - NOW) // SECOND for c in seen] == list(range(7))
    assert [c.close for c in seen[3:6]] == [c.close for c in seen[:3]]


async def test_after_a_long_stop_it_goes_on_in_the_present_and_says_so() -> None:
    clock = ManualClock(NOW)
    made = feed(speed=1, clock=clock)
    await made.prepare(NOW)
    seen: list[Item] = []
    async for items in made.items(NOW):
        if not seen:
            clock.advance(3600)
        seen += items
        if any(isinstance(item, Candle) for item in items):
            break
    missed = [item for item in seen if isinstance(item, Heard)]
    assert [(h.symbol, h.missed, h.at - NOW) for h in missed] == [
        ("ETH/USDT", True, 3600 * SECOND),
        ("BTC/USDT", True, 3600 * SECOND),
    ]


def test_recorded_trades_and_book_come_in_the_order_they_happened() -> None:
    items: list[Item] = list(recorded_book(*BTC))
    assert all(moment_of(a) <= moment_of(b) for a, b in pairwise(items))
    kinds = [sum(isinstance(item, kind) for item in items) for kind in (Tick, BookUpdate, BookSnapshot)]
    assert kinds == [9757, 3451, 1]


def trades() -> tuple[Cycle, list[Candle], Any]:
    bars = bars_of_trades(recorded_trades(*BTC), "1s")
    cycle = Cycle({"BTC/USDT": bars}, "1s", NOW)
    return cycle, bars, told_as_recorded(partial(recorded_trades, *BTC), bars[0].opened_at)


def test_real_trades_make_the_bars_that_their_history_has_in_every_round() -> None:
    cycle, bars, told = trades()
    assert len(bars) == cycle.count == 347
    items = list(islice(told(cycle, NOW), 9757 * 2 + 100))
    assert len({item.trade_id for item in items}) == len(items)
    made = candles_of(items)
    assert made == list(cycle.bars("BTC/USDT", NOW, made[-1].closed_at))
    assert len(made) > 2 * 347


def test_a_book_that_is_joined_in_the_middle_is_known_at_once_and_survives_the_end() -> None:
    cycle, bars, _ = trades()
    told = told_as_recorded(partial(recorded_book, *BTC), bars[0].opened_at)
    half = list(told_until(told(cycle, NOW + 100 * SECOND), NOW + 120 * SECOND))
    assert isinstance(half[0], BookSnapshot)
    whole = OrderBook(*BTC)
    for item in told_until(told(cycle, NOW), NOW + 120 * SECOND):
        if isinstance(item, BookSnapshot | BookUpdate):
            whole.take(item)
    joined = OrderBook(*BTC)
    for item in half:
        if isinstance(item, BookSnapshot | BookUpdate):
            joined.take(item)
    assert joined.top(50) == whole.top(50)


def told_until(items: Any, end: datetime) -> Any:
    for item in items:
        if moment_of(item) >= end:
            return
        yield item
