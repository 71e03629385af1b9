"""Who asks again and again for live orders does not have those read that have ended."""

from uuid import UUID

import pytest

from millrace.common.events.trading import TERMINAL, OrderState
from millrace.execution.app import queries
from millrace.execution.app.queries import Wanted
from services.execution.tests.desk import Desk

_NAMES = """user_id, account_id, source, origin, exchange, symbol, spelling, side, order_type, quantity, price,
  time_in_force, reference_price, correlation, requested_at, updated_at, received_at"""
_PAST = f"""
insert into orders ({_NAMES}, order_id, intent_id, client_order_id, state)
select {_NAMES}, gen_random_uuid(), gen_random_uuid(), gen_random_uuid()::text, 'filled'
from orders, generate_series(1, 5000) where order_id = $1
"""
_LIVE = sorted(state.value for state in set(OrderState) - TERMINAL)


async def plan(desk: Desk, states: list[str]) -> str:
    """How the server finds the orders, without knowing which states will be asked for."""
    wanted = Wanted(None, None, None, states, None, None, None)
    async with desk.stand.host.running["execution"].database.as_user(desk.user.user_id) as connection:
        await connection.execute("set local plan_cache_mode = force_generic_plan")
        await connection.execute(f"prepare found as select count(*) {queries.where(wanted)}")
        values = f"'{desk.user.user_id}', null, null, null, array{states}, null, null, null"
        rows = await connection.fetch(f"explain execute found({values})")
        await connection.execute("deallocate found")
    return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize("states", [_LIVE, ["open"], ["open", "received"]])
async def test_live_orders_are_found_by_their_index_and_none_is_missing(desk: Desk, states: list[str]) -> None:
    order = await desk.opened(price="19000")
    await desk.stand.rows("execution", _PAST, UUID(str(order.order_id)))
    await desk.stand.rows("execution", "analyze orders")
    assert "orders_user_live" in await plan(desk, states)
    assert "orders_user_live" not in await plan(desk, [*states, "filled"])
    query = {"state": states}
    found = (await desk.stand.ask("execution", "GET", "/orders", desk.user, query=query)).value()
    assert ([one["order_id"] for one in found["items"]], found["total"]) == ([str(order.order_id)], 1)
    query = {"state": [*states, "filled"]}
    assert (await desk.stand.ask("execution", "GET", "/orders", desk.user, query=query)).value()["total"] == 5001
