"""Ends orders that are not wanted any more, wherever they are."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from millrace.common.db.work import Work
from millrace.common.events.message import Event, Message
from millrace.common.events.trading import OrderState
from millrace.execution.app.orders import change
from millrace.execution.app.ports import Orders
from millrace.execution.app.sender import Sender


async def stop(
    work: Work,
    rows: Sequence[dict[str, Any]],
    at: datetime,
    reason: str,
    *,
    orders: Orders,
    sender: Sender,
    cause: Message[Event] | None = None,
) -> None:
    """Cancel live orders: at once where they wait for risk, else by asking the venue after the commit.

    What is asked for is part of the rows, so a crash only delays it.
    """
    for row in rows:
        if row["state"] == OrderState.RECEIVED.value:
            change(work, row, OrderState.CANCELLED, at, cause=cause, reason=reason)
            work.after_commit(partial(sender.waiting.decided, row))
        else:
            row["cancel_requested_at"] = row["cancel_requested_at"] or at
            work.after_commit(partial(sender.cancel, row))
    await orders.update(work, rows)
