"""The venue's rules once more, as plainly as possible: lot by lot and tick by tick, with no thought of speed.

Written from the documented rules, not from the engine. Prices are ticks, quantities lots, times seconds.
"""

from dataclasses import dataclass, field

Told = tuple[str, str, int, int]  # what, which order, price, lots
AGE = 10


@dataclass(slots=True)
class Wish:
    """An order; `level` is the limit or the stop price."""

    name: str
    side: str
    kind: str
    left: int
    level: int
    force: str
    at: int

    def takes(self, price: int) -> bool:
        """Whether the price is good enough."""
        if self.kind != "limit":
            return True
        return price <= self.level if self.side == "buy" else price >= self.level

    def wakes(self, price: int) -> bool:
        """Whether a stop is triggered, or a limit met, by the price."""
        upwards = {"limit": "sell", "stop_loss": "buy", "take_profit": "sell"}[self.kind]
        return price >= self.level if self.side == upwards else price <= self.level


@dataclass(slots=True)
class Reference:
    """A slow market in which everything that ever was shown and taken is remembered."""

    last: int | None = None
    now: int = -1
    bar_at: int = -1
    shown_at: int | None = None
    shown: dict[str, dict[int, int]] = field(default_factory=dict)  # what takers of a side meet
    taken: dict[str, dict[int, int]] = field(default_factory=dict)
    resting: list[Wish] = field(default_factory=list)

    def fresh(self, at: int) -> bool:
        """Whether the book counts."""
        return self.shown_at is not None and max(self.now, at) - self.shown_at <= AGE

    def one_lot(self, side: str) -> int | None:
        """The best price at which one more lot is left."""
        prices = sorted(self.shown[side], reverse=side == "sell")
        return next((p for p in prices if self.taken[side].get(p, 0) < self.shown[side][p]), None)

    def take(self, wish: Wish, at: int, otherwise: int | None) -> list[Told]:
        """A taker gets what there is."""
        got: list[int] = []
        before = {side: dict(prices) for side, prices in self.taken.items()}
        while len(got) < wish.left:
            price = self.one_lot(wish.side) if self.fresh(at) else otherwise
            if price is None or not wish.takes(price):
                break
            got.append(price)
            if self.fresh(at):
                self.taken[wish.side][price] = self.taken[wish.side].get(price, 0) + 1
        found = bool(got)
        if wish.force == "fok" and len(got) < wish.left:
            got, self.taken = [], before
        wish.left -= len(got)
        told = [("filled", wish.name, price, got.count(price)) for price in dict.fromkeys(got)]
        if wish.left and wish.kind == "limit" and wish.force == "gtc":
            self.resting.append(wish)
        elif wish.left:
            reason = "BOOK_EXHAUSTED" if found or wish.kind != "limit" else "NOT_MARKETABLE"
            told.append((reason, wish.name, 0, 0))
        return told

    def wake(self, wish: Wish, at: int, otherwise: int | None) -> list[Told]:
        """A stop becomes a market order."""
        self.resting.remove(wish)
        return [("triggered", wish.name, 0, 0), *self.take(wish, at, otherwise)]

    def make(self, wish: Wish, price: int, lots: int) -> list[Told]:
        """A resting order gets some lots."""
        wish.left -= lots
        if not wish.left:
            self.resting.remove(wish)
        return [("filled", wish.name, price, lots)] if lots else []

    def submit(self, wish: Wish) -> list[Told]:
        """An order comes; the reference has no filters."""
        told: list[Told] = [("accepted", wish.name, 0, 0)]
        if wish.kind in ("market", "limit"):
            return told + self.take(wish, wish.at, self.last)
        self.resting.append(wish)
        return told + (self.wake(wish, wish.at, self.last) if self.last is not None and wish.wakes(self.last) else [])

    def waiting(self, at: int, *kinds: str, side: str = "") -> list[Wish]:
        """Who is in line, the best price first, then the earliest."""
        found = [w for w in self.resting if w.kind in kinds and w.at <= at and side in ("", w.side)]
        return sorted(found, key=lambda w: (-w.level if w.side == "buy" else w.level, w.at, w.name))

    def on_book(self, bids: dict[int, int], asks: dict[int, int], at: int) -> list[Told]:
        """A snapshot; the lots of each side go, one at a time, to whoever is first in line."""
        told: list[Told] = []
        for side, levels in (("buy", asks), ("sell", bids)):
            old, gone = self.shown.get(side, {}), self.taken.get(side, {})
            self.taken[side] = {p: gone[p] for p in gone if levels.get(p) == old.get(p)}
            self.shown[side] = levels
        self.shown_at, self.now = at, max(self.now, at)
        for side in ("buy", "sell"):
            for wish in self.waiting(at, "limit", side=side):
                lots = 0
                while lots < wish.left and (price := self.one_lot(side)) is not None and wish.takes(price):
                    self.taken[side][price] = self.taken[side].get(price, 0) + 1
                    lots += 1
                told += self.make(wish, wish.level, lots)
        return told

    def on_trade(self, price: int, lots: int, at: int) -> list[Told]:
        """A trade wakes stops, then its lots go to the limits it went beyond."""
        self.last, self.now = price, max(self.now, at)
        if not self.fresh(at):
            return []
        told: list[Told] = []
        woken = [w for w in self.waiting(at, "stop_loss", "take_profit") if w.wakes(price)]
        # those that wait for a fall come first, each group from the price that is reached first
        falling = [w for w in woken if (w.side == "sell") == (w.kind == "stop_loss")]
        rising = [w for w in woken if w not in falling]
        falling.sort(key=lambda w: (-w.level, w.at, w.name))
        rising.sort(key=lambda w: (w.level, w.at, w.name))
        for wish in falling + rising:
            told += self.wake(wish, at, price)
        for side, step in (("buy", 1), ("sell", -1)):
            for wish in self.waiting(at, "limit", side=side):
                if wish.takes(price + step):
                    got = min(lots, wish.left)
                    lots -= got
                    told += self.make(wish, wish.level, got)
        return told

    def on_bar(self, opened: int, high: int, low: int, close: int, opened_at: int, closed_at: int) -> list[Told]:
        """A bar walks tick by tick from its open to each end; stops come before all else."""
        if opened_at <= self.bar_at:
            return []
        self.bar_at, self.now = opened_at, max(self.now, closed_at)
        told: list[Told] = []
        ready = sorted((w for w in self.resting if w.at <= opened_at), key=lambda w: (w.at, w.name))
        for wish in [w for w in ready if w.kind == "stop_loss"] + [w for w in ready if w.kind != "stop_loss"]:
            path = [*range(opened, high + 1), *range(opened, low - 1, -1)]
            price = next((p for p in path if wish.wakes(p)), None)
            if price is None:
                continue
            if wish.kind != "limit":
                told += self.wake(wish, closed_at, price)
            elif not self.fresh(closed_at):
                told += self.make(wish, price, wish.left)
        self.last = close
        return told
