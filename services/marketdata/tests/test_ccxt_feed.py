"""The live feed: what it tells, what it fetches again, and when it is stale."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from millrace.common.kernel.clock import ManualClock
from millrace.common.kernel.errors import MillraceError
from millrace.common.kernel.market import Candle
from millrace.marketdata.adapters import ccxt as live
from millrace.marketdata.adapters.ccxt import CcxtFeed, Polling
from millrace.marketdata.adapters.ccxt_market import CcxtMarket
from millrace.marketdata.domain.line import Line
from millrace.marketdata.domain.orderbook import BookSnapshot
from millrace.marketdata.domain.tape import Heard, Item
from millrace.marketdata.domain.ticks import Tick

T0 = datetime(2024, 3, 1, 12, 0, tzinfo=UTC)
NOON = 1709294400000
BTC = "BTC/USDT"
Step = Callable[[], None]


class Told(Exception):
    """The script of a test is over."""


class Script:
    """Instead of sleeping, does the next thing of the test's story; time passes only here."""

    def __init__(self, clock: ManualClock, *steps: Step) -> None:
        self.waits: list[float] = []
        self._clock = clock
        self._steps = list(steps)

    async def __call__(self, seconds: float) -> None:
        self.waits.append(seconds)
        self._clock.advance(seconds)
        if not self._steps:
            raise Told
        self._steps.pop(0)()


Make = Callable[..., CcxtFeed]


@pytest.fixture
async def feed(exchange: Any, noon: ManualClock) -> AsyncIterator[Make]:
    market = CcxtMarket("binance", base_url=exchange.address, options={"timeout": 1000, "rateLimit": 1})

    def make(sleep: Callable[[float], Awaitable[None]], polling: Polling | None = None, *symbols: str) -> CcxtFeed:
        return CcxtFeed(market, symbols or (BTC,), "1m", noon, polling, sleep)

    yield make
    await market.close()


async def story(feed: CcxtFeed) -> list[Item]:
    """All items until the script is over."""
    return [item async for item in until_told(feed)]


async def until_told(feed: CcxtFeed) -> AsyncIterator[Item]:
    try:
        async for items in feed.items(T0):
            for item in items:
                yield item
    except Told:
        return


def ids(items: list[Item]) -> list[str]:
    return [item.trade_id for item in items if isinstance(item, Tick)]


def closes(items: list[Item]) -> list[tuple[int, Decimal]]:
    return [((i.opened_at - T0).seconds // 60, i.close) for i in items if isinstance(i, Candle)]


def nothing() -> None:
    """A round in which the market stands still."""


async def test_each_trade_is_told_once_beginning_with_the_newest(exchange: Any, noon: ManualClock, feed: Make) -> None:
    for number in range(1, 6):
        exchange.trade(number, NOON + number, "100")
    script = Script(noon, nothing, lambda: exchange.trade(6, NOON + 9, "101"), nothing)
    made = feed(script)
    assert ids(await story(made)) == ["5", "6"]
    assert (made.holes, made.failures, script.waits) == (0, 0, [2.0] * 4)


async def test_trades_that_fell_between_two_questions_are_noticed(exchange: Any, noon: ManualClock, feed: Make) -> None:
    def burst() -> None:
        exchange.trades.clear()
        exchange.trade(900, NOON + 500, "101")

    exchange.trade(1, NOON, "100")
    made = feed(Script(noon, burst))
    assert ids(await story(made)) == ["1", "900"]
    assert made.holes == 1


async def test_a_trade_from_the_future_is_not_believed(exchange: Any, noon: ManualClock, feed: Make) -> None:
    exchange.trade(1, NOON, "100")
    exchange.trade(2, NOON + 3_600_000, "999")
    assert ids(await story(feed(Script(noon)))) == ["1"]


async def test_a_candle_is_told_once_it_is_surely_closed(exchange: Any, noon: ManualClock, feed: Make) -> None:
    def at_the_close() -> None:
        exchange.kline(NOON, "100", "102", "99", "101", "5")
        noon.advance(27)

    def later() -> None:
        exchange.kline(NOON + 60_000, "101", "103", "101", "102", "1")

    items = await story(feed(Script(noon, at_the_close, later, nothing)))
    assert closes(items) == [(0, Decimal(101))]


async def test_without_a_later_candle_a_grace_of_ten_seconds_is_given(
    exchange: Any, noon: ManualClock, feed: Make
) -> None:
    exchange.kline(NOON, "100", "102", "99", "101", "5")
    told: list[int] = []
    script = Script(noon, *[lambda: told.append(noon.now().second)] * 22)
    seen = [noon.now() async for item in until_told(feed(script)) if isinstance(item, Candle)]
    assert seen == [T0 + timedelta(seconds=70)]


async def test_candles_that_closed_while_the_exchange_was_away_are_fetched_afterwards(
    exchange: Any, noon: ManualClock, feed: Make
) -> None:
    for minute in range(6):
        exchange.kline(NOON + minute * 60_000, "100", "199", "99", str(100 + minute), "5")

    def away() -> None:
        exchange.faults += [lambda: web.Response(status=503)] * 3
        noon.advance(250)

    made = feed(Script(noon, away, nothing, nothing, nothing))
    assert [minute for minute, _ in closes(await story(made))] == [0, 1, 2, 3, 4]
    assert made.failures == 3


async def test_the_wait_doubles_up_to_a_minute_and_begins_anew(exchange: Any, noon: ManualClock, feed: Make) -> None:
    exchange.faults += [lambda: web.Response(status=500)] * 7
    script = Script(noon, *[nothing] * 9)
    await story(feed(script))
    assert script.waits == [4, 8, 16, 32, 60, 60, 60, 2, 2, 2]


async def test_an_exchange_that_asks_to_slow_down_gets_half_a_minute(
    exchange: Any, noon: ManualClock, feed: Make
) -> None:
    exchange.faults.append(lambda: web.json_response({"code": -1003, "msg": "Too many"}, status=429))
    script = Script(noon, nothing)
    await story(feed(script))
    assert script.waits == [30, 2]


async def test_a_feed_that_hears_nothing_for_long_is_stale_until_it_hears_again(
    exchange: Any, noon: ManualClock, feed: Make
) -> None:
    exchange.faults += [lambda: web.Response(status=500)] * 5
    stale: list[bool] = []
    made: list[CcxtFeed] = []
    script = Script(noon, *[lambda: stale.append(made[0].stale)] * 7)
    made.append(feed(script))
    await story(made[0])
    assert stale == [False, False, False, True, True, False, False]


async def test_the_book_is_told_when_it_is_wanted(exchange: Any, noon: ManualClock, feed: Make) -> None:
    exchange.book = {"lastUpdateId": 5, "bids": [["99", "1"]], "asks": [["101", "1"]]}
    book, heard = await story(feed(Script(noon), Polling(depth=5)))
    assert isinstance(book, BookSnapshot)
    assert heard == Heard("binance", BTC, T0 + timedelta(seconds=30))
    assert (book.at, book.last_update_id) == (T0 + timedelta(seconds=30), 5)


async def test_a_failed_question_loses_no_trade_of_the_same_round(exchange: Any, noon: ManualClock, feed: Make) -> None:
    def trade_then_fail() -> None:
        exchange.trade(2, NOON + 5, "101")
        exchange.faults += [
            lambda: web.json_response(exchange.trades),
            lambda: web.Response(status=500),
        ]

    exchange.trade(1, NOON, "100")
    exchange.book = {"lastUpdateId": 5, "bids": [], "asks": []}
    items = await story(feed(Script(noon, trade_then_fail, nothing), Polling(depth=1)))
    assert ids(items) == ["1", "2"]


async def test_an_unknown_symbol_ends_the_feed_with_its_name(noon: ManualClock, feed: Make) -> None:
    with pytest.raises(MillraceError, match="no market DOGE/MOON"):
        await anext(feed(Script(noon), None, "DOGE/MOON").items(T0))


async def test_history_is_fetched_page_by_page_and_without_the_forming_candle(
    exchange: Any, noon: ManualClock, feed: Make
) -> None:
    exchange.page = 4
    for minute in range(-10, 1):
        exchange.kline(NOON + minute * 60_000, "100", "102", "99", "101", "5")
    start = T0 - timedelta(minutes=10)
    made = feed(Script(noon))
    found = await made.history(BTC, "1m", start, T0 + timedelta(minutes=5))
    assert [c.opened_at for c in found] == [start + timedelta(minutes=n) for n in range(10)]
    assert len(await made.history(BTC, "1m", start, start + timedelta(minutes=5))) == 5


async def test_candles_are_made_of_trades_where_the_exchange_gives_none(
    exchange: Any, noon: ManualClock, feed: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "CANDLES_FROM_TRADES", frozenset({"binance"}))

    def at(seconds: float, number: int, price: str) -> Step:
        def happens() -> None:
            noon.advance((T0 + timedelta(seconds=seconds) - noon.now()).total_seconds())
            exchange.trade(number, NOON + int(seconds * 1000), price)

        return happens

    script = Script(noon, at(50, 2, "90"), at(61, 3, "101"), at(100, 4, "103"), at(125, 5, "105"), nothing)
    exchange.trade(1, NOON + 29_000, "100")
    made = feed(script)
    assert not made.closes
    line = Line("binance", BTC, "1m", T0, closes=False, lateness=timedelta(seconds=4))
    items = [item for item in await story(made) if isinstance(item, Tick | Candle | Heard)]
    assert closes([candle for item in items for candle in line.take(item)]) == [(1, Decimal(103))]
    assert not any("klines" in path for path in exchange.asked)
    with pytest.raises(MillraceError, match="key holders"):
        await made.history(BTC, "1m", T0, T0 + timedelta(minutes=1))


async def test_after_trades_were_missed_their_candle_is_not_made(
    exchange: Any, noon: ManualClock, feed: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "CANDLES_FROM_TRADES", frozenset({"binance"}))
    line = Line("binance", BTC, "1m", T0, closes=False)

    def at(seconds: float, *numbers: int) -> Step:
        def happens() -> None:
            noon.advance((T0 + timedelta(seconds=seconds) - noon.now()).total_seconds())
            exchange.trades[:] = exchange.trades[-1:] if len(numbers) == 1 else []
            for number in numbers:
                exchange.trade(number, NOON + int(seconds * 1000), str(number))

        return happens

    exchange.trade(1, NOON + 29_000, "100")
    script = Script(noon, at(70, 2), at(130, 900, 901), at(190, 902), at(250, 903), nothing)
    items = [item for item in await story(feed(script)) if isinstance(item, Tick | Candle | Heard)]
    assert [minute for minute, _ in closes([c for item in items for c in line.take(item)])] == [3]
    assert [(gap.start - T0, gap.missing) for gap in line.gaps] == [(timedelta(0), 3)]


async def test_a_minute_without_a_candle_between_two_of_one_answer_had_no_trade(
    exchange: Any, noon: ManualClock, feed: Make
) -> None:
    for minute in (-2, 0, 1, 4):
        exchange.kline(NOON + minute * 60_000, "100", "199", "90", str(100 + minute), "5")
    noon.advance(600)
    found = await feed(Script(noon)).history(BTC, "1m", T0 - timedelta(minutes=1), T0 + timedelta(minutes=10))
    shown = [((c.opened_at - T0) // timedelta(minutes=1), int(c.close), int(c.volume)) for c in found]
    assert shown == [(-1, 98, 0), (0, 100, 5), (1, 101, 5), (2, 101, 0), (3, 101, 0), (4, 104, 5)]


async def test_the_feed_says_when_it_is_cut_off_and_when_it_came_back(
    exchange: Any, noon: ManualClock, feed: Make
) -> None:
    exchange.faults += [lambda: web.Response(status=500)] * 2
    seen: list[tuple[bool, int]] = []
    made: list[CcxtFeed] = []
    script = Script(noon, *[lambda: seen.append((made[0].connected, made[0].reconnects))] * 4)
    made.append(feed(script))
    await story(made[0])
    assert seen == [(False, 0), (False, 0), (True, 1), (True, 1)]
