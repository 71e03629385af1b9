"""A level-2 order book kept from a snapshot and the changes after it."""

from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

Levels = tuple[tuple[Decimal, Decimal], ...]
PENDING_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class BookSnapshot:
    """The levels of a book, best first, as (price, quantity)."""

    exchange: str
    symbol: str
    bids: Levels
    asks: Levels
    last_update_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class BookUpdate:
    """New quantities of some levels, zero for a level that is gone; holds the updates `first` to `last`."""

    exchange: str
    symbol: str
    bids: Levels
    asks: Levels
    first_update_id: int
    last_update_id: int
    at: datetime


class BookOutOfSync(ValueError):
    """Updates are missing: the book is empty and waits for a new snapshot."""


class OrderBook:
    """One market's book. Until a snapshot came, updates are kept and applied after it.

    An update is old when all of it is in the book already, and fits when it holds the very next id
    (Binance spot API, "How to manage a local order book correctly").
    """

    def __init__(self, exchange: str, symbol: str) -> None:
        self.exchange = exchange
        self.symbol = symbol
        self.last_update_id: int | None = None
        self._at: datetime | None = None
        self._bids, self._asks = _Side(-1), _Side(1)
        self._pending: list[BookUpdate] = []

    @property
    def ready(self) -> bool:
        """Whether the book stands on a snapshot."""
        return self.last_update_id is not None

    @property
    def crossed(self) -> bool:
        """Whether the best bid reaches the best ask, which a sound book never shows."""
        bid, ask = self._bids.best, self._asks.best
        return bid is not None and ask is not None and bid >= ask

    def take(self, item: BookSnapshot | BookUpdate) -> bool:
        """Apply an item; tells whether the book changed. Raises BookOutOfSync when updates are missing."""
        if isinstance(item, BookSnapshot):
            return self._restart(item)
        if self.last_update_id is None:
            self._keep(item)
            return False
        if item.last_update_id <= self.last_update_id:
            return False
        if item.first_update_id > self.last_update_id + 1:
            wanted = self.last_update_id + 1
            self._clear()
            self._keep(item)
            raise BookOutOfSync(f"update {wanted} of {self.symbol} is missing; got {item.first_update_id}")
        self._bids.change(item.bids)
        self._asks.change(item.asks)
        self.last_update_id, self._at = item.last_update_id, item.at
        return True

    def top(self, depth: int) -> BookSnapshot:
        """The best `depth` levels of each side. Raises BookOutOfSync while there is no snapshot."""
        if self.last_update_id is None or self._at is None:
            raise BookOutOfSync(f"the book of {self.symbol} waits for a snapshot")
        bids, asks = self._bids.top(depth), self._asks.top(depth)
        return BookSnapshot(self.exchange, self.symbol, bids, asks, self.last_update_id, self._at)

    def _restart(self, snapshot: BookSnapshot) -> bool:
        pending, self._pending = self._pending, []
        self._clear()
        self._bids.change(snapshot.bids)
        self._asks.change(snapshot.asks)
        self.last_update_id, self._at = snapshot.last_update_id, snapshot.at
        for number, update in enumerate(pending):
            try:
                self.take(update)
            except BookOutOfSync:
                self._pending = pending[number:]
                raise
        return True

    def _keep(self, update: BookUpdate) -> None:
        if len(self._pending) == PENDING_LIMIT:
            self._pending.pop(0)
        self._pending.append(update)

    def _clear(self) -> None:
        self.last_update_id = self._at = None
        self._bids, self._asks = _Side(-1), _Side(1)


class _Side:
    """One side's levels. `sign` is -1 for bids, so that the best price always sorts first."""

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._keys: list[Decimal] = []
        self._quantities: dict[Decimal, Decimal] = {}

    @property
    def best(self) -> Decimal | None:
        return self._keys[0] * self._sign if self._keys else None

    def change(self, levels: Iterable[tuple[Decimal, Decimal]]) -> None:
        for price, quantity in levels:
            key = price * self._sign
            if quantity:
                if key not in self._quantities:
                    insort(self._keys, key)
                self._quantities[key] = quantity
            elif self._quantities.pop(key, None) is not None:
                del self._keys[bisect_left(self._keys, key)]

    def top(self, depth: int) -> Levels:
        return tuple((key * self._sign, self._quantities[key]) for key in self._keys[:depth])
