"""A dead risk service keeps nobody in a position, and lets nobody sell more than was bought."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from millrace.common.auth.approvals import Approvals
from millrace.common.db.outbox import TableOutbox
from millrace.common.db.work import Works
from millrace.common.events.risk import KillSwitchChanged
from millrace.common.events.trading import OrderRequested
from millrace.common.testing.service import StartService
from millrace.execution.adapters.postgres import PostgresOrders
from millrace.execution.app.exits import StandingExits
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


async def _anybody(_: object) -> None:
    """Who leads does not matter here."""


async def looked(desk: Desk) -> int:
    """How many of the exits that wait for risk would be sent now."""
    running = desk.stand.host.running["execution"]
    works = Works(running.database, TableOutbox(lambda: None), CLOCK)
    approvals = Approvals(desk.stand.host.keys().approval)
    exits = StandingExits(works, PostgresOrders(_anybody), approvals, CLOCK, timedelta(0), lambda work, row: None)
    return await exits.look()


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
    assert eager.states(leaving) == ["submitting", "open", "filled"]


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
