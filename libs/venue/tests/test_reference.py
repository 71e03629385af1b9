"""The engine against a slow reference written from the rules: the same reports in the same order."""

from decimal import Decimal
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from libs.venue.tests.reference import Reference, Told, Wish
from libs.venue.tests.trading import PAIR, after, bar
from millrace.venue.market import Market
from millrace.venue.orders import NewOrder, Report

TICK, LOT = PAIR.tick_size, PAIR.step_size
ticks = st.integers(195, 205)
level = st.dictionaries(st.integers(1, 5), st.integers(1, 8), max_size=4)
kinds = st.sampled_from(["market", "limit", "limit", "limit", "stop_loss", "take_profit"])
forces = st.sampled_from(["gtc", "gtc", "ioc", "fok"])
order = st.tuples(st.just("order"), st.sampled_from(["buy", "sell"]), kinds, st.integers(1, 20), ticks, forces)
book = st.tuples(st.just("book"), ticks, level, level)
trade = st.tuples(st.just("trade"), ticks, st.integers(1, 9))
minute = st.tuples(st.just("bar"), ticks, ticks, ticks, ticks)
waits = st.sampled_from([0, 0, 1, 7])
with_books = st.lists(st.tuples(waits, st.one_of(order, order, book, book, trade)), max_size=40)
with_bars = st.lists(st.tuples(waits, st.one_of(order, order, minute, trade)), max_size=40)
with_both = st.lists(st.tuples(waits, st.one_of(order, book, trade, minute)), max_size=40)


class Pair:
    """The engine and the reference, hearing the same."""

    def __init__(self) -> None:
        self.engine, self.reference = Market(PAIR), Reference()
        self.now = 0
        self.count = 0
        self.minute = 0

    def hear(self, wait: int, what: tuple[Any, ...]) -> tuple[list[Told], list[Told]]:
        """What each of them says."""
        self.now += wait
        self.count += 1
        name, *terms = what
        engine, reference = getattr(self, f"_{name}")(*terms)
        return [_told(report) for report in engine], reference

    def _order(self, side: str, kind: str, lots: int, price: int, force: str) -> Any:
        name = f"o{self.count:03}"
        if kind == "market" and self.reference.last is None:
            kind = "limit"
        prices = {"limit": {"price": price * TICK}, "market": {}}.get(kind, {"stop_price": price * TICK})
        new = NewOrder(name, "x", side, kind, lots * LOT, after(self.now), **prices, time_in_force=force)
        return self.engine.submit(new), self.reference.submit(Wish(name, side, kind, lots, price, force, self.now))

    def _book(self, mid: int, below: dict[int, int], above: dict[int, int]) -> Any:
        bids, asks = {mid - n: q for n, q in below.items()}, {mid + n: q for n, q in above.items()}
        shown = ([(p * TICK, q * LOT) for p, q in side.items()] for side in (bids, asks))
        return self.engine.on_book(*shown, after(self.now), self.count), self.reference.on_book(bids, asks, self.now)

    def _trade(self, price: int, lots: int) -> Any:
        made = self.engine.on_trade(price * TICK, lots * LOT, after(self.now))
        return made, self.reference.on_trade(price, lots, self.now)

    def _bar(self, *prices: int) -> Any:
        opens = max(self.minute + 60, self.now // 60 * 60)
        self.minute, self.now = opens, opens + 60
        o, h, lo, c = prices[0], max(prices), min(prices), prices[-1]
        shown = bar(opens, *(str(p * TICK) for p in (o, h, lo, c)))
        return self.engine.on_bar(shown), self.reference.on_bar(o, h, lo, c, opens, opens + 60)


def _told(report: Report) -> Told:
    if report.kind != "filled":
        return (report.reason or report.kind, report.client_order_id, 0, 0)
    assert report.price is not None
    assert report.quantity is not None
    return ("filled", report.client_order_id, int(report.price / TICK), int(report.quantity / LOT))


def agree(story: list[tuple[int, tuple[Any, ...]]]) -> None:
    """Both say the same at every step, and hold the same orders at the end."""
    pair = Pair()
    for wait, what in story:
        engine, reference = pair.hear(wait, what)
        assert engine == reference
        event(f"{what[0]} fills {sum(told[0] == 'filled' for told in engine) > 0}")
    left = {o.client_order_id: Decimal(o.left) for o in pair.engine.resting()}
    assert left == {wish.name: wish.left for wish in pair.reference.resting}


@settings(max_examples=200, deadline=None)
@given(with_books)
def test_book_mode_agrees(story: list[tuple[int, tuple[Any, ...]]]) -> None:
    agree(story)


@settings(max_examples=150, deadline=None)
@given(with_bars)
def test_bar_mode_agrees(story: list[tuple[int, tuple[Any, ...]]]) -> None:
    agree(story)


@settings(max_examples=150, deadline=None)
@given(with_both)
def test_both_modes_together_agree(story: list[tuple[int, tuple[Any, ...]]]) -> None:
    agree(story)
