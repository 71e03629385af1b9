"""The visible order book of a pair, in whole ticks and lots, less what was taken from it here."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple


class Level(NamedTuple):
    """One price: what the market showed there and what of it is left for us."""

    price: int
    shown: int
    left: int


@dataclass(frozen=True, slots=True)
class Book:
    """One snapshot; both sides best first.

    The market does not know of our fills: a later snapshot shows again what was taken here. A level that it shows with
    the same quantity therefore stays as empty as we left it; with any other quantity, or after it was gone, it is
    fresh.
    """

    at: datetime
    update_id: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]

    @classmethod
    def of(
        cls, bids: Iterable[tuple[int, int]], asks: Iterable[tuple[int, int]], at: datetime, update_id: int
    ) -> "Book":
        """A snapshot as it is shown, in any order; levels without a positive price and quantity are left out."""
        return cls(at, update_id, _levels(bids, best_is_highest=True), _levels(asks, best_is_highest=False))

    def after(self, older: "Book | None") -> "Book":
        """This snapshot, without what was taken from the levels that have not changed since the `older` one."""
        if older is None:
            return self
        return replace(self, bids=_inherited(self.bids, older.bids), asks=_inherited(self.asks, older.asks))

    def best(self, side: str) -> int | None:
        """The first price at which an order of this side gets anything; None when nothing is left."""
        return next((level.price for level in self._against(side) if level.left), None)

    def available(self, side: str, limit: int | None) -> int:
        """How much an order of this side gets at `limit` or better; None is any price."""
        return sum(level.left for level in self._reachable(side, limit))

    def taken(self, side: str, limit: int | None, wanted: int) -> tuple["Book", list[tuple[int, int]]]:
        """The book once an order of this side has taken up to `wanted`, and its (price, lots), best first."""
        fills: list[tuple[int, int]] = []
        for level in self._reachable(side, limit):
            lots = min(level.left, wanted - sum(got for _, got in fills))
            if lots <= 0:
                break
            fills.append((level.price, lots))
        got = dict(fills)
        left = tuple(level._replace(left=level.left - got.get(level.price, 0)) for level in self._against(side))
        return replace(self, asks=left) if side == "buy" else replace(self, bids=left), fills

    def _against(self, side: str) -> tuple[Level, ...]:
        return self.asks if side == "buy" else self.bids

    def _reachable(self, side: str, limit: int | None) -> Iterator[Level]:
        for level in self._against(side):
            if limit is not None and (level.price > limit if side == "buy" else level.price < limit):
                return
            if level.left:
                yield level


def _levels(shown: Iterable[tuple[int, int]], *, best_is_highest: bool) -> tuple[Level, ...]:
    found = {price: lots for price, lots in shown if price > 0 and lots > 0}
    return tuple(Level(price, found[price], found[price]) for price in sorted(found, reverse=best_is_highest))


def _inherited(levels: tuple[Level, ...], older: tuple[Level, ...]) -> tuple[Level, ...]:
    before = {level.price: level for level in older if level.left < level.shown}
    if not before:
        return levels
    return tuple(old if (old := before.get(level.price)) and old.shown == level.shown else level for level in levels)
