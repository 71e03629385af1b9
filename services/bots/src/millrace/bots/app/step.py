"""One closed candle, shown to one bot after the other."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from millrace.bots.app.ports import NonDecision, Row
from millrace.bots.domain.capital import entry_size
from millrace.bots.domain.modes import entry_barred
from millrace.bots.domain.runner import Runner
from millrace.common.db.work import Work
from millrace.common.events.market import CandleClosed
from millrace.common.events.message import Message
from millrace.common.events.trading import Side, SignalRaised
from millrace.common.kernel.ids import derive_id
from millrace.common.kernel.instruments import instrument
from millrace.common.kernel.money import ZERO, divided, times
from millrace.strategy.port import Action, Signal
from millrace.strategy.sizing import Sized, set_aside, whole_position


class Step:
    """Gathers what the bots want and what they do not; what one spends is gone for the next one on the account.

    A bot that has raised a signal waits until the order of it has ended. No time is too long for that: signals are
    never lost, and in a backlog the market's time runs ahead of the orders'.
    """

    def __init__(self, work: Work, message: Message[CandleClosed]) -> None:
        self.shown: list[Row] = []
        self.skips: list[NonDecision] = []
        self.failed: dict[UUID, str] = {}
        self._work = work
        self._message = message
        self._candle = message.event.candle
        self._instrument = instrument(self._candle.exchange, self._candle.symbol)
        self._spent: dict[UUID, Decimal] = defaultdict(Decimal)

    def show(self, row: Row, runner: Runner) -> None:
        """Ask one bot's strategy; raise its signal, or keep why nothing is done."""
        position = row["position"]
        if not whole_position(position, price=self._candle.close, instrument=self._instrument).quantity:
            position = ZERO  # what is too little to be sold would keep the strategy waiting for its exit for ever
        entry = divided(row["cost"], row["position"]) if position else None
        signal, context = runner.step(self._candle, position, entry)
        if signal is not None:
            self._act(row, runner, signal)
        elif context.skipped is not None:
            self._skip(row, context.skipped.reason, context.skipped.values)
        else:
            self._skip(row, "the strategy gave no reason", {})
        row["anchor_at"] = runner.next_anchor(self._candle)
        self.shown.append(row)

    def _act(self, row: Row, runner: Runner, signal: Signal) -> None:
        if row["live"] or row["waiting_since"] is not None:
            self._skip(row, "an earlier order is still under way", signal.values)
            return
        entering = signal.action is Action.ENTER_LONG
        if entering and (barred := entry_barred(row)):
            self._skip(row, barred, signal.values)
            return
        sized = self._entry(row, runner) if entering else self._exit(row)
        if sized.reason:
            self._skip(row, "the order would be too small or too dear", signal.values, sized.reason)
            return
        raised = self._signal(row, signal, sized.quantity)
        row["waiting_for"] = raised.signal_id
        if entering:
            row["committed"] = set_aside(times(sized.quantity, self._candle.close), self._instrument)
            self._spent[row["account_id"]] += row["committed"]
        self._work.emit(raised, self._message)

    def _entry(self, row: Row, runner: Runner) -> Sized:
        free = row["free"] - self._spent[row["account_id"]]
        return entry_size(row, runner.sizing, free, self._candle.close, self._instrument)

    def _exit(self, row: Row) -> Sized:
        return whole_position(row["position"], price=self._candle.close, instrument=self._instrument)

    def _skip(self, row: Row, reason: str, values: Mapping[str, float], detail: str | None = None) -> None:
        self.skips.append(NonDecision(row["id"], row["user_id"], reason, values, detail))

    def _signal(self, row: Row, signal: Signal, quantity: Decimal) -> SignalRaised:
        candle = self._candle
        return SignalRaised(
            user_id=row["user_id"],
            account_id=row["account_id"],
            signal_id=derive_id(candle.closed_at, "signal", row["id"], candle.opened_at),
            bot_id=row["id"],
            bot=row["name"],
            origin=row["origin"],
            exchange=row["exchange"],
            symbol=row["symbol"],
            side=Side.BUY if signal.action is Action.ENTER_LONG else Side.SELL,
            quantity=quantity,
            reference_price=candle.close,
            reduce_only=signal.action is Action.EXIT,
            reason=signal.reason,
            values=dict(signal.values),
            candle_at=candle.opened_at,
        )
