"""Accounts are valued when candles close."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from millrace.common.events.market import CandleClosed
from millrace.common.events.message import Event, Message


async def test_a_holder_is_valued_at_the_close(owner: Any) -> None:
    await owner.hear(owner.fill(10, 100, 1))
    await owner.close(120)
    mark = owner.marks()[-1]
    assert (mark.equity, mark.cash, mark.unrealized_pnl) == (10_199, 8_999, 200)
    assert (mark.day_pnl, mark.peak, mark.drawdown) == (199, 10_199, 0)


async def test_a_mark_names_what_is_open_and_what_it_has_gained(owner: Any) -> None:
    await owner.hear(owner.fill(10, 100), owner.fill("2.5", 10, symbol="ETH/USDT"), owner.fill(1, 5, symbol="SOL/USDT"))
    await owner.hear(owner.fill(-1, 5, symbol="SOL/USDT"))
    await owner.close(8, symbol="ETH/USDT")
    await owner.close(120)
    before, mark = owner.marks()
    shown = [(p.symbol, p.quantity, p.unrealized_pnl) for p in mark.positions]
    assert shown == [("BTC/USDT", 10, 200), ("ETH/USDT", Decimal("2.5"), -5)]
    assert mark.unrealized_pnl == 195
    unpriced = [p for p in before.positions if p.symbol == "BTC/USDT"]
    assert [p.unrealized_pnl for p in unpriced] == [0]
    await owner.hear(owner.fill(-10, 100), owner.fill("-2.5", 10, symbol="ETH/USDT"))
    await owner.close(120, 2)
    assert owner.marks()[-1].positions == ()


async def test_several_symbols_are_valued_together_also_when_they_close_at_once(owner: Any) -> None:
    await owner.hear(owner.fill(10, 100), owner.fill(100, 10, symbol="ETH/USDT"))
    await owner.close(100)
    await owner.close(10, symbol="ETH/USDT")
    await owner.close(150, 2)
    await owner.close(5, 2, symbol="ETH/USDT")
    last = owner.marks()[-1]
    assert (last.equity, last.peak, last.drawdown) == (10_000, 10_000, 0)
    query = "select equity from equity where account_id = $1 order by at"
    rows = await owner.stand.rows("portfolio", query, owner.account_id)
    assert [row["equity"] for row in rows] == [10_000, 10_000, 10_000]


async def test_the_same_instant_in_another_timeframe_says_nothing_new(owner: Any) -> None:
    await owner.hear(owner.fill(10, 100))
    await owner.close(120)
    await owner.close(120, timeframe="15m")
    assert len(owner.marks()) == 1


async def test_a_candle_that_is_delivered_twice_or_late_marks_once(owner: Any) -> None:
    await owner.hear(owner.fill(10, 100))
    await owner.close(120, 2)
    await owner.close(50, 1)
    await owner.close(120, 2)
    assert [mark.equity for mark in owner.marks()] == [10_200]
    assert (await owner.stand.rows("portfolio", "select price from marks"))[0]["price"] == 120


async def test_an_account_that_sold_all_is_marked_once_more(owner: Any) -> None:
    await owner.hear(owner.fill(10, 100))
    await owner.close(100)
    await owner.hear(owner.fill(-10, 90))
    await owner.close(80, 2)
    await owner.close(70, 3)
    assert [mark.equity for mark in owner.marks()] == [10_000, 9_900]


async def together(owner: Any, *happened: tuple[Event, datetime]) -> None:
    """Apply these in one unit of work, as one poll brings them."""
    running = owner.stand.host.running["portfolio"]
    async with running.consumer._works.begin() as work:
        for event, at in happened:
            await running.service.routes[type(event)](work, Message(event, owner.stand.envelope(event, at)))
    await owner.stand.rest()


def closed(close: int, at: datetime, symbol: str = "BTC/USDT") -> tuple[Event, datetime]:
    prices = dict.fromkeys(("open", "high", "low", "close", "volume"), Decimal(close))
    five = timedelta(minutes=5)
    return CandleClosed(exchange="binance", symbol=symbol, timeframe="5m", opened_at=at - five, **prices), at


async def test_a_fill_in_the_same_batch_before_the_candle_counts(owner: Any) -> None:
    fill = owner.fill(10, 100)
    await together(owner, (fill, fill.filled_at), closed(130, fill.filled_at + timedelta(minutes=5)))
    assert [mark.equity for mark in owner.marks()] == [10_300]


async def test_a_fill_in_the_same_batch_after_the_candle_counts_for_the_next(owner: Any) -> None:
    fill, later = owner.fill(10, 100), owner.fill(10, 100)
    at = fill.filled_at + timedelta(minutes=5)
    await together(owner, (fill, fill.filled_at), closed(130, at), (later, at), closed(140, at + timedelta(minutes=5)))
    assert [mark.equity for mark in owner.marks()] == [10_300, 10_800]


async def test_the_candles_of_one_instant_in_a_batch_mark_once(owner: Any) -> None:
    fills = owner.fill(10, 100), owner.fill(100, 10, symbol="ETH/USDT")
    await owner.hear(*fills)
    at = fills[0].filled_at + timedelta(minutes=5)
    await together(owner, closed(110, at), closed(12, at, "ETH/USDT"), closed(110, at))
    assert [(mark.equity, mark.unrealized_pnl) for mark in owner.marks()] == [(10_300, 300)]


async def test_a_day_starts_from_the_close_at_midnight(owner: Any) -> None:
    await owner.hear(owner.fill(10, 100))
    midnight = 12 * 12
    await owner.close(90, midnight)
    await owner.close(95, midnight + 1)
    assert [mark.day_pnl for mark in owner.marks()] == [-100, 50]


async def test_the_curve_of_several_accounts_keeps_what_was_not_marked(owner: Any) -> None:
    await owner.open("500")
    await owner.hear(owner.fill(1, 100))
    await owner.close(110)
    await owner.close(120, 2)
    items = (await owner.ask("/equity")).value()["items"]
    assert [item["equity"] for item in items] == ["10500", "10510", "10520"]
