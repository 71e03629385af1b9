"""TradingView's alerts over the public API: signed, or by a secret address; each acts once."""

import hashlib
import hmac
import json
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.client import Client, until

HOOK = "/api/v1/webhook/tradingview"
ALERT = {
    "order_type": "market",
    "symbol": "BTCUSDT",
    "botname": "alerts",
    "side": "buy",
    "size": "0.01",
    "leverage": "1",
    "takeprofit": "",
}


async def secret_of(client: Client) -> str:
    """A new secret, and a bot that is called by alerts."""
    status, made = await client.call("PUT", "/api/v1/webhook/secret", {})
    assert status == 200, made
    strategy = (await client.get("/api/v1/strategies"))["strategies"][0]["id"]
    bot = {"name": "alerts", "strategy_id": strategy, "exchange": "binance", "symbol": "BTCUSDT"}
    status, found = await client.call("POST", "/api/v1/bots", bot)
    assert status == 201, found
    status, _ = await client.call("POST", f"/api/v1/bots/{found['id']}/start")
    assert status == 200
    return str(made["secret"])


async def send(client: Client, raw: bytes, path: str = HOOK, **headers: str) -> tuple[int, Any]:
    """As TradingView sends it: nobody is signed in."""
    token, client.token = client.token, ""
    try:
        return await client.call("POST", path, data=raw, headers={"content-type": "application/json", **headers})
    finally:
        client.token = token


def signature(secret: str, raw: bytes) -> str:
    """The header's value."""
    return hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("way", ["signature", "address"])
async def test_an_alert_becomes_one_order_however_often_it_comes(client: Client, way: str) -> None:
    secret = await secret_of(client)
    raw = json.dumps(ALERT).encode()
    signed = {"X-TradingView-Signature": signature(secret, raw)} if way == "signature" else {}
    path = HOOK if way == "signature" else f"{HOOK}/{secret}"
    status, first = await send(client, raw, path, **signed)
    assert (status, first["data"]["success_count"], first["data"]["error_count"]) == (200, 1, 0), first

    async def filled() -> bool:
        return [order["status"] for order in (await client.get("/api/v1/orders"))["items"]] == ["filled"]

    await until(filled)
    status, again = await send(client, raw, path, **signed)
    assert (status, again["data"]["correlation_id"]) == (200, first["data"]["correlation_id"])
    assert (await client.get("/api/v1/orders"))["total"] == 1


async def test_an_alert_that_says_whose_it_is_is_believed_by_that_users_key_alone(client: Client) -> None:
    secret, raw = await secret_of(client), json.dumps(ALERT).encode()
    mine = (await client.get("/api/v1/users/me"))["id"]
    for user, expected in ((mine, 200), (str(uuid4()), 401), ("me", 422)):
        signed = {"X-TradingView-Signature": signature(secret, raw), "X-TradingView-User": user}
        assert (await send(client, raw, **signed))[0] == expected, user


@pytest.mark.parametrize("signed", [{}, {"X-TradingView-Signature": "0" * 64}])
async def test_an_alert_that_nobody_signed_does_nothing(client: Client, signed: dict[str, str]) -> None:
    await secret_of(client)
    status, _ = await send(client, json.dumps(ALERT).encode(), **signed)
    assert status == 401
    assert (await client.get("/api/v1/orders"))["total"] == 0


async def test_a_body_that_was_changed_is_not_believed(client: Client) -> None:
    secret = await secret_of(client)
    raw = json.dumps(ALERT).encode()
    changed = json.dumps({**ALERT, "size": "0.1"}).encode()
    status, _ = await send(client, changed, **{"X-TradingView-Signature": signature(secret, raw)})
    assert status == 401
