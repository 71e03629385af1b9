"""The words in which the venue's tests speak: a pair, its bars and books, and orders."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from millrace.common.kernel.instruments import Instrument
from millrace.common.kernel.market import Candle
from millrace.venue.market import Market
from millrace.venue.orders import NewOrder, Report

START = datetime(2024, 1, 1, tzinfo=UTC)
# one tick is 0.5, one lot 0.1; makers and takers pay differently
PAIR = Instrument(
    "test", "BTC/USDT", Decimal("0.5"), Decimal("0.1"), Decimal(5), Decimal("0.001"), Decimal("0.002"), Decimal(1000)
)
Shown = dict[str, str]


def after(seconds: float) -> datetime:
    """An instant of the test."""
    return START + timedelta(seconds=seconds)


def order(name: str = "a", side: str = "buy", quantity: str = "1", *, at: float = 0, **terms: Any) -> NewOrder:
    """A market order, or a limit order where a `price` is named."""
    kind = terms.pop("order_type", "limit" if "price" in terms else "market")
    prices = {key: Decimal(terms.pop(key)) for key in ("price", "stop_price") if key in terms}
    return NewOrder(name, "x", side, kind, Decimal(quantity), after(at), **prices, **terms)


def show(market: Market, bids: Shown, asks: Shown, *, at: float = 0, number: int = 1) -> list[Report]:
    """The market shows its book, as price: quantity."""
    sides = ([(Decimal(p), Decimal(q)) for p, q in side.items()] for side in (bids, asks))
    return market.on_book(*sides, after(at), number)


def trade(market: Market, price: str, quantity: str = "1", *, at: float = 0) -> list[Report]:
    """Somebody trades."""
    return market.on_trade(Decimal(price), Decimal(quantity), after(at))


def bar(opened: float, o: str, h: str, lo: str, c: str) -> Candle:
    """The one-minute bar that opens then."""
    prices = (Decimal(price) for price in (o, h, lo, c))
    return Candle("test", "BTC/USDT", "1m", after(opened), *prices, Decimal(10))


def told(reports: list[Report]) -> list[str]:
    """Reports in short: `filled 1.0 at 100.0 maker`, `expired BOOK_EXHAUSTED`, `accepted`."""
    return [_short(report) for report in reports]


def _short(report: Report) -> str:
    if report.kind == "filled":
        return f"filled {report.quantity} at {report.price} {report.liquidity}"
    return f"{report.kind} {report.reason}" if report.reason else report.kind
