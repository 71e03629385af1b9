"""A bot's signal takes the same path as every order."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from millrace.common.events.bots import BotChanged
from millrace.common.events.trading import OrderRequested, OrderUpdated, Side, SignalRaised
from millrace.common.kernel.ids import new_id
from services.execution.tests.desk import Desk

AT = datetime(2026, 1, 1, tzinfo=UTC)


def signal(desk: Desk, **changes: Any) -> SignalRaised:
    """A bot wants 0.01 BTC."""
    said: dict[str, Any] = {
        "user_id": desk.user.user_id,
        "account_id": desk.account_id,
        "signal_id": new_id(),
        "bot_id": uuid4(),
        "bot": "trend",
        "exchange": "binance",
        "symbol": "BTC/USDT",
        "side": Side.BUY,
        "quantity": Decimal("0.01"),
        "reference_price": Decimal(20_000),
        "reason": "the fast average crossed the slow one",
        "candle_at": AT,
    }
    return SignalRaised(**{**said, **changes})


async def test_a_signal_becomes_an_order_whose_ids_and_times_come_from_it(desk: Desk) -> None:
    raised = signal(desk)
    await desk.stand.hear(raised, at=AT)
    order = desk.stand.said(OrderRequested)[0]
    assert (order.intent_id, order.bot_id, order.requested_at) == (raised.signal_id, raised.bot_id, AT)
    message = next(m for m in desk.stand.messages if isinstance(m.event, OrderRequested))
    assert message.at == AT
    assert message.envelope.causation is not None


async def test_an_order_comes_from_where_its_bot_does(desk: Desk) -> None:
    await desk.stand.hear(signal(desk), at=AT)
    await desk.stand.hear(signal(desk, origin="crypto"), at=AT)
    rows = await desk.stand.rows("execution", "select origin from orders order by origin")
    assert [row["origin"] for row in rows] == ["bot", "crypto"]


async def test_what_no_client_spelt_has_no_spelling_of_its_own(desk: Desk) -> None:
    await desk.stand.hear(signal(desk), at=AT)
    rows = await desk.stand.rows("execution", "select symbol, spelling from orders")
    assert [(row["symbol"], row["spelling"]) for row in rows] == [("BTC/USDT", "")]


async def test_a_signal_heard_again_makes_no_second_order(desk: Desk) -> None:
    raised = signal(desk)
    await desk.stand.hear(raised, raised)
    assert len(desk.stand.said(OrderRequested)) == 1


async def test_a_signal_that_cannot_be_an_order_is_recorded_with_the_reason(desk: Desk) -> None:
    await desk.stand.hear(signal(desk, quantity=Decimal("0.0001")))
    update = desk.stand.said(OrderUpdated)[0]
    assert update.state == "refused"
    assert update.reason is not None
    assert "at least 5" in update.reason


async def test_a_signal_for_an_account_of_somebody_else_makes_nothing(desk: Desk) -> None:
    await desk.stand.hear(signal(desk, user_id=uuid4()))
    assert desk.stand.messages[2:] == []  # after the user's two accounts


def bot_is(desk: Desk, bot_id: UUID, status: str) -> BotChanged:
    """What the bots' service says of one."""
    market = {"exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1h"}
    about = {"bot_id": bot_id, "user_id": desk.user.user_id, "account_id": desk.account_id, "name": "b"}
    return BotChanged.model_validate({**about, **market, "strategy": "hold", "status": status, "changed_at": AT})


async def test_with_a_bot_go_the_orders_that_its_user_placed_for_it_and_no_others(desk: Desk) -> None:
    bot_id = uuid4()
    for_it = {"price": "19000", "bot_id": str(bot_id)}
    resting, waiting = await desk.opened(**for_it), await desk.placed(**for_it)
    another, own = await desk.opened(price="19000", bot_id=str(uuid4())), await desk.opened(price="19000")
    await desk.stand.hear(signal(desk, bot_id=bot_id), at=AT)
    signalled = desk.stand.said(OrderRequested)[-1]
    await desk.stand.hear(bot_is(desk, bot_id, "stopped"))
    assert await desk.state(resting) == "open"
    await desk.stand.hear(bot_is(desk, bot_id, "deleted"))
    assert [desk.states(one)[-1] for one in (resting, waiting)] == ["cancelled", "cancelled"]
    assert [await desk.state(one) for one in (another, own, signalled)] == ["open", "open", "received"]
