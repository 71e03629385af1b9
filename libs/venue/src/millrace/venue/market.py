"""One instrument's matching, in whole ticks and lots, without I/O, clock or randomness.

Orders are matched against the recorded market only, never against each other. Between bars the last price is the
market: what is marketable against it fills at once. What rests is matched by later bars: only by bars that opened at
or after the order arrived, since nobody knows which part of an earlier bar came after it.
Within a bar the pessimistic order holds: stops first, then limits and profits.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from millrace.common.kernel.instruments import Instrument
from millrace.common.kernel.market import Candle
from millrace.common.kernel.money import times
from millrace.venue.orders import NewOrder, Report, RestingOrder


class Market:
    """A pair at the simulated venue. `slippage_ticks` worsens every taker's price."""

    def __init__(self, instrument: Instrument, *, slippage_ticks: int = 0) -> None:
        self.instrument = instrument
        self.last: int | None = None
        self.bar_at: datetime | None = None
        self._slippage = slippage_ticks
        self._resting: dict[str, RestingOrder] = {}

    @property
    def price(self) -> Decimal | None:
        """The last price; None before the first."""
        return None if self.last is None else self.last * self.instrument.tick_size

    def resting(self) -> list[RestingOrder]:
        """The orders in the book, oldest first."""
        return list(self._resting.values())

    def restore(self, orders: Iterable[RestingOrder], price: Decimal | None, bar_at: datetime | None) -> None:
        """Take up where another process stopped."""
        self._resting = {order.client_order_id: order for order in orders}
        self.last = None if price is None else self._ticks(price)
        self.bar_at = bar_at

    def on_price(self, price: Decimal) -> None:
        """The market traded at `price`."""
        self.last = self._ticks(price)

    def submit(self, order: NewOrder) -> list[Report]:
        """Place an order; the reports tell its whole immediate fate."""
        if refusal := self._refusal(order):
            return [Report("refused", order.client_order_id, order.at, reason=refusal)]
        resting = RestingOrder(
            order.client_order_id,
            order.account,
            order.side,
            order.order_type,
            left=self._lots(order.quantity),
            quantity=self._lots(order.quantity),
            at=order.at,
            price=None if order.price is None else self._ticks(order.price),
            stop_price=None if order.stop_price is None else self._ticks(order.stop_price),
        )
        reports = [Report("accepted", order.client_order_id, order.at)]
        if self._marketable(resting):
            taken, _ = self._fill(resting, self._taker_price(resting), "taker", order.at)
            return [*reports, taken]
        if order.time_in_force != "gtc":
            return [*reports, Report("expired", order.client_order_id, order.at, reason="NOT_MARKETABLE")]
        self._resting[order.client_order_id] = resting
        return reports

    def cancel(self, client_order_id: str, at: datetime) -> list[Report]:
        """Take an order out of the book; refused with UNKNOWN_ORDER when it is not in it."""
        if self._resting.pop(client_order_id, None) is None:
            return [Report("refused", client_order_id, at, reason="UNKNOWN_ORDER")]
        return [Report("cancelled", client_order_id, at, reason="CLIENT")]

    def on_bar(self, bar: Candle) -> list[Report]:
        """Match the book against a closed bar, then let its close be the market."""
        if self.bar_at is not None and bar.opened_at <= self.bar_at:
            return []  # seen before: a message delivered twice must not trade twice
        self.bar_at = bar.opened_at
        reports: list[Report] = []
        if self._resting:
            low, high, opened = self._ticks(bar.low), self._ticks(bar.high), self._ticks(bar.open)
            ready = [o for o in self._resting.values() if o.at <= bar.opened_at]
            for order in sorted(ready, key=lambda o: o.order_type != "stop_loss"):
                price = _touched(order, opened, low, high)
                if price is not None:
                    reports += self._filled_by_bar(order, price, bar.closed_at)
        self.last = self._ticks(bar.close)
        return reports

    def _filled_by_bar(self, order: RestingOrder, price: int, at: datetime) -> list[Report]:
        del self._resting[order.client_order_id]
        if order.order_type == "limit":
            return [self._fill(order, price, "maker", at)[0]]
        worse = self._slippage if order.side == "buy" else -self._slippage
        triggered = Report("triggered", order.client_order_id, at)
        return [triggered, self._fill(order, price + worse, "taker", at)[0]]

    def _fill(self, order: RestingOrder, price: int, liquidity: str, at: datetime) -> tuple[Report, RestingOrder]:
        instrument = self.instrument
        amount, quantity = price * instrument.tick_size, order.left * instrument.step_size
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
        return report, replace(order, left=0, fills=order.fills + 1)

    def _marketable(self, order: RestingOrder) -> bool:
        if self.last is None:
            return False
        match order.order_type:
            case "market":
                return True
            case "limit":
                assert order.price is not None
                return order.price >= self.last if order.side == "buy" else order.price <= self.last
            case _:
                return _triggered(order, self.last, self.last)

    def _taker_price(self, order: RestingOrder) -> int:
        assert self.last is not None
        price = self.last + (self._slippage if order.side == "buy" else -self._slippage)
        if order.order_type != "limit" or order.price is None:
            return max(price, 1)
        return min(price, order.price) if order.side == "buy" else max(price, order.price)

    def _refusal(self, order: NewOrder) -> str | None:
        filters = self.instrument
        if order.client_order_id in self._resting:
            return "DUPLICATE_ORDER"
        if order.quantity <= 0 or order.quantity % filters.step_size:
            return "LOT_STEP"
        if any(p is not None and (p <= 0 or p % filters.tick_size) for p in (order.price, order.stop_price)):
            return "PRICE_TICK"
        if order.order_type == "limit" and order.price is None:
            return "PRICE_REQUIRED"
        if order.order_type in ("stop_loss", "take_profit") and order.stop_price is None:
            return "STOP_PRICE_REQUIRED"
        if order.order_type == "market" and self.last is None:
            return "NO_MARKET"
        valued = order.price or order.stop_price or self.price
        if valued is not None and valued * order.quantity < filters.min_notional:
            return "MIN_NOTIONAL"
        if order.post_only and order.price is not None and self.last is not None:
            crosses = self._ticks(order.price) - self.last
            if (crosses >= 0) if order.side == "buy" else (crosses <= 0):
                return "WOULD_TAKE"
        return None

    def _ticks(self, price: Decimal) -> int:
        return int(price / self.instrument.tick_size)

    def _lots(self, quantity: Decimal) -> int:
        return int(quantity / self.instrument.step_size)


def _triggered(order: RestingOrder, low: int, high: int) -> bool:
    assert order.stop_price is not None
    rises = (order.side == "buy") == (order.order_type == "stop_loss")
    return high >= order.stop_price if rises else low <= order.stop_price


def _touched(order: RestingOrder, opened: int, low: int, high: int) -> int | None:
    """The price at which a bar fills a resting order; None when it does not reach it."""
    if order.order_type == "limit":
        assert order.price is not None
        if order.side == "buy":
            return min(order.price, opened) if low <= order.price else None
        return max(order.price, opened) if high >= order.price else None
    if not _triggered(order, low, high):
        return None
    assert order.stop_price is not None
    rises = (order.side == "buy") == (order.order_type == "stop_loss")
    return max(order.stop_price, opened) if rises else min(order.stop_price, opened)
