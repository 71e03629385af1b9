"""Whatever happens in whatever order, and wherever the process dies: the same reports, and each of them lawful."""

from collections import defaultdict
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from libs.venue.tests.trading import PAIR, after, bar
from millrace.venue.market import Market, MarketState
from millrace.venue.orders import NewOrder, Report, RestingOrder

ticks = st.integers(190, 210)
lots = st.integers(1, 30)
seconds = st.sampled_from([0, 0, 1, 5, 11, 70])
side_of = {"buy": 1, "sell": -1}
levels = st.lists(st.tuples(st.integers(0, 6), st.integers(1, 12)), max_size=4)


def reborn(market: Market) -> Market:
    """The market as another process builds it from plain rows, which come in no certain order."""
    rows = [asdict(order) for order in reversed(market.resting())]
    found = Market(PAIR, slippage_ticks=1)
    state = market.state
    found.restore(
        (RestingOrder(**row) for row in rows), MarketState(state.last, state.bar_at, state.seen_at, state.book)
    )
    return found


class Trading(RuleBasedStateMachine):
    """Two markets hear the same; one of them dies again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.steady, self.mortal = Market(PAIR, slippage_ticks=1), Market(PAIR, slippage_ticks=1)
        self.now = 0
        self.minute = 0
        self.number = 0
        self.orders: dict[str, NewOrder] = {}
        self.told: dict[str, list[Report]] = defaultdict(list)
        self.shown: dict[tuple[str, int], int] = {}
        self.last: list[Any] = []

    def both(self, act: Any) -> list[Report]:
        """The reports of both, which are the same."""
        reports: list[Report] = act(self.steady)
        assert act(self.mortal) == reports
        for report in reports:
            self.told[report.client_order_id].append(report)
            if report.kind == "filled":
                self._lawful(report)
        return reports

    def _lawful(self, report: Report) -> None:
        order = self.orders[report.client_order_id]
        assert report.price is not None
        assert report.quantity is not None
        assert report.quantity > 0
        assert report.at >= order.at
        rate = PAIR.taker_fee if report.liquidity == "taker" else PAIR.maker_fee
        assert report.fee == report.price * report.quantity * rate
        if order.order_type == "limit":
            assert order.price is not None
            assert (order.price - report.price) * side_of[order.side] >= 0

    @rule(
        side=st.sampled_from(["buy", "sell"]),
        kind=st.sampled_from(["market", "limit", "limit", "stop_loss", "take_profit"]),
        force=st.sampled_from(["gtc", "gtc", "ioc", "fok"]),
        price=ticks,
        size=lots,
        post_only=st.booleans(),
    )
    def place(self, side: str, kind: str, force: str, price: int, size: int, post_only: bool) -> None:
        """Somebody orders."""
        name = f"o{len(self.orders)}"
        money = Decimal(price) / 2
        order = NewOrder(
            name,
            "x",
            side,
            kind,
            Decimal(size) / 10,
            after(self.now),
            price=money if kind == "limit" else None,
            stop_price=money if kind in ("stop_loss", "take_profit") else None,
            time_in_force=force,
            post_only=post_only and kind == "limit",
        )
        self.orders[name] = order
        available = self._visible(side, price if kind == "limit" else None)
        reports = self.both(lambda market: market.submit(order))
        taken = sum(r.quantity or 0 for r in reports if r.kind == "filled")
        if available is not None and kind in ("market", "limit"):
            assert taken <= available
            if force == "fok":
                assert taken in (0, order.quantity)
        if order.post_only:
            assert not taken

    def _visible(self, side: str, limit: int | None) -> Decimal | None:
        book, seen = self.steady.state.book, self.steady.state.seen_at
        if book is None or seen is None or max(seen, after(self.now)) - book.at > after(10) - after(0):
            return None
        against = book.asks if side == "buy" else book.bids
        return sum(
            (
                level.left * PAIR.step_size
                for level in against
                if limit is None or (limit - level.price) * side_of[side] >= 0
            ),
            Decimal(0),
        )

    @rule(data=st.data())
    @precondition(lambda self: self.orders)
    def cancel(self, data: st.DataObject) -> None:
        """Somebody thinks better of it."""
        name = data.draw(st.sampled_from(sorted(self.orders)))
        self.both(lambda market: market.cancel(name, after(self.now)))
        if self.told[name][-1].reason == "UNKNOWN_ORDER":
            self.told[name].pop()

    @rule(mid=ticks, below=levels, above=levels, wait=seconds, again=st.booleans())
    def book(
        self, mid: int, below: list[tuple[int, int]], above: list[tuple[int, int]], wait: int, again: bool
    ) -> None:
        """The market shows its book, sometimes twice."""
        self.now += wait
        self.number += 1
        bids = [(Decimal(mid - n) / 2, Decimal(q) / 10) for n, q in below]
        asks = [(Decimal(mid + 1 + n) / 2, Decimal(q) / 10) for n, q in above]
        shown = {"buy": sum(dict(asks).values()), "sell": sum(dict(bids).values())}
        reports = self.both(lambda market: market.on_book(bids, asks, after(self.now), self.number))
        for side in ("buy", "sell"):
            mine = [r for r in reports if self.orders[r.client_order_id].side == side]
            assert sum(r.quantity or 0 for r in mine) <= shown[side]
        if again:
            assert self.both(lambda market: market.on_book(bids, asks, after(self.now), self.number)) == []

    @rule(price=ticks, size=lots, wait=seconds)
    def trade(self, price: int, size: int, wait: int) -> None:
        """Somebody else trades."""
        self.now += wait
        reports = self.both(lambda market: market.on_trade(Decimal(price) / 2, Decimal(size) / 10, after(self.now)))
        made = sum(r.quantity or 0 for r in reports if r.liquidity == "maker")
        assert made <= Decimal(size) / 10

    @rule(prices=st.tuples(ticks, ticks, ticks, ticks), again=st.booleans())
    def close(self, prices: tuple[int, int, int, int], again: bool) -> None:
        """A minute's bar closes, sometimes twice."""
        self.minute = max(self.minute + 1, self.now // 60)
        self.now = max(self.now, self.minute * 60)
        path = (prices[0], max(prices), min(prices), prices[-1])
        shown = bar(self.minute * 60 - 60, *(str(Decimal(price) / 2) for price in path))
        self.both(lambda market: market.on_bar(shown))
        if again:
            assert self.both(lambda market: market.on_bar(shown)) == []

    @rule()
    def crash(self) -> None:
        """The process dies, and another begins with what is stored."""
        self.mortal = reborn(self.mortal)

    @invariant()
    def memory_is_the_same(self) -> None:
        assert self.mortal.resting() == self.steady.resting()
        assert self.mortal.state == self.steady.state

    @invariant()
    def every_order_has_one_lawful_story(self) -> None:
        resting = {order.client_order_id: order for order in self.steady.resting()}
        for name, reports in self.told.items():
            order, kinds = self.orders[name], [report.kind for report in reports]
            fills = [report for report in reports if report.kind == "filled"]
            filled = sum(report.quantity or 0 for report in fills)
            assert [report.trade_id for report in fills] == [f"{name}-{n + 1}" for n in range(len(fills))]
            left = resting[name].left * PAIR.step_size if name in resting else 0
            ended = kinds[-1] in ("cancelled", "expired", "refused")
            assert filled + left == order.quantity or (ended and filled < order.quantity and name not in resting)
            if order.time_in_force == "fok":
                assert filled in (0, order.quantity)
            _in_order(kinds)


def _in_order(kinds: list[str]) -> None:
    if kinds[0] == "refused":
        assert kinds == ["refused"]
        return
    assert kinds[0] == "accepted"
    rest = kinds[2:] if kinds[1:2] == ["triggered"] else kinds[1:]
    if rest and rest[-1] in ("cancelled", "expired"):
        rest = rest[:-1]
    assert set(rest) <= {"filled"}


TestTrading = Trading.TestCase
TestTrading.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
