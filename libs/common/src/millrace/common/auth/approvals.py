"""The risk service's signature under an order: what it approved, for whom, once, until when.

HMAC-SHA256 over the order's terms. Execution, the only process that can reach a venue, sends nothing without it.
"""

import hashlib
import hmac
from datetime import datetime
from uuid import UUID

from millrace.common.events.trading import OrderFacts
from millrace.common.kernel.money import plain


class Approvals:
    """Signs and checks with a key that only risk and execution hold."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 32:
            raise ValueError("the approval key must have at least 32 bytes")
        self._key = key

    def sign(self, order: OrderFacts, approval_id: UUID, expires_at: datetime) -> str:
        """The signature of one approval."""
        return hmac.new(self._key, _terms(order, approval_id, expires_at), hashlib.sha256).hexdigest()

    def valid(self, order: OrderFacts, approval_id: UUID, expires_at: datetime, signature: str, now: datetime) -> bool:
        """Whether `signature` approves exactly this order and has not expired."""
        expected = self.sign(order, approval_id, expires_at)
        return now < expires_at and hmac.compare_digest(expected, signature)


def _terms(order: OrderFacts, approval_id: UUID, expires_at: datetime) -> bytes:
    parts = (
        approval_id,
        order.order_id,
        order.user_id,
        order.account_id,
        order.exchange,
        order.symbol,
        order.side.value,
        order.order_type.value,
        plain(order.quantity),
        plain(order.price) if order.price is not None else "",
        plain(order.stop_price) if order.stop_price is not None else "",
        order.time_in_force.value,
        expires_at.isoformat(),
    )
    return "\n".join(map(str, parts)).encode()
