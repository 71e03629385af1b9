"""One function per message."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import orjson

from millrace.bots.app.ports import Bots
from millrace.bots.app.runners import Runners
from millrace.common.db.work import Work
from millrace.common.events.market import CandleClosed
from millrace.common.events.message import Message
from millrace.common.events.portfolio import BalanceChanged, EquityMarked
from millrace.common.events.trading import TERMINAL, AccountOpened, OrderUpdated, Side, SignalRaised
from millrace.common.events.users import UserDisabled
from millrace.common.kernel import timeframes
from millrace.common.kernel.ids import derive_id
from millrace.common.kernel.instruments import instrument
from millrace.common.kernel.money import divided
from millrace.strategy.port import Action, Context, Signal, Skip
from millrace.strategy.sizing import Sized, whole_position
from millrace.strategy.sizing_rule import parse_sizing

_PATIENCE_BARS = 3
_PATIENCE = timedelta(seconds=10)
_DEFAULT_SIZE = Decimal("0.1")


async def know_account(work: Work, message: Message[AccountOpened], *, bots: Bots) -> None:
    """Bots may trade on an account from now on."""
    await bots.open_account(work, message.event)


async def know_cash(work: Work, message: Message[BalanceChanged], *, bots: Bots) -> None:
    """What an account can spend."""
    event = message.event
    await bots.set_cash(work, event.account_id, event.currency, event.total)


async def know_equity(work: Work, message: Message[EquityMarked], *, bots: Bots) -> None:
    """What an account is worth; sizes are fractions of it."""
    await bots.set_equity(work, message.event.account_id, message.event.equity)


async def follow_order(work: Work, message: Message[OrderUpdated], *, bots: Bots) -> None:
    """A bot's own order fills its position; its end lets the bot act again."""
    order = message.event
    if order.bot_id is None:
        return
    await bots.follow(work, order, ended=order.state in TERMINAL)


async def stop_all(work: Work, message: Message[UserDisabled], *, bots: Bots) -> None:
    """A disabled user's bots stop."""
    await bots.stop_all(work, message.event.user_id)


async def run_bots(work: Work, message: Message[CandleClosed], *, bots: Bots, runners: Runners) -> None:
    """Show a closed candle to every running bot of its market, in the order the bots were made."""
    event = message.event
    rows = await bots.running(work, event.exchange, event.symbol, event.timeframe)
    candle = event.candle
    skips: list[tuple[dict[str, Any], Skip]] = []
    for row in rows:
        runner = await runners.of(row, candle)
        position = row["position"]
        entry = divided(row["cost"], position) if position else None
        signal, context = runner.step(candle, position, entry)
        skip = _act(work, message, row, signal, context)
        if skip:
            skips.append((row, skip))
    await bots.stepped(work, rows, candle.opened_at)
    await bots.skipped(work, skips, message.at)


def _act(
    work: Work, message: Message[CandleClosed], row: dict[str, Any], signal: Signal | None, context: Context
) -> Skip | None:
    """Raise the signal; or return why nothing is done."""
    if signal is None:
        return context.skipped or Skip("the strategy gave no reason", {})
    patience = max(_PATIENCE_BARS * timeframes.length(row["timeframe"]), _PATIENCE)
    if row["waiting_since"] is not None and message.at < row["waiting_since"] + patience:
        return Skip("an earlier order is still under way", signal.values)
    sized = _sized(row, signal, message.event.close)
    if sized.reason:
        return Skip(sized.reason, signal.values)
    row["waiting_since"] = message.at
    work.emit(_signal(message, row, signal, sized.quantity), message)
    return None


def _sized(row: dict[str, Any], signal: Signal, price: Decimal) -> Sized:
    filters = instrument(row["exchange"], row["symbol"])
    if signal.action is Action.EXIT:
        return whole_position(row["position"], price=price, instrument=filters)
    rule = parse_sizing(orjson.loads(row["config"]), _DEFAULT_SIZE)
    return rule.size(equity=row["equity"], available=row["cash"], price=price, instrument=filters)


def _signal(message: Message[CandleClosed], row: dict[str, Any], signal: Signal, quantity: Decimal) -> SignalRaised:
    return SignalRaised(
        user_id=row["user_id"],
        account_id=row["account_id"],
        signal_id=derive_id(message.at, "signal", row["id"], message.id),
        bot_id=row["id"],
        bot=row["name"],
        exchange=row["exchange"],
        symbol=row["symbol"],
        side=Side.BUY if signal.action is Action.ENTER_LONG else Side.SELL,
        quantity=quantity,
        reference_price=message.event.close,
        reduce_only=signal.action is Action.EXIT,
        reason=signal.reason,
        values=dict(signal.values),
        candle_at=message.event.opened_at,
    )
