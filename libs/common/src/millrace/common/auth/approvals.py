"""The risk service's signature under an order: what it approved, for whom, once, until when.

HMAC-SHA256 over all of the order's facts. Execution, the only process that can reach a venue, sends nothing without it.
"""

import hashlib
import hmac
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from millrace.common.events.trading import OrderFacts
from millrace.common.kernel.money import plain

_FACTS = tuple(sorted(OrderFacts.model_fields))


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
        return now < expires_at and hmac.compare_digest(expected.encode(), signature.encode())

    def sign_exit(self, order: OrderFacts, approval_id: UUID) -> str:
        """The standing approval that comes with an approved buy: to sell again what it bought, where it bought it."""
        return hmac.new(self._key, _exit_terms(order, approval_id), hashlib.sha256).hexdigest()

    def valid_exit(self, order: OrderFacts, approval_id: UUID, signature: str) -> bool:
        """Whether `signature` is the standing approval of this buy's exit."""
        return hmac.compare_digest(self.sign_exit(order, approval_id).encode(), signature.encode())


def _exit_terms(order: OrderFacts, approval_id: UUID) -> bytes:
    facts = (order.user_id, order.account_id, order.order_id, order.bot_id, order.exchange, order.symbol)
    return orjson.dumps(["exit", str(approval_id), *map(_text, facts), plain(order.quantity)])


def _terms(order: OrderFacts, approval_id: UUID, expires_at: datetime) -> bytes:
    facts = [(name, _text(getattr(order, name))) for name in _FACTS]
    return orjson.dumps([str(approval_id), _text(expires_at), facts])


def _text(value: Any) -> str | None:
    """One spelling for equal values, whether they come from a message or from a row."""
    match value:
        case None:
            return None
        case Decimal():
            return plain(value)
        case datetime():
            return value.astimezone(UTC).isoformat()
        case _:
            return str(value)
