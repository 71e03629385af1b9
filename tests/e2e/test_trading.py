"""From a registration to a booked fill, over the public API."""

import asyncio
from decimal import Decimal
from typing import Any

import orjson

from millrace.common.runtime.platform import Platform
from millrace.common.runtime.verify import verify
from tests.e2e.client import Client, until


async def test_a_market_order_is_filled_and_becomes_a_position(client: Client) -> None:
    placed = await client.order(quantity=0.01)
    assert placed["status"] in ("pending", "filled")
    filled = await client.order_with(placed["id"], "filled")
    assert filled["filled_quantity"] == "0.01"

    async def booked() -> bool:
        return bool((await client.get("/api/v1/trading/positions"))["positions"])

    await until(booked)
    position = (await client.get("/api/v1/trading/positions"))["positions"][0]
    assert position["symbol"] == "BTC/USDT"
    assert position["side"] == "buy"
    assert position["quantity"] == 0.01
    trade = (await client.get("/api/v1/trades"))["items"][0]
    paid = Decimal(trade["price"]) * Decimal(trade["quantity"])
    balance = await client.get("/api/v1/portfolio/balance")
    cash = next(a for a in balance["assets"] if a["asset"] == "USDT")
    assert Decimal(cash["wallet_balance"]) == 10_000 - paid - Decimal(trade["fee"])
    assert Decimal(trade["fee"]) == paid / 1000


async def test_a_resting_limit_order_can_be_cancelled_and_its_funds_come_back(client: Client) -> None:
    placed = await client.order(order_type="LIMIT", quantity="0.1", price="20000.00")
    await client.order_with(placed["id"], "pending")
    status, refused = await client.call(
        "POST",
        "/api/v1/orders",
        {"symbol": "BTCUSDT", "side": "BUY", "order_type": "LIMIT", "quantity": "0.45", "price": "20000"},
    )
    assert (status, refused["code"]) == (400, "INSUFFICIENT_BALANCE")
    newest = (await client.get("/api/v1/orders"))["items"][0]
    assert newest["status"] == "rejected"
    assert "balance" in await client.reason(newest["id"])
    status, cancelled = await client.call("DELETE", f"/api/v1/orders/{placed['id']}")
    assert (status, cancelled["status"]) == (200, "cancelled")
    again = await client.order(order_type="LIMIT", quantity="0.45", price="20000")
    assert again["status"] != "rejected"


async def test_a_filled_order_cannot_be_cancelled(client: Client) -> None:
    placed = await client.order()
    await client.order_with(placed["id"], "filled")
    status, error = await client.call("DELETE", f"/api/v1/orders/{placed['id']}")
    assert (status, error["code"]) == (400, "ORDER_NOT_CANCELABLE")


async def test_a_bot_trades_and_says_why_it_does_not(client: Client) -> None:
    strategies = {s["name"]: s["id"] for s in (await client.get("/api/v1/strategies"))["strategies"]}
    bot = {
        "name": "eager",
        "strategy_id": strategies["trend"],
        "exchange": "binance",
        "symbol": "ETHUSDT",
        "config": {"timeframe": "1s", "position_size": 0.2, "parameters": {"fast": 2, "slow": 4, "kind": "sma"}},
    }
    status, made = await client.call("POST", "/api/v1/bots", bot)
    assert (status, made["status"]) == (201, "inactive")
    status, started = await client.call("POST", f"/api/v1/bots/{made['id']}/start")
    assert (status, started["status"]) == (200, "active")

    async def traded() -> bool:
        return bool((await client.get(f"/api/v1/orders?bot_id={made['id']}"))["items"])

    await until(traded, 30)
    skips = await client.get(f"/api/v1/bots/{made['id']}/skips")
    assert all(s["count"] > 0 and s["reason"] for s in skips["items"])
    status, stopped = await client.call("POST", f"/api/v1/bots/{made['id']}/stop")
    assert (status, stopped["status"]) == (200, "inactive")
    status, _ = await client.call("DELETE", f"/api/v1/bots/{made['id']}")
    assert status == 204
    status, _ = await client.call("GET", f"/api/v1/bots/{made['id']}")
    assert status == 404


async def test_the_kill_switch_stops_orders_and_cancels_what_rests(client: Client) -> None:
    resting = await client.order(order_type="LIMIT", price="20000")
    await client.order_with(resting["id"], "pending")
    status, _ = await client.call("POST", "/api/v1/risk/kill", {"scope": "user"})
    assert status == 200
    await client.order_with(resting["id"], "cancelled")
    order = {"symbol": "BTCUSDT", "side": "BUY", "order_type": "MARKET", "quantity": "0.01"}
    status, refused = await client.call("POST", "/api/v1/orders", order)
    assert (status, refused["code"]) == (400, "RISK_REFUSED")
    newest = (await client.get("/api/v1/orders"))["items"][0]
    assert (newest["status"], "kill_switch" in await client.reason(newest["id"])) == ("rejected", True)
    await client.call("DELETE", "/api/v1/risk/kill", {"scope": "user"})
    assert (await client.order())["status"] != "rejected"


async def test_a_stream_tells_of_the_fill_and_resumes_without_a_gap(client: Client) -> None:
    async with client.websocket() as stream:
        await stream.send_json({"type": "auth", "token": client.token})
        await stream.send_json({"type": "subscribe", "channel": "events"})
        await stream.send_json({"type": "subscribe", "channel": "market_data", "symbol": "BTCUSDT", "timeframe": "1s"})
        assert (await _next(stream, "market_data"))["symbol"] == "BTCUSDT"
        await client.order()
        first = await _next(stream, "event", "fill_booked")
    await client.order()
    seen: list[int] = []
    async with client.websocket() as stream:
        await stream.send_json({"type": "auth", "token": client.token, "resume_from": first["seq"]})
        await stream.send_json({"type": "subscribe", "channel": "events"})
        while True:
            message = await _next(stream, "event")
            seen.append(message["seq"])
            if message["data"]["kind"] == "fill_booked":
                break
    assert seen == list(range(first["seq"] + 1, first["seq"] + 1 + len(seen)))


async def _next(stream: Any, kind: str, what: str | None = None) -> dict[str, Any]:
    async with asyncio.timeout(15):
        while True:
            message: dict[str, Any] = orjson.loads(await stream.receive_str())
            if message["type"] == kind and (what is None or message["data"]["kind"] == what):
                return message


async def test_the_books_are_clean_afterwards(platform: Platform, client: Client) -> None:
    await client.order()
    broken = {f.check.number: f.rows for f in await verify(platform.host.url, 20) if f.rows}
    assert broken == {}


async def test_who_has_just_registered_can_trade_at_once(client: Client) -> None:
    async with Client(client.base) as new:
        asked = {"username": new.name, "email": f"{new.name}@example.com", "password": "SecurePass123!"}
        _, found = await new.call("POST", "/api/v1/auth/register", asked)
        new.token = found["access_token"]
        strategy = (await new.get("/api/v1/strategies"))["strategies"][0]["id"]
        bot = {"name": "first", "strategy_id": strategy, "exchange": "binance", "symbol": "BTCUSDT"}
        status, made = await new.call("POST", "/api/v1/bots", bot)
        assert status == 201, made
        assert (await new.order())["status"] != "rejected"


async def test_an_order_in_the_name_of_somebody_elses_bot_is_not_found(client: Client) -> None:
    strategies = {s["name"]: s["id"] for s in (await client.get("/api/v1/strategies"))["strategies"]}
    bot = {"name": "mine", "strategy_id": strategies["hold"], "exchange": "binance", "symbol": "BTCUSDT"}
    _, made = await client.call("POST", "/api/v1/bots", bot)
    assert (await client.order(bot_id=made["id"]))["bot_id"] == made["id"]
    async with Client(client.base) as other:
        await other.register()
        order = {"symbol": "BTCUSDT", "side": "BUY", "order_type": "MARKET", "quantity": "0.01", "bot_id": made["id"]}
        status, error = await other.call("POST", "/api/v1/orders", order)
        assert (status, error["code"]) == (404, "NOT_FOUND")
