"""A limit holds under concurrency, to the unit."""

import asyncio
from collections import Counter
from uuid import UUID

from millrace.common.auth.principal import Principal
from millrace.common.runtime.platform import Platform
from tests.e2e.client import Client, until

ROUNDS = 8
ORDER = {"order_type": "LIMIT", "quantity": "0.01", "price": "20000"}  # each is worth 200 USDT


async def place(trader: Client, number: int) -> None:
    """Place an order as a careful client does: who is told to try again tries again, under the same id."""
    asked = {"symbol": "BTCUSDT", "side": "BUY", **ORDER, "client_order_id": f"order-{number}"}

    async def taken() -> bool:
        status, found = await trader.call("POST", "/api/v1/orders", asked)
        assert status in (201, 409, 503), found
        return status != 503

    await until(taken, 60)


async def test_of_200_parallel_orders_exactly_the_10_that_fit_are_approved(platform: Platform, client: Client) -> None:
    for number in range(ROUNDS):
        async with Client(client.base) as trader:
            me = (await trader.register())["user"]
            principal = Principal(UUID(me["id"]), me["username"], "trader")
            limit = {"limit_type": "position_value", "limit_value": "2000", "symbol": "BTC/USDT"}
            await platform.ask("risk", "POST", "/limits", principal, limit)
            await asyncio.gather(*(place(trader, n) for n in range(200)))
            await platform.host.until(platform.host.at_rest, 30)
            states = await platform.host.running["execution"].database.fetch(
                "select state, count(*) as n from execution.orders where user_id = $1 group by 1", principal.user_id
            )
            found = Counter({row["state"]: row["n"] for row in states})
            assert found == {"open": 10, "refused": 190}, f"round {number}: {found}"
