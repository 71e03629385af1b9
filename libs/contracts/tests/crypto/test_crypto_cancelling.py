"""Taking an order back in contract crypto."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from libs.contracts.tests.crypto.desk import Desk
from libs.contracts.tests.samples import ID, NOW, sample
from millrace.common.events.trading import OrderState
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical.trading import Cancelled, CancelOrder, Order
from millrace.contracts.crypto import DIALECT

CRYPTO = Desk(DIALECT, "/api/v1/")
CANCEL = "DELETE trading/orders/{order_id}"
NINE = datetime(2025, 9, 18, 9, tzinfo=UTC)


@pytest.mark.parametrize(("name", "order"), [(str(ID), ID), ("12345678", 12345678), (str(ID).upper(), ID)])
def test_an_order_is_named_as_it_was_told(name: str, order: UUID | int) -> None:
    assert CRYPTO.asks(CANCEL, order_id=name) == CancelOrder(id=order)


@pytest.mark.parametrize("state", [OrderState.OPEN, OrderState.PARTIALLY_FILLED, OrderState.CANCELLED])
def test_an_order_that_is_taken_back_is_told_as_in_the_document(state: OrderState) -> None:
    found = sample(Cancelled, order=sample(Order, id=ID, status=state), at=NINE.replace(minute=2))
    body = {"order_id": str(ID), "status": "CANCELED", "canceled_at": "2025-09-18T09:02:00Z"}
    assert CRYPTO.answers(CANCEL, found) == body
    assert CRYPTO.asks(CANCEL) == CancelOrder(id=ID)


@pytest.mark.parametrize(
    ("reason", "message"),
    [("is filled", "is filled"), (None, "the order cannot be cancelled"), ("", "the order cannot")],
)
def test_an_order_that_cannot_be_taken_back_is_a_bad_request(reason: str | None, message: str) -> None:
    with pytest.raises(MillraceError, match=message) as refused:
        CRYPTO.answers(CANCEL, sample(Cancelled, cancelled=False, reason=reason, at=NOW))
    assert (refused.value.code, refused.value.status) == (Code.ORDER_NOT_CANCELABLE, 400)
