"""Every requested order is answered exactly once."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from millrace.common.events.risk import OrderApproved, OrderRefused
from millrace.common.events.trading import AccountOpened, OrderRequested, OrderType, Side
from millrace.common.kernel.ids import new_id
from millrace.common.testing.service import Stand, StartService

AT = datetime(2026, 1, 1, tzinfo=UTC)
USER, ACCOUNT = uuid4(), uuid4()


def order(**changes: Any) -> OrderRequested:
    """A buy of 0.01 BTC at 20,000 USDT."""
    terms: dict[str, Any] = {
        "order_id": new_id(),
        "user_id": USER,
        "account_id": ACCOUNT,
        "intent_id": new_id(),
        "client_order_id": uuid4().hex,
        "source": "api",
        "origin": "test",
        "exchange": "binance",
        "symbol": "BTC/USDT",
        "side": Side.BUY,
        "order_type": OrderType.LIMIT,
        "quantity": Decimal("0.01"),
        "price": Decimal(20_000),
        "reference_price": Decimal(20_000),
        "requested_at": AT,
    }
    return OrderRequested(**{**terms, **changes})


async def opened(start_service: StartService, funds: str = "10000") -> Stand:
    """The risk service, knowing one paper account."""
    stand = await start_service("risk")
    account = {"name": "Paper", "exchange": "binance", "mode": "paper", "currency": "USDT"}
    await stand.hear(AccountOpened(user_id=USER, account_id=ACCOUNT, initial_balance=Decimal(funds), **account), at=AT)
    return stand


async def test_an_order_within_all_limits_is_approved_and_its_funds_are_reserved(start_service: StartService) -> None:
    stand = await opened(start_service)
    await stand.hear(order(), at=AT)
    assert len(stand.said(OrderApproved)) == 1
    balance = (await stand.rows("risk", "select total, reserved from balances"))[0]
    assert balance == {"total": 10_000, "reserved": Decimal("200.4")}


async def test_a_request_that_is_delivered_twice_is_answered_once(start_service: StartService) -> None:
    stand = await opened(start_service)
    envelope = stand.envelope(order(), AT)
    await stand.deliver((OrderRequested.topic, envelope), (OrderRequested.topic, envelope))
    await stand.deliver((OrderRequested.topic, envelope))
    assert len(stand.messages) == 1


async def test_an_order_over_the_funds_is_refused_with_the_rule_and_its_numbers(start_service: StartService) -> None:
    stand = await opened(start_service, "100")
    await stand.hear(order(), at=AT)
    refused = stand.said(OrderRefused)[0]
    assert (refused.rule, refused.limit_value, refused.current_value) == ("balance", 100, Decimal("200.4"))
