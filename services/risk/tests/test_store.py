"""Several consumers decide for one account at once; a batch costs few statements."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from millrace.common.db.work import Work
from millrace.common.events.message import Event, Message
from millrace.common.events.trading import OrderRequested, OrderState

ROUNDS = 5


async def decide(owner: Any, events: Sequence[Event]) -> Work:
    """One consumer's transaction over some messages, through the service's own handlers."""
    running = owner.stand.host.running["risk"]
    async with running.consumer._works.begin() as work:
        for event in events:
            message: Message[Any] = Message(event, owner.stand.envelope(event, owner.at))
            await running.service.routes[type(event)](work, message)
    return work


async def test_of_200_orders_in_20_transactions_at_once_exactly_the_10_that_fit_are_approved(new_owner: Any) -> None:
    for _ in range(ROUNDS):
        owner = await new_owner()
        await owner.limit("position_value", "2000")
        await asyncio.gather(*(decide(owner, [owner.order() for _ in range(10)]) for _ in range(20)))
        await owner.stand.rest()
        assert sorted(owner.answers()) == ["approved"] * 10 + ["position_value"] * 190
        assert (await owner.balances())["USDT"] == (10_000, 10 * Decimal("200.4"))


async def test_requests_fills_and_cancellations_at_once_leave_reserved_what_is_open(owner: Any) -> None:
    orders = [owner.order() for _ in range(40)]
    await decide(owner, orders)
    ends = [owner.update(o, OrderState.FILLED, 4, "0.01") for o in orders[:15]]
    ends += [owner.update(o, OrderState.CANCELLED, 4, "0.004") for o in orders[15:30]]
    late = [owner.update(o, OrderState.PARTIALLY_FILLED, 3, "0.002") for o in orders]
    more = [owner.order() for _ in range(40)]
    await asyncio.gather(*(decide(owner, [event]) for event in [*ends, *late, *more]))
    held = await owner.stand.rows("risk", "select sum(left_over) as held, count(*) as n from reservations where open")
    total, reserved = (await owner.balances())["USDT"]
    assert reserved == held[0]["held"]
    assert await owner.open_orders() == held[0]["n"]
    bought = 15 * Decimal("0.01") + 15 * Decimal("0.004") + 10 * Decimal("0.002")
    assert total == 10_000 - bought * 20_000 * Decimal("1.001")
    assert (await owner.balances())["BTC"] == (bought, 0)


async def test_a_batch_of_100_orders_on_10_accounts_costs_six_statements(new_owner: Any) -> None:
    owners = [await new_owner() for _ in range(10)]
    running = owners[0].stand.host.running["risk"]
    asked: list[str] = []
    async with running.consumer._works.begin() as work:
        work.connection.add_query_logger(lambda record: asked.append(record.query))
        for number in range(100):
            event: OrderRequested = owners[number % 10].order()
            message = Message(event, owners[0].stand.envelope(event, owners[0].at))
            await running.service.routes[OrderRequested](work, message)
        assert asked == []
    own = [query for query in asked if "pg_type" not in query and "set_config" not in query]  # not the driver's own
    assert len(own) <= 6, own
    await owners[0].stand.rest()
    assert all(owner.answers() == ["approved"] * 10 for owner in owners)


_STEPS = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(["ask", "buy more", "part", "fill", "cancel"]), st.booleans()),
    min_size=5,
    max_size=40,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_STEPS)
async def test_no_sequence_leaves_more_reserved_than_open_orders_hold_or_passes_the_limit(
    new_owner: Any, steps: list[tuple[int, str, bool]]
) -> None:
    owner = await new_owner("3000")
    await owner.limit("position_value", "1000")
    orders = [owner.order() for _ in range(10)]
    versions = [2] * 10
    batch: list[Event] = []
    for number, what, cut in steps:
        order, versions[number] = orders[number], versions[number] + 1
        filled = {"part": "0.004", "fill": "0.01"}.get(what, "0")
        state = {"fill": OrderState.FILLED, "cancel": OrderState.CANCELLED}.get(what, OrderState.OPEN)
        event = order if what == "ask" else owner.order() if what == "buy more" else None
        batch.append(event or owner.update(order, state, versions[number], filled))
        if cut:
            await decide(owner, batch)
            batch = []
    await decide(owner, batch)
    query = """
    select b.open_orders, count(r) filter (where r.open) as open, coalesce(sum(r.unbought), 0) as unbought,
      coalesce(sum(r.left_over) filter (where r.currency = 'USDT'), 0) as held,
      (select reserved from balances t where t.account_id = b.account_id and currency = 'USDT') as reserved,
      (select coalesce(sum(buying), 0) from exposures t where t.account_id = b.account_id) as buying
    from books b left join reservations r using (account_id) where b.account_id = $1 group by b.account_id
    """
    found = (await owner.stand.rows("risk", query, owner.account_id))[0]
    assert found["reserved"] == found["held"]
    assert found["open_orders"] == found["open"]
    assert found["buying"] == found["unbought"] <= 1000
