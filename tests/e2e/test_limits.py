"""A limit holds under concurrency, to the unit."""

import asyncio
from collections import Counter
from uuid import UUID

import pytest

from millrace.common.auth.principal import Principal
from millrace.common.runtime.platform import Platform
from tests.e2e.client import Client, until

pytestmark = [
    pytest.mark.real,
    pytest.mark.timeout(300),
]  # 4,000 orders
ROUNDS, ORDERS = 20, 200
ORDER = {"order_type": "LIMIT", "quantity": "0.01", "price": "20000"}  # each is worth 200 USDT


async def place(trader: Client, number: int) -> None:
    """Place an order as a careful client does: who is told to try again tries again, under the same id."""
    asked = {"symbol": "BTCUSDT", "side": "BUY", **ORDER, "client_order_id": f"order-{number}"}

    async def taken() -> bool:
        status, found = await trader.call("POST", "/api/v1/orders", asked)
        assert status in (201, 409, 503) or found["code"] == "RISK_REFUSED", found
        return status != 503

    await until(taken, 60)


async def outcome(platform: Platform, user_id: UUID) -> Counter[str]:
    """How many of a user's orders are in each state, once none is under way."""
    states: Counter[str] = Counter()

    async def decided() -> bool:
        rows = await platform.host.running["execution"].database.fetch(
            "select state, count(*) as n from execution.orders where user_id = $1 group by 1", user_id
        )
        states.update({row["state"]: row["n"] - states[row["state"]] for row in rows})
        return states["open"] + states["refused"] == ORDERS

    await until(decided, 60)
    return states


async def test_of_200_parallel_orders_exactly_the_10_that_fit_are_approved(platform: Platform, client: Client) -> None:
    for number in range(ROUNDS):
        async with Client(client.base) as trader:
            me = (await trader.register())["user"]
            principal = Principal(UUID(me["id"]), me["username"], "trader")
            limit = {"limit_type": "position_value", "limit_value": "2000", "symbol": "BTC/USDT"}
            await platform.ask("risk", "POST", "/limits", principal, limit)
            await asyncio.gather(*(place(trader, n) for n in range(ORDERS)))
            found = await outcome(platform, principal.user_id)
            assert (found["open"], found["refused"]) == (10, 190), f"round {number}: {found}"
