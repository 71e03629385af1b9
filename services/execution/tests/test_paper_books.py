"""Orders that a book fills bit by bit, from the request to the booked fill."""

from datetime import timedelta
from decimal import Decimal

from millrace.common.events.market import BookSeen
from millrace.common.events.trading import FillBooked, OrderUpdated
from services.execution.tests.desk import CLOCK, MARKET, Desk

Side = tuple[tuple[str, str], ...]


async def show(desk: Desk, bids: Side, asks: Side, number: int = 1) -> None:
    """The market shows its book, and all that follows has happened."""
    sides = ([(Decimal(price), Decimal(quantity)) for price, quantity in side] for side in (bids, asks))
    names = {"exchange": "binance", "symbol": "BTC/USDT"}
    at = CLOCK.now() + timedelta(milliseconds=number)
    seen = BookSeen(**names, **dict(zip(("bids", "asks"), sides, strict=True)), last_update_id=number, at=at)
    desk.stand.bus.broadcast(seen.topic, desk.stand.envelope(seen))
    await desk.stand.rest()


def fills(desk: Desk) -> list[tuple[str, str, str]]:
    """What was booked, as (quantity, price, liquidity)."""
    return [(f"{f.quantity:f}", f"{f.price:f}", f.liquidity) for f in desk.stand.said(FillBooked)]


async def test_a_market_order_walks_the_book_and_what_it_lacks_expires(desk: Desk) -> None:
    await show(desk, (), (("20001", "0.004"), ("20002", "0.003")))
    order = await desk.opened(**{**MARKET, "price": None})
    assert desk.states(order) == ["expired"]
    assert fills(desk) == [("0.004", "20001", "taker"), ("0.003", "20002", "taker")]
    last = desk.stand.said(OrderUpdated)[-1]
    assert (last.reason, last.filled_quantity) == ("BOOK_EXHAUSTED", Decimal("0.007"))
    assert last.filled_notional == Decimal("140.01")


async def test_a_limit_is_filled_bit_by_bit_and_cancelled_with_its_fills(desk: Desk) -> None:
    await show(desk, (), (("20000", "0.004"),))
    order = await desk.opened(price="20000")
    await show(desk, (), (("19999", "0.001"),), number=2)
    await desk.stand.ask("execution", "DELETE", f"/orders/{order.order_id}", desk.user)
    await desk.stand.rest()
    assert desk.states(order) == ["partially_filled", "partially_filled", "cancelled"]
    assert fills(desk) == [("0.004", "20000", "taker"), ("0.001", "20000", "maker")]
    await show(desk, (), (("19999", "9"),), number=3)
    assert len(fills(desk)) == 2
