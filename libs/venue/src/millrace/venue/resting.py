"""The orders at rest, found by their id and by the price that moves them."""

from bisect import bisect_left, insort
from collections.abc import Iterable
from datetime import datetime

from millrace.venue.orders import RestingOrder

_Place = tuple[int, datetime, str]


class Resting:
    """Orders in price-time priority, ties by client order id, so that it does not matter in which order they came
    back after a crash. There is a queue for each kind (limits, stops) and direction that orders wait for.
    """

    def __init__(self, orders: Iterable[RestingOrder] = ()) -> None:
        self._orders: dict[str, RestingOrder] = {}
        self._queues: dict[tuple[bool, bool], list[_Place]] = {}
        for order in orders:
            self.put(order)

    def get(self, client_order_id: str) -> RestingOrder | None:
        """The order as it rests; None when it does not."""
        return self._orders.get(client_order_id)

    def all(self) -> list[RestingOrder]:
        """Every order, oldest first."""
        return sorted(self._orders.values(), key=lambda order: (order.at, order.client_order_id))

    def put(self, order: RestingOrder) -> None:
        """Let an order rest; one that rests already keeps its place in line."""
        if self._orders.get(order.client_order_id) is None:
            insort(self._queues.setdefault((order.is_stop, order.rises), []), _place(order))
        self._orders[order.client_order_id] = order

    def remove(self, client_order_id: str) -> RestingOrder | None:
        """Take an order away; None when it was not there."""
        order = self._orders.pop(client_order_id, None)
        if order is not None:
            queue = self._queues[order.is_stop, order.rises]
            del queue[bisect_left(queue, _place(order))]
        return order

    def reached(self, price: int, at: datetime, *, stops: bool, rises: bool) -> list[RestingOrder]:
        """The orders of one queue that `price` reaches and that had arrived by `at`, first in line first."""
        queue = self._queues.get((stops, rises), [])
        count = bisect_left(queue, ((price if rises else -price) + 1,))
        return [self._orders[name] for _, arrived, name in queue[:count] if arrived <= at]


def _place(order: RestingOrder) -> _Place:
    return (order.level if order.rises else -order.level, order.at, order.client_order_id)
