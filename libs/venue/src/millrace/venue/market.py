"""One instrument's matching, in whole ticks and lots, without I/O, clock or randomness.

Orders are matched against the recorded market only, never against each other, and what rests only against what
happened from its arrival on. The market is known in two ways, and the book wins while it is fresh, that is while no
message (trade, bar, order) is more than `book_age` newer than it.

Book: takers get the visible levels, one fill each, and what they took is not there again until the level changes
(see `Book`). The rest of a market order or of an IOC order expires, FOK is filled whole or not at all, the rest of a
GTC limit rests. It is filled at its own price, as far as the quantity goes, when a later book shows the other side
there, or when a trade prints beyond it. Stops trigger on trades and then take from the book.

Bars: the last price is the market, for any quantity. What rests is filled by bars that opened at or after its
arrival, since nobody knows which part of an earlier bar came after it. Within a bar the pessimistic order holds: stops
first, then limits and profits. While the book is fresh a bar only triggers stops.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from millrace.common.kernel.instruments import Instrument
from millrace.common.kernel.market import Candle
from millrace.common.kernel.money import times
from millrace.venue.book import Book
from millrace.venue.filters import refusal
from millrace.venue.orders import NewOrder, Report, RestingOrder
from millrace.venue.resting import Resting

Levels = Iterable[tuple[Decimal, Decimal]]


@dataclass(frozen=True, slots=True)
class MarketState:
    """What a market knows besides its orders: the last trade's price in ticks, when its last bar opened, the newest
    time it heard of, and its book."""

    last: int | None = None
    bar_at: datetime | None = None
    seen_at: datetime | None = None
    book: Book | None = None


class Market:
    """A pair at the simulated venue. `slippage_ticks` worsens a taker's price where no book is known."""

    def __init__(
        self, instrument: Instrument, *, slippage_ticks: int = 0, book_age: timedelta = timedelta(seconds=10)
    ) -> None:
        self.instrument = instrument
        self.state = MarketState()
        self._slippage = slippage_ticks
        self._book_age = book_age
        self._resting = Resting()

    @property
    def price(self) -> Decimal | None:
        """The last price; None before the first."""
        return None if self.state.last is None else self.state.last * self.instrument.tick_size

    def resting(self) -> list[RestingOrder]:
        """The orders in the book, oldest first."""
        return self._resting.all()

    def order(self, client_order_id: str) -> RestingOrder | None:
        """One order in the book; None when it is not there."""
        return self._resting.get(client_order_id)

    def restore(self, orders: Iterable[RestingOrder], state: MarketState) -> None:
        """Take up where another process stopped."""
        self._resting = Resting(orders)
        self.state = state

    def submit(self, order: NewOrder) -> list[Report]:
        """Place an order; the reports tell its whole immediate fate."""
        if reason := self._refusal(order):
            return [Report("refused", order.client_order_id, order.at, reason=reason)]
        quantity = self._lots(order.quantity)
        placed = RestingOrder(
            order.client_order_id,
            order.account,
            order.side,
            order.order_type,
            left=quantity,
            quantity=quantity,
            at=order.at,
            price=None if order.price is None else self._ticks(order.price),
            stop_price=None if order.stop_price is None else self._ticks(order.stop_price),
            time_in_force=order.time_in_force,
        )
        accepted = Report("accepted", order.client_order_id, order.at)
        if not placed.is_stop:
            return [accepted, *self._take(placed, order.at)]
        if self.state.last is not None and placed.reached(self.state.last):
            return [accepted, *self._trigger(placed, order.at)]
        self._resting.put(placed)
        return [accepted]

    def cancel(self, client_order_id: str, at: datetime) -> list[Report]:
        """Take an order out of the book, whose fills stand; refused with UNKNOWN_ORDER when it is not in it."""
        if self._resting.remove(client_order_id) is None:
            return [Report("refused", client_order_id, at, reason="UNKNOWN_ORDER")]
        return [Report("cancelled", client_order_id, at, reason="CLIENT")]

    def on_price(self, price: Decimal) -> None:
        """The market is at `price`, nobody says since when; what comes next meets it."""
        self.state = replace(self.state, last=self._ticks(price))

    def on_trade(self, price: Decimal, quantity: Decimal, at: datetime) -> list[Report]:
        """The market traded. Trades carry no identity: each call is a trade of its own."""
        last = self._ticks(price)
        self._see(at, last=last)
        if self._fresh_book(at) is None:
            return []
        reports: list[Report] = []
        for rises in (False, True):
            for order in self._resting.reached(last, at, stops=True, rises=rises):
                reports += self._trigger(order, at)
        left = max(self._lots(quantity), 0)
        for rises, beyond in ((False, last + 1), (True, last - 1)):
            for order in self._resting.reached(beyond, at, stops=False, rises=rises):
                lots = min(left, order.left)
                left -= lots
                reports += self._make(order, order.level, lots, at)
        return reports

    def on_book(self, bids: Levels, asks: Levels, at: datetime, update_id: int) -> list[Report]:
        """A snapshot of the book's best levels, as (price, quantity). One that is not newer changes nothing."""
        older = self.state.book
        if older is not None and (at, update_id) <= (older.at, older.update_id):
            return []
        shown = Book.of(self._levels(bids, ROUND_FLOOR), self._levels(asks, ROUND_CEILING), at, update_id)
        self._see(at, book=shown.after(older))
        reports: list[Report] = []
        for side, rises in (("buy", False), ("sell", True)):
            best = None if (book := self._fresh_book(at)) is None else book.best(side)
            for order in [] if best is None else self._resting.reached(best, at, stops=False, rises=rises):
                offers = self._from_book(order)
                reports += self._make(order, order.level, sum(lots for _, lots in offers), at)
        return reports

    def on_bar(self, bar: Candle) -> list[Report]:
        """Match the book against a closed bar, then let its close be the market. A bar seen before changes nothing."""
        if self.state.bar_at is not None and bar.opened_at <= self.state.bar_at:
            return []
        self._see(bar.closed_at, bar_at=bar.opened_at)
        low, high, opened = self._ticks(bar.low), self._ticks(bar.high), self._ticks(bar.open)
        touched = [
            order
            for stops, rises in ((True, False), (True, True), (False, False), (False, True))
            for order in self._resting.reached(high if rises else low, bar.opened_at, stops=stops, rises=rises)
        ]
        reports: list[Report] = []
        for order in sorted(touched, key=lambda o: (o.order_type != "stop_loss", o.at, o.client_order_id)):
            price = max(order.level, opened) if order.rises else min(order.level, opened)
            if order.is_stop:
                reports += self._trigger(order, bar.closed_at, price)
            elif self._fresh_book(bar.closed_at) is None:
                reports += self._make(order, price, order.left, bar.closed_at)
        self._see(bar.closed_at, last=self._ticks(bar.close))
        return reports

    def _see(self, at: datetime, **changes: Any) -> None:
        newest = at if self.state.seen_at is None else max(at, self.state.seen_at)
        self.state = replace(self.state, seen_at=newest, **changes)

    def _fresh_book(self, at: datetime) -> Book | None:
        book, seen_at = self.state.book, self.state.seen_at
        if book is None or max(at, seen_at or at) - book.at > self._book_age:
            return None
        return book

    def _offer(self, side: str, at: datetime) -> int | None:
        """The price at which a taker begins; None when there is nothing to take."""
        book = self._fresh_book(at)
        return self.state.last if book is None else book.best(side)

    def _from_book(self, order: RestingOrder) -> list[tuple[int, int]]:
        """Take what the order can have from the book as (price, lots)."""
        assert self.state.book is not None
        book, offers = self.state.book.taken(order.side, order.limit, order.left)
        self.state = replace(self.state, book=book)
        return offers

    def _from_last(self, order: RestingOrder, price: int | None) -> list[tuple[int, int]]:
        """All of the order at `price`, which slippage worsens, but not beyond the order's limit."""
        if price is None or not order.accepts(price):
            return []
        paid = max(price + (self._slippage if order.side == "buy" else -self._slippage), 1)
        return [(paid if order.accepts(paid) or order.limit is None else order.limit, order.left)]

    def _trigger(self, order: RestingOrder, at: datetime, price: int | None = None) -> list[Report]:
        """A stop becomes a market order: at what the book offers, else at `price`, else at the last price."""
        self._resting.remove(order.client_order_id)
        return [Report("triggered", order.client_order_id, at), *self._take(order, at, price)]

    def _take(self, order: RestingOrder, at: datetime, price: int | None = None) -> list[Report]:
        """Fill what can be had at once; the rest rests or expires."""
        before = self.state
        if self._fresh_book(at) is None:
            offers = self._from_last(order, self.state.last if price is None else price)
        else:
            offers = self._from_book(order)
        offered = sum(lots for _, lots in offers)
        if order.time_in_force == "fok" and offered < order.left:
            self.state, offers = before, []
        reports: list[Report] = []
        for paid, lots in offers:
            order, report = self._filled(order, paid, lots, "taker", at)
            reports.append(report)
        if order.left and order.limit is not None and order.time_in_force == "gtc":
            self._resting.put(order)
        elif order.left:
            reason = "BOOK_EXHAUSTED" if offered or order.limit is None else "NOT_MARKETABLE"
            reports.append(Report("expired", order.client_order_id, at, reason=reason))
        return reports

    def _make(self, order: RestingOrder, price: int, lots: int, at: datetime) -> list[Report]:
        """Fill `lots` of a resting order; it goes on resting with what is left."""
        if not lots:
            return []
        order, report = self._filled(order, price, lots, "maker", at)
        if order.left:
            self._resting.put(order)
        else:
            self._resting.remove(order.client_order_id)
        return [report]

    def _filled(
        self, order: RestingOrder, price: int, lots: int, liquidity: str, at: datetime
    ) -> tuple[RestingOrder, Report]:
        """The order after a fill, and the fill."""
        instrument = self.instrument
        amount, quantity = price * instrument.tick_size, lots * instrument.step_size
        rate = instrument.taker_fee if liquidity == "taker" else instrument.maker_fee
        report = Report(
            "filled",
            order.client_order_id,
            at,
            trade_id=f"{order.client_order_id}-{order.fills + 1}",
            price=amount,
            quantity=quantity,
            fee=times(times(amount, quantity), rate),
            liquidity=liquidity,
        )
        return replace(order, left=order.left - lots, fills=order.fills + 1), report

    def _refusal(self, order: NewOrder) -> str | None:
        if self._resting.get(order.client_order_id) is not None:
            return "DUPLICATE_ORDER"
        offer = self._offer(order.side, order.at)
        reference = self.price if offer is None else offer * self.instrument.tick_size
        if reason := refusal(order, self.instrument, reference):
            return reason
        if order.post_only and order.price is not None and offer is not None:
            crosses = self._ticks(order.price) - offer
            if (crosses >= 0) if order.side == "buy" else (crosses <= 0):
                return "WOULD_TAKE"
        return None

    def _levels(self, shown: Levels, rounding: str) -> list[tuple[int, int]]:
        tick = self.instrument.tick_size
        return [(int((p / tick).to_integral_value(rounding)), self._lots(quantity)) for p, quantity in shown]

    def _ticks(self, price: Decimal) -> int:
        return int(price / self.instrument.tick_size)

    def _lots(self, quantity: Decimal) -> int:
        return int(quantity / self.instrument.step_size)
