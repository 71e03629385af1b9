"""One function per message."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from uuid import UUID

import structlog

from millrace.common.auth.approvals import Approvals
from millrace.common.db.work import Work
from millrace.common.events.bots import BotChanged
from millrace.common.events.market import CandleClosed
from millrace.common.events.message import Event, Message
from millrace.common.events.risk import KillSwitchChanged, OrderApproved, OrderRefused
from millrace.common.events.trading import AccountOpened, OrderFacts, OrderState, SignalRaised
from millrace.common.events.users import UserDisabled, UserEnabled, UserRegistered
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import MillraceError
from millrace.common.kernel.ids import derive_id
from millrace.common.kernel.instruments import INSTRUMENTS
from millrace.common.kernel.market import Candle
from millrace.execution.app.desk import place, refuse
from millrace.execution.app.leases import Leases
from millrace.execution.app.orders import change, facts
from millrace.execution.app.ports import DISABLED, Halt, Orders
from millrace.execution.app.sender import Sender
from millrace.execution.app.stopping import stop
from millrace.execution.config import ExecutionSettings
from millrace.execution.domain.intent import Intent

log = structlog.get_logger()

Match = Callable[[Iterable[Candle]], Awaitable[None]]
"""Fills, at the venue, what rests against closed bars."""


async def open_paper_accounts(
    work: Work, message: Message[UserRegistered], *, accounts: Orders, settings: ExecutionSettings, leases: Leases
) -> None:
    """A new user can trade on paper at once, at two exchanges where both have something to trade."""
    await leases.hold(work.connection)
    for account in _first_accounts(message.event.user_id, message.at, settings):
        await accounts.open(work, account, message.at, owner=leases.owner, epoch=leases.epoch)
        work.emit(account, message)


def _first_accounts(user_id: UUID, at: datetime, settings: ExecutionSettings) -> list[AccountOpened]:
    first = ("Paper", settings.paper_exchange, settings.paper_currency, settings.paper_balance)
    second = settings.second_exchange
    terms = [first]
    if second not in ("", settings.paper_exchange) and any(there == second for there, _ in INSTRUMENTS):
        terms.append((f"Paper {second}", second, settings.second_currency, settings.second_balance))
    return [
        AccountOpened(
            user_id=user_id,
            account_id=derive_id(at, "account", user_id, exchange),
            name=name,
            exchange=exchange,
            mode="paper",
            currency=currency,
            initial_balance=balance,
        )
        for name, exchange, currency, balance in terms
    ]


async def expect_signals(work: Work, messages: Sequence[Message[SignalRaised]], *, orders: Orders) -> None:
    """Read what a poll's signals need, at once."""
    await orders.expect(work, [(m.event.user_id, m.event.signal_id, 0) for m in messages])


async def expect_decisions(
    work: Work, messages: Sequence[Message[OrderApproved | OrderRefused]], *, orders: Orders
) -> None:
    """Lock the orders that a poll's decisions are about, at once."""
    await orders.locked(work, [m.event.order_id for m in messages])


async def take_signal(work: Work, message: Message[SignalRaised], *, orders: Orders) -> None:
    """A strategy's wish becomes an order like any other; one that cannot be an order is recorded as refused."""
    signal = message.event
    intent = Intent(
        intent_id=signal.signal_id,
        user_id=signal.user_id,
        account_id=signal.account_id,
        bot_id=signal.bot_id,
        source="bot",
        origin=signal.origin,
        exchange=signal.exchange,
        symbol=signal.symbol,
        side=signal.side,
        order_type=signal.order_type,
        quantity=signal.quantity,
        price=signal.price,
        reduce_only=signal.reduce_only,
        requested_at=message.at,
        reference=signal.reference_price,
    )
    try:
        await place(work, intent, orders=orders, cause=message)
    except MillraceError as wrong:
        log.warning("a signal made no order", bot=str(signal.bot_id), code=wrong.code, reason=wrong.message)
        await refuse(work, intent, wrong.message, orders=orders, cause=message)


async def refuse_order(work: Work, message: Message[OrderRefused], *, orders: Orders, sender: Sender) -> None:
    """Risk said no: the order ends here."""
    event = message.event
    row = (await orders.locked(work, [event.order_id])).get(event.order_id)
    if row and change(
        work, row, OrderState.REFUSED, message.at, cause=message, reason=f"{event.rule}: {event.message}"
    ):
        await orders.update(work, [row])
        work.after_commit(lambda: sender.waiting.decided(row))


async def send_order(
    work: Work,
    message: Message[OrderApproved],
    *,
    orders: Orders,
    sender: Sender,
    approvals: Approvals,
    clock: Clock,
) -> None:
    """Risk said yes: persist the order as SUBMITTING; it is sent once that is committed.

    Kill switches are asked once more, here at the last gate: one may have been thrown after the approval. So are
    holdings: risk does not know at once of an exit that went under its standing approval.
    """
    event = message.event
    row = (await orders.locked(work, [event.order_id])).get(event.order_id)
    if row is None or row["state"] != OrderState.RECEIVED.value:
        return
    terms = OrderFacts(**facts(row))
    if not approvals.valid(terms, event.approval_id, event.expires_at, event.signature, clock.now()):
        change(work, row, OrderState.EXPIRED, message.at, cause=message, reason="the approval is invalid or expired")
    elif halt := await orders.halted(work, row):
        change(work, row, OrderState.CANCELLED, message.at, cause=message, reason=f"kill switch: {halt}")
    elif terms.side == "sell" and not await orders.covers(work, row):
        reason = "the account does not hold that much any more: an exit went before this order"
        change(work, row, OrderState.CANCELLED, message.at, cause=message, reason=reason)
    else:
        row.update(approval_id=event.approval_id, exit_signature=event.exit_signature)
        sender.ready(work, row, message.at)
    await orders.update(work, [row])
    work.after_commit(lambda: sender.waiting.decided(row))


async def match_candle(work: Work, message: Message[CandleClosed], *, match: Match) -> None:
    """All of a poll's candles go to the venue at once; it knows those it has seen should they come again."""
    if CandleClosed not in work.cache:
        bars = work.cache[CandleClosed] = []
        work.before_flush(lambda: match(bars))
    work.cache[CandleClosed].append(message.event.candle)


async def obey_kill_switch(work: Work, message: Message[KillSwitchChanged], *, orders: Orders, sender: Sender) -> None:
    """A thrown switch ends what has not been sent and cancels what rests, in its scope; a released one stops nothing.

    The cancellations are part of the rows, so a crash only delays them.
    """
    switch = message.event
    owner = None if switch.scope == "global" else switch.user_id
    halt = Halt(switch.scope, switch.target, owner, switch.reason)
    if switch.active:
        await _stop(work, halt, message, orders=orders, sender=sender)
    else:
        await orders.resume(work, halt)


async def end_user(work: Work, message: Message[UserDisabled], *, orders: Orders, sender: Sender) -> None:
    """A disabled user's orders end as under a kill switch, but one that no switch of theirs can lift."""
    await _stop(work, _end_of(message.event.user_id), message, orders=orders, sender=sender)


async def readmit_user(work: Work, message: Message[UserEnabled], *, orders: Orders) -> None:
    """An enabled user's orders go through again, unless a kill switch stops them too."""
    await orders.resume(work, _end_of(message.event.user_id))


async def end_bot(work: Work, message: Message[BotChanged], *, orders: Orders, sender: Sender) -> None:
    """What a user has ordered for a bot is cancelled when the bot is deleted; what its strategy has ordered goes on."""
    bot = message.event
    if bot.status != "deleted":
        return
    rows = await orders.live(work, Halt("bot", str(bot.bot_id), bot.user_id, ""))
    asked = [row for row in rows if row["source"] in ("api", "assistant")]
    await stop(work, asked, message.at, "its bot was deleted", orders=orders, sender=sender, cause=message)


def _end_of(user_id: UUID) -> Halt:
    return Halt(DISABLED, str(user_id), user_id, "the user is disabled")


async def _stop(work: Work, halt: Halt, cause: Message[Event], *, orders: Orders, sender: Sender) -> None:
    await orders.halt(work, halt, cause.at)
    rows = await orders.live(work, halt)
    await stop(work, rows, cause.at, f"kill switch: {halt.reason}", orders=orders, sender=sender, cause=cause)
