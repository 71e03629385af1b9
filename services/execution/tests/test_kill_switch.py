"""A thrown switch stops its scope at the last gate, and nothing of anybody else."""

from uuid import UUID

import pytest

from millrace.common.events.risk import KillSwitchChanged
from millrace.common.events.users import UserDisabled, UserEnabled
from services.execution.tests.desk import CLOCK, LIMIT, Desk, user_of


def switch(
    desk: Desk, scope: str, target: object, *, active: bool = True, user: UUID | None = None
) -> KillSwitchChanged:
    """What risk says of a switch."""
    return KillSwitchChanged(
        user_id=user or desk.user.user_id,
        scope=scope,
        target=str(target),
        active=active,
        reason="enough",
        changed_at=CLOCK.now(),
    )


@pytest.mark.parametrize("scope", ["user", "account", "global"])
async def test_what_rests_is_cancelled_and_what_waits_is_not_sent(desk: Desk, scope: str) -> None:
    resting, waiting = await desk.opened(price="19000"), await desk.placed(price="19000")
    target = {"user": desk.user.user_id, "account": desk.account_id, "global": "all"}[scope]
    await desk.stand.hear(switch(desk, scope, target))
    assert desk.states(resting)[-1] == "cancelled"
    await desk.approve(waiting)
    assert desk.states(waiting) == ["cancelled"]


async def test_an_order_approved_just_before_the_switch_is_not_sent_after_it(desk: Desk) -> None:
    await desk.stand.hear(switch(desk, "user", desk.user.user_id))
    order = await desk.placed(price="19000")
    await desk.approve(order)
    assert desk.states(order) == ["cancelled"]
    await desk.stand.hear(switch(desk, "user", desk.user.user_id, active=False))
    order = await desk.opened(price="19000")
    assert await desk.state(order) == "open"


async def test_a_switch_reaches_only_its_owners_orders(desk: Desk) -> None:
    mine = await desk.opened(price="19000")
    other, account = await user_of(desk.stand)
    for scope, target in (("account", desk.account_id), ("user", desk.user.user_id), ("bot", desk.account_id)):
        await desk.stand.hear(switch(desk, scope, target, user=other.user_id))
    assert await desk.state(mine) == "open"
    answer = await desk.place({**LIMIT, "account_id": str(account)}, other)
    assert answer.status == 201


async def test_nobody_can_lift_or_forestall_somebody_elses_switch(desk: Desk) -> None:
    other, _ = await user_of(desk.stand)
    theirs = switch(desk, "account", desk.account_id, user=other.user_id)
    mine = switch(desk, "account", desk.account_id)
    await desk.stand.hear(theirs, mine, theirs.model_copy(update={"active": False}))
    order = await desk.placed(price="19000")
    await desk.approve(order)
    assert desk.states(order) == ["cancelled"]


async def test_halts_are_rows_with_an_owner(desk: Desk) -> None:
    await desk.stand.hear(switch(desk, "account", desk.account_id))
    halts = await desk.stand.rows("execution", "select scope, target, user_id from halts")
    assert halts == [{"scope": "account", "target": str(desk.account_id), "user_id": desk.user.user_id}]


async def test_a_disabled_user_has_no_order_left_and_can_lift_nothing(desk: Desk) -> None:
    resting, waiting = await desk.opened(price="19000"), await desk.placed(price="19000")
    other, _ = await user_of(desk.stand)
    theirs = (await desk.place(LIMIT, other)).value()["order_id"]
    await desk.stand.hear(UserDisabled(user_id=desk.user.user_id))
    await desk.stand.hear(switch(desk, "user", desk.user.user_id, active=False))
    assert desk.states(resting)[-1] == "cancelled"
    await desk.approve(waiting)
    assert desk.states(waiting) == ["cancelled"]
    late = await desk.opened(price="19000")
    assert desk.states(late) == ["cancelled"]
    states = await desk.stand.rows("execution", "select state from orders where order_id::text = $1", theirs)
    assert states == [{"state": "received"}]


async def test_a_user_who_is_enabled_again_trades_again_but_not_past_their_own_switch(desk: Desk) -> None:
    other, account = await user_of(desk.stand)
    await desk.stand.hear(switch(desk, "user", desk.user.user_id))
    await desk.stand.hear(UserDisabled(user_id=desk.user.user_id), UserDisabled(user_id=other.user_id))
    await desk.stand.hear(UserEnabled(user_id=desk.user.user_id))
    halted = await desk.opened(price="19000")
    assert desk.states(halted) == ["cancelled"]
    await desk.stand.hear(switch(desk, "user", desk.user.user_id, active=False))
    order = await desk.opened(price="19000")
    assert await desk.state(order) == "open"
    theirs = await Desk(desk.stand, other, account).placed(price="19000")
    await desk.approve(theirs)
    assert desk.states(theirs) == ["cancelled"]
