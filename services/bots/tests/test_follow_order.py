"""A bot's position is what its orders filled, once, and nobody else's orders."""

from decimal import Decimal
from itertools import permutations
from typing import Any
from uuid import uuid4

from millrace.common.events.trading import OrderState, Side


async def position(owner: Any, bot_id: Any) -> tuple[Decimal, Decimal]:
    row = await owner.row(bot_id)
    return row["position"], row["cost"]


async def test_cumulative_fills_are_applied_once_in_any_order(owner: Any) -> None:
    for steps in permutations([(3, 0), (4, "0.4"), (5, 1)]):
        bot_id = await owner.bot()
        signal = owner.signal(bot_id)
        for version, filled in (*steps, steps[0]):
            await owner.order(signal, OrderState.FILLED if filled == 1 else OrderState.OPEN, version, filled)
        assert await position(owner, bot_id) == (1, 100), steps


async def test_selling_takes_cost_away_in_proportion(owner: Any) -> None:
    bot_id = await owner.bot()
    await owner.order(owner.signal(bot_id), OrderState.FILLED, 4, 1)
    dear = owner.signal(bot_id, reference_price=Decimal(200), quantity=Decimal(1))
    await owner.order(dear, OrderState.FILLED, 4, 1)
    assert await position(owner, bot_id) == (2, 300)
    await owner.order(owner.signal(bot_id, side=Side.SELL), OrderState.CANCELLED, 4, "0.5")
    assert await position(owner, bot_id) == (Decimal("1.5"), 225)
    await owner.order(owner.signal(bot_id, side=Side.SELL), OrderState.FILLED, 4, "1.5")
    assert await position(owner, bot_id) == (0, 0)


async def test_an_order_in_the_name_of_anothers_bot_changes_nothing(owner: Any, new_owner: Any) -> None:
    other = await new_owner()
    theirs = await other.bot()
    await owner.order(owner.signal(theirs), OrderState.FILLED, 4, 1)
    await owner.order(other.signal(theirs), OrderState.FILLED, 4, 1, user_id=owner.user.user_id)
    await owner.order(owner.signal(uuid4()), OrderState.REFUSED, 2, reason="balance: none")
    assert await position(other, theirs) == (0, 0)
    assert await other.skips(theirs) == {}
    assert await owner.stand.rows("bots", "select * from dead_letters") == []


async def test_a_bots_order_by_hand_moves_its_position_but_does_not_hold_it_up(owner: Any) -> None:
    bot_id = await owner.bot()
    await owner.order(owner.signal(bot_id), OrderState.PARTIALLY_FILLED, 4, 1, source="api")
    assert await position(owner, bot_id) == (1, 100)
    live = "select 1 from bot_orders where own and not ended"
    assert await owner.stand.rows("bots", live) == []


async def test_a_deleted_bot_still_learns_how_its_order_ends(owner: Any) -> None:
    bot_id = await owner.bot()
    signal = owner.signal(bot_id)
    await owner.order(signal, OrderState.OPEN, 3)
    await owner.ask("DELETE", f"/bots/{bot_id}")
    await owner.order(signal, OrderState.FILLED, 4, 1)
    assert await position(owner, bot_id) == (1, 100)
