"""A dead risk service keeps nobody in a position, and lets nobody sell more than was bought."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from millrace.common.auth.approvals import Approvals
from millrace.common.db.outbox import TableOutbox
from millrace.common.db.work import Works
from millrace.common.events.risk import KillSwitchChanged
from millrace.common.events.trading import OrderRequested, Side, SignalRaised
from millrace.common.kernel.clock import Clock, ManualClock
from millrace.common.testing.service import StartService
from millrace.execution.adapters.postgres import PostgresOrders
from millrace.execution.app.exits import StandingExits
from millrace.execution.app.leases import Leases
from services.execution.tests.desk import CLOCK, MARKET, Desk, user_of

ENTRY = {**MARKET, "price": None, "quantity": "0.02"}
EXIT = {**MARKET, "price": None, "side": "sell", "reduce_only": True, "quantity": "0.02"}


@pytest.fixture
async def eager(start_service: StartService, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk where no exit waits for risk."""
    monkeypatch.setenv("MILLRACE_EXECUTION_DECISION_WAIT_SECONDS", "0")
    monkeypatch.setenv("MILLRACE_EXECUTION_EXIT_PATIENCE_SECONDS", "0")
    stand = await start_service("execution")
    found = Desk(stand, *await user_of(stand))
    found.price("20000")
    return found


async def entered(desk: Desk, bot: UUID | None = None, *, signed: bool = True) -> OrderRequested:
    """A buy of 0.02 that risk has approved, with or without a standing approval of its exit, and that is filled."""
    order = await desk.placed(**ENTRY, bot_id=str(bot) if bot else None)
    approval = desk.approval(order)
    signature = Approvals(desk.stand.host.keys().approval).sign_exit(order, approval.approval_id)
    await desk.stand.hear(approval.model_copy(update={"exit_signature": signature if signed else None}))
    assert desk.states(order)[-1] == "filled"
    return order


async def ends(desk: Desk, order: OrderRequested, state: str) -> None:
    """Wait until the order is in a state."""

    async def there() -> bool:
        return await desk.state(order) == state

    await desk.stand.host.until(there)
    await desk.stand.rest()


def exits(desk: Desk, clock: Clock = CLOCK) -> StandingExits:
    """Looks for exits that wait for risk, and only notes those it would send."""
    running = desk.stand.host.running["execution"]
    works = Works(running.database, TableOutbox(lambda: None), CLOCK)
    leases = Leases(running.database, f"execution-{desk.stand.host.settings.instance}", 60.0, alone=True)
    leases.epoch = 1  # as the service itself leads
    approvals = Approvals(desk.stand.host.keys().approval)
    return StandingExits(works, PostgresOrders(leases, CLOCK), approvals, clock, timedelta(0), lambda work, row: None)


async def looked(desk: Desk) -> int:
    """How many of the exits that wait for risk would be sent now."""
    return await exits(desk).look()


async def sold(desk: Desk) -> Decimal:
    """How much has been sold in all."""
    query = "select coalesce(sum(filled_quantity), 0) as sold from orders where side = 'sell'"
    found = (await desk.stand.rows("execution", query))[0]["sold"]
    assert isinstance(found, Decimal)
    return found


async def test_an_exit_that_risk_does_not_answer_is_sent_under_its_standing_approval(eager: Desk) -> None:
    await entered(eager)
    leaving = await eager.placed(**EXIT)
    await ends(eager, leaving, "filled")
    row = (await eager.stand.rows("execution", "select * from orders where order_id = $1", leaving.order_id))[0]
    assert row["standing"] is True
    assert row["approval_id"] is not None


async def test_an_answer_that_comes_after_all_changes_nothing(eager: Desk) -> None:
    await entered(eager)
    leaving = await eager.placed(**EXIT)
    await ends(eager, leaving, "filled")
    await eager.approve(leaving)
    await eager.refuse(leaving)
    assert eager.states(leaving) == ["filled"]


async def test_no_more_is_sold_than_was_bought_however_many_exits_wait(eager: Desk) -> None:
    await entered(eager)
    first, second = await eager.placed(**EXIT), await eager.placed(**EXIT | {"quantity": "0.001"})
    await ends(eager, first, "filled")
    assert await looked(eager) == 0
    assert await eager.state(second) == "received"


async def test_another_bots_purchase_covers_nothing(desk: Desk) -> None:
    bot = uuid4()
    await entered(desk, bot)
    await desk.placed(**EXIT, bot_id=str(uuid4()))
    assert await looked(desk) == 0
    await desk.placed(**EXIT, bot_id=str(bot))
    assert await looked(desk) == 1


async def test_what_was_sold_by_hand_is_not_sold_again_by_the_bot_that_bought_it(desk: Desk) -> None:
    bot = uuid4()
    await entered(desk, bot)
    await desk.opened(**{**EXIT, "reduce_only": False})
    await desk.placed(**EXIT, bot_id=str(bot))
    assert await looked(desk) == 0
    assert await sold(desk) == Decimal("0.02")


async def test_what_is_being_sold_by_hand_is_not_sold_again_by_the_bot_that_bought_it(desk: Desk) -> None:
    bot = uuid4()
    await entered(desk, bot)
    resting = await desk.opened(**{**EXIT, "reduce_only": False, "order_type": "limit", "price": "30000"})
    leaving = await desk.placed(**EXIT, bot_id=str(bot))
    assert await looked(desk) == 0
    await desk.stand.ask("execution", "DELETE", f"/orders/{resting.order_id}", desk.user)
    await ends(desk, resting, "cancelled")
    assert await looked(desk) == 1
    assert await desk.state(leaving) == "received"


async def test_a_sale_approved_after_an_exit_has_gone_sells_nothing_twice(eager: Desk) -> None:
    bot = uuid4()
    await entered(eager, bot)
    by_hand = await eager.placed(**{**EXIT, "reduce_only": False})
    await ends(eager, await eager.placed(**EXIT, bot_id=str(bot)), "filled")
    await eager.approve(by_hand)
    assert await eager.state(by_hand) == "cancelled"
    assert await sold(eager) == Decimal("0.02")


async def test_two_sales_approved_at_once_share_what_there_is(desk: Desk) -> None:
    await entered(desk)
    terms = {**EXIT, "reduce_only": False, "quantity": "0.015"}
    sales = [await desk.placed(**terms), await desk.placed(**terms)]
    await desk.stand.hear(*(desk.approval(sale) for sale in sales))
    assert sorted([desk.states(sale)[-1] for sale in sales]) == ["cancelled", "filled"]


async def test_an_exit_waits_by_our_clock_and_not_by_the_markets(desk: Desk) -> None:
    bot = uuid4()
    await entered(desk, bot)
    signal = SignalRaised(
        user_id=desk.user.user_id,
        account_id=desk.account_id,
        signal_id=uuid4(),
        bot_id=bot,
        bot="b",
        exchange="binance",
        symbol="BTC/USDT",
        side=Side.SELL,
        quantity=Decimal("0.02"),
        reference_price=Decimal(20_000),
        reduce_only=True,
        reason="r",
        candle_at=CLOCK.now(),
    )
    await desk.stand.hear(signal, at=CLOCK.now() + timedelta(hours=1))
    assert await looked(desk) == 1


async def test_an_exit_that_is_not_covered_is_looked_at_less_and_less_often(desk: Desk) -> None:
    clock = ManualClock(CLOCK.now() + timedelta(minutes=1))
    looking = exits(desk, clock)
    await desk.placed(**EXIT)
    assert await looking.look() == 0
    clock.advance(1)
    assert await looking.look() == 0
    await entered(desk)
    clock.advance(1)
    assert await looking.look() == 0
    clock.advance(1)
    assert await looking.look() == 1


async def test_a_purchase_without_risks_own_signature_covers_nothing(desk: Desk) -> None:
    await entered(desk, signed=False)
    await desk.placed(**EXIT)
    assert await looked(desk) == 0


async def test_entries_never_pass_without_risk(desk: Desk) -> None:
    await entered(desk)
    await desk.placed(**ENTRY, reduce_only=True)
    assert await looked(desk) == 0


async def test_a_kill_switch_stops_exits_too(desk: Desk) -> None:
    await entered(desk)
    switch = {"scope": "user", "target": str(desk.user.user_id), "reason": "enough", "changed_at": CLOCK.now()}
    await desk.stand.hear(KillSwitchChanged(user_id=desk.user.user_id, active=True, **switch))
    await desk.placed(**EXIT)
    assert await looked(desk) == 0


def test_the_standing_approval_names_the_purchase_exactly() -> None:
    signing = Approvals(b"k" * 32)
    order = OrderRequested(
        order_id=uuid4(),
        user_id=uuid4(),
        account_id=uuid4(),
        intent_id=uuid4(),
        client_order_id="mr1",
        source="bot",
        origin="bot",
        bot_id=uuid4(),
        exchange="binance",
        symbol="BTC/USDT",
        side="buy",
        order_type="market",
        quantity=Decimal("0.02"),
        requested_at=CLOCK.now(),
        reference_price=Decimal(20_000),
    )
    approval = uuid4()
    signature = signing.sign_exit(order, approval)
    assert signing.valid_exit(order, approval, signature)
    assert not signing.valid_exit(order, uuid4(), signature)
    for change in ({"quantity": Decimal(1)}, {"bot_id": uuid4()}, {"account_id": uuid4()}, {"symbol": "ETH/USDT"}):
        assert not signing.valid_exit(order.model_copy(update=change), approval, signature)
