"""The desk: every source of orders ends here, and there is no other way to an order."""

from typing import Any
from uuid import UUID

from millrace.common.db.work import Work
from millrace.common.events.message import Event, Message
from millrace.common.events.trading import OrderRequested, OrderState
from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.common.kernel.ids import client_order_id, derive_id
from millrace.common.kernel.instruments import instrument
from millrace.common.kernel.money import ZERO
from millrace.execution.app.orders import change, facts
from millrace.execution.app.ports import Orders
from millrace.execution.domain.intent import Intent, check, own_terms


async def place(work: Work, intent: Intent, *, orders: Orders, cause: Message[Event] | None = None) -> dict[str, Any]:
    """Record an order and ask the risk service. Raises what is wrong with it; writes nothing then."""
    intent = own_terms(intent)
    check(intent, instrument(intent.exchange, intent.symbol))
    account = await orders.account(work, intent.user_id, intent.account_id, intent.exchange)
    if account is None:
        raise not_found("account" if intent.account_id else f"account on {intent.exchange}")
    if not account["is_active"]:
        raise MillraceError(Code.INVALID_STATE, "the account is not active")
    if account["mode"] != "paper":
        text = "orders are sent for paper accounts only: this version has no way to send them to a real exchange"
        raise MillraceError(Code.INVALID_STATE, text, details={"mode": account["mode"]})
    row = _row(intent, account["id"], cause)
    if not await orders.insert(work, row):
        raise MillraceError(Code.IDEMPOTENCY_CONFLICT, "an order with this client_order_id exists already")
    event = OrderRequested(**facts(row), reference_price=intent.reference)
    work.emit(event, cause, at=intent.requested_at, correlation=row["correlation"])
    return row


async def refuse(work: Work, intent: Intent, reason: str, *, orders: Orders, cause: Message[Event]) -> None:
    """Record an intent that cannot be an order, so that whoever raised it can see why; not when it has no account."""
    account = await orders.account(work, intent.user_id, intent.account_id, intent.exchange)
    if account is None or intent.quantity <= 0:
        return
    row = _row(intent, account["id"], cause)
    if await orders.insert(work, row):
        change(work, row, OrderState.REFUSED, intent.requested_at, cause=cause, reason=reason)
        await orders.update(work, [row])


def _row(intent: Intent, account_id: UUID, cause: Message[Event] | None) -> dict[str, Any]:
    order_id = derive_id(intent.requested_at, "order", intent.intent_id, intent.leg)
    origin = cause.envelope if cause else None
    return {
        "order_id": order_id,
        "user_id": intent.user_id,
        "account_id": account_id,
        "bot_id": intent.bot_id,
        "strategy_id": intent.strategy_id,
        "intent_id": intent.intent_id,
        "leg": intent.leg,
        "client_order_id": client_order_id(intent.user_id, intent.intent_id, intent.leg),
        "client_ref": intent.client_ref,
        "source": intent.source,
        "origin": intent.origin,
        "exchange": intent.exchange,
        "symbol": intent.symbol,
        "spelling": intent.spelling,
        "side": intent.side.value,
        "order_type": intent.order_type.value,
        "quantity": intent.quantity,
        "price": intent.price,
        "stop_price": intent.stop_price,
        "time_in_force": intent.time_in_force.value,
        "reduce_only": intent.reduce_only,
        "reference_price": intent.reference,
        "state": OrderState.RECEIVED.value,
        "filled_quantity": ZERO,
        "filled_notional": ZERO,
        "fees": ZERO,
        "version": 1,
        "reason": None,
        "approval_id": None,
        "epoch": None,
        "signed_at": None,
        "deadline": None,
        "cancel_requested_at": None,
        "exit_signature": None,
        "standing": False,
        "correlation": (origin.correlation or origin.id) if origin else intent.correlation or order_id,
        "requested_at": intent.requested_at,
        "updated_at": intent.requested_at,
    }
