"""A group's trade and a group itself under a key: the same key is answered the same, a new one is a new try."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from millrace.common.runtime.platform import Platform
from tests.e2e import callers
from tests.e2e.client import Client, until
from tests.e2e.test_idempotency import sent

GROUPS = "/api/v1/groups"
TRADE = {"symbol": "BTCUSDT", "side": "buy", "order_type": "market", "risk_percentage": 20}


@pytest.fixture
async def admin(platform: Platform) -> AsyncIterator[Client]:
    """An administrator, whom the document lets trade by groups."""
    async with Client(f"http://127.0.0.1:{platform.port}") as client:
        client.name = await callers.user(platform, "admin", f"admin{uuid4().hex[:10]}")
        client.token = await callers.token(client, client.name)
        await until(client._funded)
        yield client


async def group_of(client: Client, **limits: Any) -> str:
    """A group with the user's account on binance."""
    accounts = (await client.get("/api/v1/accounts/list"))["accounts"]
    mine = next(
        info["account_id"] for info in (one["account_info"] for one in accounts) if info["exchange"] == "binance"
    )
    status, made = await client.call("POST", GROUPS, {"name": uuid4().hex[:8], "accounts": [mine], **limits})
    assert status == 200, made
    return str(made["data"]["group"]["id"])


async def test_a_trade_that_risk_refused_goes_under_a_new_key_once_the_limit_is_lifted(admin: Client) -> None:
    client, key = admin, uuid4().hex
    limit = {"limit_type": "POSITION_SIZE", "limit_value": "100", "symbol": "BTC/USDT"}
    status, made = await client.call("POST", "/api/v1/risk/limits", limit)
    assert status in (200, 201), made
    path = f"/api/v1/trading/group/{await group_of(client)}/execute"
    first = await sent(client, key, TRADE, path)
    assert (first[0], b"position would be worth" in first[1]) == (200, True), first
    status, told = await client.call("PUT", f"/api/v1/risk/limits/{made['id']}", {"limit_value": "900000"})
    assert status == 200, told
    again = await sent(client, key, TRADE, path)
    other = await sent(client, uuid4().hex, TRADE, path)
    assert again == first
    assert (other[0], b'"success_count":1' in other[1].replace(b" ", b"")) == (200, True), other
    assert (await client.get("/api/v1/orders"))["total"] == 2


async def test_a_group_whose_limit_is_refused_is_not_made_and_may_be_made_under_a_new_key(admin: Client) -> None:
    client, key = admin, uuid4().hex
    too_much = {"name": "g", "max_drawdown": 60}
    first = await sent(client, key, too_much, GROUPS)
    assert (first[0] in (400, 422), b"50 %" in first[1]) == (True, True), first
    assert await sent(client, key, too_much, GROUPS) == first
    assert (await client.get(GROUPS))["data"]["total"] == 0
    assert (await sent(client, uuid4().hex, {**too_much, "max_drawdown": 50}, GROUPS))[0] == 200
    assert (await client.get(GROUPS))["data"]["total"] == 1
    group = (await client.get(GROUPS))["data"]["groups"][0]["id"]
    status, _ = await client.call("PATCH", f"{GROUPS}/{group}", {"max_drawdown": 60})
    assert status in (400, 422)
    assert (await client.call("PATCH", f"{GROUPS}/{group}", {"accounts": []}))[0] == 200
