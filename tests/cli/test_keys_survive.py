"""What a user was answered holds after the platform was killed: keys of requests, sessions, orders, balances."""

import signal
import time
from pathlib import Path
from typing import Any

from tests.cli.program import Started, free_port, seconds_to_health
from tests.e2e.client import Client, until

ORDER = {"symbol": "BTCUSDT", "side": "BUY", "order_type": "MARKET", "quantity": "0.01"}


async def place(client: Client, key: str) -> tuple[int, bytes]:
    """The answer's status and bytes."""
    headers = {"authorization": f"Bearer {client.token}", "idempotency-key": key}
    async with client._session.post("/api/v1/orders", json=ORDER, headers=headers) as answer:
        return answer.status, await answer.read()


async def seen(client: Client) -> dict[str, Any]:
    """What the user has, without what the market moves."""
    orders = (await client.get("/api/v1/orders"))["items"]
    assets = (await client.get("/api/v1/portfolio/balance"))["assets"]
    me = await client.get("/api/v1/users/me")
    return {
        "me": me,
        "orders": {order["id"]: (order["status"], order["filled_quantity"]) for order in orders},
        "assets": {asset["asset"]: asset["wallet_balance"] for asset in assets},
    }


async def test_after_a_kill_the_same_key_gives_the_same_answer_and_nothing_is_lost(tmp_path: Path) -> None:
    port, folder = free_port(), tmp_path / "data"
    base = f"http://127.0.0.1:{port}"
    async with Client(base) as client:
        with Started("up", "--port", str(port), "--data-dir", folder) as platform:
            await seconds_to_health(base, time.monotonic())
            await client.register()
            first = await place(client, "mine")
            assert first[0] == 201, first
            [order] = (await client.get("/api/v1/orders"))["items"]
            await client.order_with(order["id"], "filled")

            async def booked() -> bool:
                return "BTC" in (await seen(client))["assets"]

            await until(booked)
            before = await seen(client)
            platform.process.send_signal(signal.SIGKILL)
            platform.process.wait(10)
        with Started("up", "--port", str(port), "--data-dir", folder) as platform:
            await seconds_to_health(base, time.monotonic())
            assert await place(client, "mine") == first
            assert await seen(client) == before
            status, _ = await place(client, "another")
            assert status == 201
            assert len((await seen(client))["orders"]) == 2
            assert platform.stop().code == 0
