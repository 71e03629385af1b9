"""One function per message."""

from typing import Any

import structlog

from millrace.common.auth.approvals import Approvals
from millrace.common.db.work import Work
from millrace.common.events.message import Message
from millrace.common.events.risk import KillSwitchChanged, OrderApproved, OrderRefused
from millrace.common.events.trading import AccountOpened, OrderFacts, OrderState, SignalRaised
from millrace.common.events.users import UserRegistered
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import MillraceError
from millrace.common.kernel.ids import derive_id
from millrace.execution.app.desk import place
from millrace.execution.app.orders import change, facts
from millrace.execution.app.ports import Orders
from millrace.execution.app.sender import Sender
from millrace.execution.config import ExecutionSettings
from millrace.execution.domain.intent import Intent

log = structlog.get_logger()


async def open_paper_account(
    work: Work, message: Message[UserRegistered], *, accounts: Any, settings: ExecutionSettings
) -> None:
    """A new user can trade on paper at once."""
    user_id = message.event.user_id
    account = AccountOpened(
        user_id=user_id,
        account_id=derive_id(message.at, "account", user_id, settings.paper_exchange),
        name="Paper",
        exchange=settings.paper_exchange,
        mode="paper",
        currency=settings.paper_currency,
        initial_balance=settings.paper_balance,
    )
    await accounts.open(work, account, message.at)
    work.emit(account, message)


async def take_signal(work: Work, message: Message[SignalRaised], *, orders: Orders) -> None:
    """A strategy's wish becomes an order like any other."""
    signal = message.event
    intent = Intent(
        intent_id=signal.signal_id,
        user_id=signal.user_id,
        account_id=signal.account_id,
        bot_id=signal.bot_id,
        source="bot",
        origin="bot",
        exchange=signal.exchange,
        symbol=signal.symbol,
        spelling=signal.symbol,
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


async def refuse_order(work: Work, message: Message[OrderRefused], *, orders: Orders, sender: Sender) -> None:
    """Risk said no: the order ends here."""
    event = message.event
    row = (await orders.locked(work, [event.order_id])).get(event.order_id)
    if row and change(
        work, row, OrderState.REFUSED, message.at, cause=message, reason=f"{event.rule}: {event.message}"
    ):
        await orders.update(work, [row])
        work.after_commit(lambda: sender.decided(event.order_id, row))


async def send_order(
    work: Work,
    message: Message[OrderApproved],
    *,
    orders: Orders,
    sender: Sender,
    approvals: Approvals,
    clock: Clock,
) -> None:
    """Risk said yes: persist the order as SUBMITTING; it is sent once that is committed."""
    event = message.event
    row = (await orders.locked(work, [event.order_id])).get(event.order_id)
    if row is None or row["state"] != OrderState.RECEIVED.value:
        return
    terms = OrderFacts(**facts(row))
    if not approvals.valid(terms, event.approval_id, event.expires_at, event.signature, clock.now()):
        change(work, row, OrderState.EXPIRED, message.at, cause=message, reason="the approval is invalid or expired")
        await orders.update(work, [row])
        return
    now = clock.now()
    change(
        work,
        row,
        OrderState.SUBMITTING,
        message.at,
        cause=message,
        approval_id=event.approval_id,
        signed_at=now,
        deadline=now + sender.deadline,
        epoch=sender.epoch(row["account_id"]),
    )
    await orders.update(work, [row])
    work.after_commit(lambda: sender.enqueue(row))


async def obey_kill_switch(work: Work, message: Message[KillSwitchChanged], *, sender: Sender) -> None:
    """A thrown switch cancels what rests in its scope."""
    event = message.event
    if event.active:
        work.after_commit(lambda: sender.cancel_scope(event.scope, event.target))
