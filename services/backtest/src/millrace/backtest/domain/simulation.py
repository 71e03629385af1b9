"""Strategies on candles that are known already, traded as a bot would have traded.

What a strategy asks for when a candle has closed is filled at the open of the next one. At one instant closes come
before opens, and all closes are known before anybody decides; so no decision knows anything that came after it.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from millrace.backtest.domain.desk import Desk, Fill
from millrace.backtest.domain.holding import Trade
from millrace.backtest.domain.plan import Plan, Series
from millrace.backtest.domain.slot import Slot, Wish
from millrace.common.kernel.market import Candle
from millrace.common.kernel.money import ZERO, times
from millrace.strategy.port import Action, Context
from millrace.strategy.registry import create
from millrace.strategy.sizing import set_aside, whole_position

_CLOSE, _OPEN = 0, 1
_TOLD = 100


class Point(NamedTuple):
    """What everything was worth at an instant, in quote currency."""

    at: datetime
    equity: Decimal


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the capital. The first point is the beginning; `skips` counts why nothing was done."""

    points: Sequence[Point]
    trades: Sequence[Trade]
    skips: Counter[str]


class Simulation:
    """One strategy of its own for each series; all share one capital."""

    def __init__(self, plan: Plan, series: Sequence[Series]) -> None:
        self._plan = plan
        self._cash = plan.capital
        self._trades: list[Trade] = []
        self._skips: Counter[str] = Counter()
        self._slots = [Slot(create(plan.strategy, plan.parameters), Desk(s.instrument, plan.costs), s) for s in series]

    def run(self, report: Callable[[float], None] = lambda _: None) -> Outcome:
        """Live through all candles; `report` hears now and then which fraction of them is behind.

        Raises ValueError when there are none.
        """
        events = self._events()
        points = [Point(events[0][0], self._cash)]
        with localcontext(prec=60):
            for slot in self._slots:
                slot.warm_up()
            done, every = 0, max(len(events) // _TOLD, 1)
            for (at, phase), group in groupby(events, key=itemgetter(0, 1)):
                bars = [(self._slots[index], bar) for _, _, index, bar in group]
                if phase == _OPEN:
                    self._open(bars, at)
                else:
                    self._close(bars, at)
                    points.append(Point(at, self._equity()))
                if (done + len(bars)) // every > done // every:
                    report((done + len(bars)) / len(events))
                done += len(bars)
            self._finish()
            points[-1] = Point(points[-1].at, self._equity())
        return Outcome(points, self._trades, self._skips)

    def _events(self) -> list[tuple[datetime, int, int, Candle]]:
        events = [
            event
            for index, slot in enumerate(self._slots)
            for bar in slot.series.bars
            for event in ((bar.opened_at, _OPEN, index, bar), (bar.closed_at, _CLOSE, index, bar))
        ]
        if not events:
            raise ValueError("there is no candle to trade on")
        return sorted(events, key=itemgetter(0, 1, 2))

    def _equity(self) -> Decimal:
        return self._cash + sum((slot.worth for slot in self._slots), ZERO)

    def _open(self, bars: Sequence[tuple[Slot, Candle]], at: datetime) -> None:
        for slot, bar in bars:
            if slot.wish is not None:
                self._trade(slot, slot.wish.side, slot.wish.quantity, bar.open, at)
                slot.wish = None

    def _close(self, bars: Sequence[tuple[Slot, Candle]], at: datetime) -> None:
        for slot, bar in bars:
            exit_price = slot.protection(bar) if self._plan.intrabar else None
            if exit_price is not None:
                self._fill(slot, "sell", slot.holding.quantity, exit_price, at)
            slot.last = bar
        for slot, bar in bars:
            self._decide(slot, bar)

    def _decide(self, slot: Slot, bar: Candle) -> None:
        """Show the strategy a closed candle, and keep what it wishes until the next one opens."""
        held, filters = slot.holding.quantity, slot.desk.instrument
        sellable = whole_position(held, price=bar.close, instrument=filters)
        context = Context(held, slot.holding.entry_price) if sellable.quantity else Context()
        signal = slot.strategy.on_candle(bar, context)
        if signal is None:
            self._skips[context.skipped.reason if context.skipped else "the strategy gave no reason"] += 1
            return
        if signal.action is Action.EXIT:
            side, sized = "sell", sellable
        else:
            free = self._cash - sum((other.wish.committed for other in self._slots if other.wish), ZERO)
            equity, side = self._equity(), "buy"
            sized = self._plan.sizing.size(equity=equity, available=free, price=bar.close, instrument=filters)
        if sized.reason:
            self._skips["the order would be too small or too dear"] += 1
            return
        committed = set_aside(times(sized.quantity, bar.close), filters) if side == "buy" else ZERO
        slot.wish = Wish(side, sized.quantity, committed)

    def _finish(self) -> None:
        """Sell what is still held at its last close, so that all that was earned is in the trades."""
        for slot in self._slots:
            if slot.holding.quantity and slot.last is not None:
                self._trade(slot, "sell", slot.holding.quantity, slot.last.close, slot.last.closed_at)

    def _trade(self, slot: Slot, side: str, quantity: Decimal, price: Decimal, at: datetime) -> None:
        assert slot.last is not None
        self._fill(slot, side, quantity, slot.desk.worsened(side, quantity, price, slot.last), at)

    def _fill(self, slot: Slot, side: str, quantity: Decimal, price: Decimal, at: datetime) -> None:
        fill = slot.desk.trade(side, quantity, price, at)
        if not isinstance(fill, Fill):
            self._skips[f"the exchange refused the order: {fill}"] += 1
        elif side == "sell":
            self._trades.append(slot.holding.sell(fill, at))
            self._cash += fill.notional - fill.fee
        elif fill.notional + fill.fee > self._cash:
            self._skips["the cash did not pay for the order at the open"] += 1
        else:
            slot.holding.buy(fill, at)
            self._cash -= fill.notional + fill.fee
