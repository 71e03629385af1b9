"""One function per message."""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any

import structlog

from millrace.bots.app import targets
from millrace.bots.app.commands import tell
from millrace.bots.app.past import Past
from millrace.bots.app.ports import Bots, NonDecision, Row
from millrace.bots.app.runners import Runners
from millrace.bots.app.step import Step
from millrace.common.db.work import Work
from millrace.common.events.market import CandleClosed
from millrace.common.events.message import Message
from millrace.common.events.portfolio import BalanceChanged, EquityMarked
from millrace.common.events.trading import TERMINAL, AccountClosed, AccountOpened, OrderState, OrderUpdated
from millrace.common.events.users import UserDisabled
from millrace.common.kernel.market import Candle
from millrace.common.kernel.money import ZERO

log = structlog.get_logger()

_DENIED = {
    OrderState.REFUSED: "refused by risk",
    OrderState.REJECTED: "rejected by the venue",
    OrderState.EXPIRED: "expired before it was sent or filled",
}


async def know_account(work: Work, message: Message[AccountOpened], *, bots: Bots) -> None:
    """Bots may trade on an account from now on."""
    await bots.open_account(work, message.event)


async def close_account(work: Work, message: Message[AccountClosed], *, bots: Bots, runners: Runners) -> None:
    """What trades on a closed account stops; it is nobody's link any more."""
    event = message.event
    reason = "the account is closed"
    for row in await bots.close_account(work, event.user_id, event.account_id, reason, message.at):
        _stopped(work, row, message, runners)


async def know_cash(work: Work, message: Message[BalanceChanged], *, bots: Bots) -> None:
    """What an account can spend."""
    event = message.event
    await bots.set_cash(work, event.account_id, event.currency, event.total)


async def know_equity(work: Work, message: Message[EquityMarked], *, bots: Bots) -> None:
    """What an account is worth; sizes are fractions of it."""
    await bots.set_equity(work, message.event.account_id, message.event.equity)


def concerns_a_bot(order: OrderUpdated) -> bool:
    """Whether this is news of a bot's order."""
    return order.bot_id is not None


async def follow_order(work: Work, message: Message[OrderUpdated], *, bots: Bots) -> None:
    """A bot's own order fills its position; its end lets the bot act again, and a refusal is told to its owner."""
    order = message.event
    if order.bot_id is None:
        return
    own = order.source == "bot"
    followed = await bots.follow(work, order, own=own, ended=order.state in TERMINAL)
    if own and order.side == "sell" and order.state in TERMINAL:
        await targets.sale_ended(work, order)
    if followed and own and order.state in _DENIED and not order.filled_quantity:
        rule = (order.reason or "").split(":")[0]
        reason = f"{_DENIED[order.state]}: {rule}" if order.state is OrderState.REFUSED else _DENIED[order.state]
        skip = NonDecision(order.bot_id, order.user_id, reason, detail=order.reason)
        await bots.skipped(work, [skip], message.at)


async def stop_all(work: Work, message: Message[UserDisabled], *, bots: Bots, runners: Runners) -> None:
    """A disabled user's bots stop."""
    for row in await bots.stop_all(work, message.event.user_id, "the user is disabled", message.at):
        _stopped(work, row, message, runners)


def _stopped(work: Work, row: Row, message: Message[Any], runners: Runners) -> None:
    tell(work, row, message.at, reason=row["reason"])
    work.after_commit(partial(runners.forget, row["id"]))


async def read_past(work: Work, messages: Sequence[Message[CandleClosed]], *, bots: Bots, runners: Runners) -> None:
    """Ask for the stored candles that a poll's bots have to remember, while none of the bots is locked yet."""
    series: dict[tuple[str, str, str], list[Candle]] = defaultdict(list)
    for message in messages:
        candle = message.event.candle
        series[candle.exchange, candle.symbol, candle.timeframe].append(candle)
    work.cache[targets] = await targets.watched(work, {name[:2] for name in series})
    for name, candles in series.items():
        rows = await bots.coming(work, *name, max(candle.opened_at for candle in candles))
        work.cache[name] = await runners.past(rows, candles)


async def run_bots(work: Work, message: Message[CandleClosed], *, bots: Bots, runners: Runners) -> None:
    """Show a closed candle to every running bot of its market that has not seen it, in the order they were made.

    A strategy that fails stops its own bot and nobody else's.
    """
    event = message.event
    if (event.exchange, event.symbol) in work.cache.get(targets, ()):
        await targets.sell_reached(work, message)
    rows = await bots.due(work, event.exchange, event.symbol, event.timeframe, event.opened_at)
    if not rows:
        return
    past = work.cache.get((event.exchange, event.symbol, event.timeframe), Past())
    await _measured(work, rows, event.candle, bots)
    ready = await runners.ready(rows, event.candle, past)
    step = Step(work, message)
    for row in rows:
        if (runner := ready.get(row["id"])) is None:
            continue
        try:
            if isinstance(runner, Exception):
                raise runner
            step.show(row, runner)
        except Exception as problem:
            log.error("a strategy failed", bot=str(row["id"]), strategy=row["strategy"], error=repr(problem))
            step.failed[row["id"]] = f"the strategy failed: {problem!r}"[:300]
    await bots.stepped(work, step.shown, event.candle)
    await bots.skipped(work, step.skips, message.at)
    if step.failed:
        for row in await bots.stop(work, step.failed, message.at):
            _stopped(work, row, message, runners)


async def _measured(work: Work, rows: Sequence[Row], candle: Candle, bots: Bots) -> None:
    runs = {(row["user_id"], row["managed_by"]) for row in rows if row["managed_by"] is not None}
    falls = await bots.measure(work, runs, candle) if runs else {}
    for row in rows:
        row["drawdown"] = falls.get((row["user_id"], row["managed_by"]), ZERO)
