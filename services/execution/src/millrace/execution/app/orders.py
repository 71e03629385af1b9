"""From an order's row to the events that tell of it, and its changes of state.

A unit of work tells each order once, as it is at the end of it: what a poll or a batch of reports passes through in
between concerns nobody, and each telling costs four services a transaction.
"""

from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from millrace.common.db.work import Work
from millrace.common.events.message import Event, Message
from millrace.common.events.trading import OrderFacts, OrderState, OrderUpdated
from millrace.common.kernel.ids import derive_id
from millrace.common.telemetry import metrics
from millrace.execution.domain.states import may_follow

_FACTS = tuple(OrderFacts.model_fields)


def facts(row: dict[str, Any]) -> dict[str, Any]:
    """The fields of an order that never change."""
    return {name: row[name] for name in _FACTS}


def change(
    work: Work,
    row: dict[str, Any],
    state: OrderState,
    at: datetime,
    *,
    cause: Message[Event] | None = None,
    reason: str | None = None,
) -> bool:
    """Move an order and say so. False, and nothing said, when the state machine does not allow the step.

    `row` is changed in place; the caller writes it back. A fill in a terminal state keeps that state but is told.
    """
    moved = move(row, state, at, reason)
    if moved:
        tell(work, row, at, cause)
    return moved


def move(row: dict[str, Any], state: OrderState, at: datetime, reason: str | None = None) -> bool:
    """Move an order in silence. False, and nothing changed, when the state machine does not allow the step."""
    old = OrderState(row["state"])
    if state is not old and not may_follow(old, state):
        return False
    row.update(state=state.value, version=row["version"] + 1, updated_at=at)
    row["reason"] = reason or row["reason"]
    return True


def tell(work: Work, row: dict[str, Any], at: datetime, cause: Message[Event] | None = None) -> None:
    """Emit the order as it is when this work ends."""
    told: dict[UUID, partial[None]] = work.cache.setdefault(tell, {})
    if not told:

        async def emit() -> None:
            for say in told.values():
                say()

        work.before_flush(emit)
    told[row["order_id"]] = partial(_emit, work, row, at, cause)


def _emit(work: Work, row: dict[str, Any], at: datetime, cause: Message[Event] | None) -> None:
    event = OrderUpdated(
        **facts(row),
        state=OrderState(row["state"]),
        filled_quantity=row["filled_quantity"],
        filled_notional=row["filled_notional"],
        fees=row["fees"],
        version=row["version"],
        reason=row["reason"],
        updated_at=at,
    )
    event_id = derive_id(at, "order", row["order_id"], row["version"])
    work.emit(event, cause, at=at, event_id=event_id, correlation=row["correlation"])
    work.after_commit(metrics.ORDERS.labels(row["exchange"], row["state"]).inc)
