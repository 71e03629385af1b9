"""An approval holds for one order exactly as it was asked for, and for a short time."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic.fields import FieldInfo

from millrace.common.auth.approvals import Approvals
from millrace.common.events.trading import OrderFacts, OrderType, Side, TimeInForce

KEY = bytes(range(32))
AT = datetime(2026, 1, 1, tzinfo=UTC)
UNTIL = AT + timedelta(seconds=30)
APPROVAL = UUID(int=99)
ORDER = OrderFacts(
    user_id=UUID(int=1),
    account_id=UUID(int=2),
    order_id=UUID(int=3),
    intent_id=UUID(int=4),
    client_order_id="mr1",
    source="api",
    origin="test",
    bot_id=UUID(int=5),
    strategy_id=UUID(int=6),
    exchange="binance",
    symbol="BTC/USDT",
    side=Side.BUY,
    order_type=OrderType.LIMIT,
    quantity=Decimal("0.5"),
    price=Decimal("20000"),
    stop_price=Decimal("19000"),
    time_in_force=TimeInForce.GTC,
    reduce_only=True,
    requested_at=AT,
)
OTHERS: dict[type, Any] = {
    UUID: UUID(int=77),
    str: "other",
    Side: Side.SELL,
    OrderType: OrderType.MARKET,
    Decimal: Decimal("0.50000001"),
    TimeInForce: TimeInForce.IOC,
    bool: False,
    datetime: AT + timedelta(microseconds=1),
}


def valid(order: OrderFacts, *, now: datetime = AT, **changes: Any) -> bool:
    """Whether the approval of `ORDER` is good for `order`."""
    approvals = Approvals(KEY)
    signed = approvals.sign(ORDER, APPROVAL, UNTIL)
    given = {"approval_id": APPROVAL, "expires_at": UNTIL, "signature": signed, **changes}
    return approvals.valid(order, now=now, **given)


def test_an_approval_is_good_for_the_order_it_was_given_for() -> None:
    assert valid(ORDER)
    assert valid(OrderFacts.model_validate_json(ORDER.model_dump_json()))


@pytest.mark.parametrize("field", OrderFacts.model_fields.items(), ids=lambda field: field[0])
def test_no_term_of_an_approved_order_can_be_changed(field: tuple[str, FieldInfo]) -> None:
    name, _ = field
    other = OTHERS[type(getattr(ORDER, name))]
    assert not valid(ORDER.model_copy(update={name: other}))
    assert not valid(ORDER.model_copy(update={name: None}))


def test_equal_terms_in_another_spelling_are_the_same_terms() -> None:
    respelled = {
        "quantity": Decimal("0.500000000000000000"),
        "price": Decimal("2E+4"),
        "requested_at": AT.astimezone(timezone(timedelta(hours=2))),
    }
    assert valid(ORDER.model_copy(update=respelled))


def test_text_cannot_be_moved_from_one_term_into_the_next() -> None:
    def signed(exchange: str, symbol: str) -> str:
        return Approvals(KEY).sign(ORDER.model_copy(update={"exchange": exchange, "symbol": symbol}), APPROVAL, UNTIL)

    assert signed('a"],["x', "b") != signed("a", '"],["xb')
    assert signed("a\nb", "c") != signed("a", "b\nc")


def test_neither_its_id_nor_its_end_can_be_changed() -> None:
    assert not valid(ORDER, approval_id=UUID(int=98))
    assert not valid(ORDER, expires_at=UNTIL + timedelta(microseconds=1))


def test_an_approval_ends_at_its_time() -> None:
    assert valid(ORDER, now=UNTIL - timedelta(microseconds=1))
    assert not valid(ORDER, now=UNTIL)


@pytest.mark.parametrize("signature", ["", "0" * 64, "g" * 64, "ü" * 64, "\x00"])
def test_a_made_up_signature_is_not_valid(signature: str) -> None:
    assert not valid(ORDER, signature=signature)


def test_another_key_approves_nothing_and_a_short_one_is_refused() -> None:
    assert not valid(ORDER, signature=Approvals(bytes(32)).sign(ORDER, APPROVAL, UNTIL))
    with pytest.raises(ValueError, match="32 bytes"):
        Approvals(b"short")
