"""Users over the public API, in the words of contract botplatform: the examples of its page, field by field."""

from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest

from millrace.common.runtime.commands.users import add_user
from millrace.common.runtime.platform import Platform
from tests.e2e.client import Client, until

TOKENS = {"access_token": "eyJ...", "refresh_token": "eyJ...", "token_type": "bearer"}
USER = {"id": "uuid", "username": "trader123", "email": "a@b.c", "full_name": "John Trader", "is_active": True}
PROFILE = {**USER, "preferences": {"theme": "dark", "language": "en"}, "created_at": "2025-12-01T10:00:00Z"}
BOT = {
    "id": "uuid",
    "name": "BTC Scalper",
    "status": "inactive",
    "strategy_id": "uuid",
    "exchange": "binance",
    "symbol": "BTCUSDT",
    "created_at": "2025-12-17T10:00:00Z",
}
ORDER = {
    "id": "uuid",
    "bot_id": "uuid",
    "symbol": "BTCUSDT",
    "side": "BUY",
    "order_type": "LIMIT",
    "quantity": "0.001",
    "price": "45000.00",
    "status": "pending",
    "created_at": "2025-12-17T10:00:00Z",
}
STRATEGY = {"id": "uuid", "name": "x", "description": "x", "is_active": True, "created_at": "2025-12-17T10:00:00Z"}
POSITION = {
    "id": "string",
    "symbol": "BTCUSDT",
    "exchange": "string",
    "side": "buy",
    "quantity": 0.5,
    "entry_price": 43200.0,
    "current_price": 43275.0,
    "pnl": 37.5,
    "pnl_percentage": 0.87,
    "size": "0.5",
    "mark_price": "43275.00",
    "unrealized_pnl": "37.50",
    "percentage": "0.87",
    "margin": "2160.00",
    "opened_at": "2025-09-18T08:30:00Z",
    "updated_at": "2025-09-18T09:00:00Z",
}


def like(found: Any, example: Any, at: str = "") -> None:
    """`found` has the example's keys with values of the same kind; more keys are allowed."""
    if isinstance(example, dict):
        assert isinstance(found, dict), at
        for key, inner in example.items():
            assert key in found, f"{at}.{key} is missing in {found}"
            like(found[key], inner, f"{at}.{key}")
    elif example == "uuid":
        UUID(found)
    elif isinstance(example, str) and example.endswith("Z"):
        assert len(found) == len(example), f"{at}: {found}"
        assert found.endswith("Z"), f"{at}: {found}"
    else:
        assert type(found) is type(example), f"{at}: {found!r} is not like {example!r}"


def lifetime(token: str) -> int:
    """For how many seconds an access token is good."""
    said = jwt.decode(token, options={"verify_signature": False})
    return int(said["exp"] - said["iat"])


async def test_registering_signing_in_and_refreshing_answer_as_the_contract_says(client: Client) -> None:
    name = f"user-{uuid4().hex[:10]}"
    asked = {"username": name, "email": f"{name}@example.com", "password": "SecurePass123!", "full_name": "John Trader"}
    status, made = await client.call("POST", "/api/v1/auth/register", asked)
    assert status == 201
    like(made, {**TOKENS, "user": USER})
    assert lifetime(made["access_token"]) == 1800
    assert (made["user"]["full_name"], made["token_type"]) == ("John Trader", "bearer")
    for login in (name, f"{name.upper()}@EXAMPLE.com"):
        status, found = await client.call(
            "POST", "/api/v1/auth/login", {"username": login, "password": "SecurePass123!"}
        )
        assert status == 200
        like(found, {**TOKENS, "expires_in": 1800, "user": USER})
    asked = {"refresh_token": found["refresh_token"]}
    status, again = await client.call("POST", "/api/v1/auth/refresh", asked)
    assert status == 200
    like(again, {"access_token": "eyJ...", "token_type": "bearer", "expires_in": 1800})
    assert again["refresh_token"] == found["refresh_token"]
    for contract, seconds in (("application", 86_400), ("interfaces", 3600), ("botplatform", 1800)):
        path = f"/contracts/{contract}/api/v1/auth/refresh"
        assert lifetime((await client.call("POST", path, asked))[1]["access_token"]) == seconds, contract


async def test_a_profile_is_read_and_changed_as_the_contract_says(client: Client) -> None:
    asked = {"full_name": "John Updated", "preferences": {"theme": "light", "language": "en"}}
    status, found = await client.call("PATCH", "/api/v1/users/me", asked)
    assert status == 200
    like(found, PROFILE)
    assert found == await client.get("/api/v1/users/me")
    status, found = await client.call("PATCH", "/api/v1/users/me", {"preferences": {"theme": "dark"}})
    assert (found["full_name"], found["preferences"]) == ("John Updated", {"theme": "dark", "language": "en"})
    status, _ = await client.call("PATCH", "/api/v1/users/me", {"preferences": {"theme": "y" * 20_000}})
    assert status == 422
    assert (await client.get("/api/v1/users/me"))["preferences"] == {"theme": "dark", "language": "en"}


async def test_bots_orders_and_positions_answer_as_the_contract_says(client: Client) -> None:
    strategy = next(s for s in (await client.get("/api/v1/strategies"))["strategies"] if s["name"] == "hold")
    like(
        strategy,
        {"id": "uuid", "name": "x", "description": "x", "is_active": True, "created_at": "2025-12-17T10:00:00Z"},
    )
    asked = {"name": "BTC Scalper", "strategy_id": strategy["id"], "exchange": "binance", "symbol": "BTCUSDT"}
    config = {"leverage": 10, "position_size": 0.1}
    status, bot = await client.call("POST", "/api/v1/bots", {**asked, "config": config})
    assert status == 201, bot
    like(bot, BOT)
    assert bot["status"] == "inactive"
    page = await client.get("/api/v1/bots?limit=10&offset=0&status=inactive&exchange=binance")
    like(page, {"items": [], "total": 1, "limit": 10, "offset": 0})
    assert [b["id"] for b in page["items"]] == [bot["id"]]
    assert (await client.get("/api/v1/bots?status=paused"))["items"] == []
    path = f"/api/v1/bots/{bot['id']}"
    like(await client.get(path), BOT)
    status, found = await client.call("PATCH", path, {"name": "Updated Name", "config": {"leverage": 5}})
    assert (status, found["name"], found["config"]["leverage"]) == (200, "Updated Name", 5)
    for verb, text, state in (("start", "started", "active"), ("stop", "stopped", "inactive")):
        status, found = await client.call("POST", f"{path}/{verb}")
        assert (status, found) == (
            200,
            {"message": f"Bot {text} successfully", "bot_id": bot["id"], "status": state},
        )
    asked = {"bot_id": bot["id"], "symbol": "BTCUSDT", "side": "BUY", "order_type": "LIMIT"}
    status, order = await client.call("POST", "/api/v1/orders", {**asked, "quantity": 0.001, "price": 20000.00})
    assert status == 201, order
    like(order, ORDER)
    assert (order["quantity"], order["price"], order["status"]) == ("0.001", "20000.00", "pending")
    page = await client.get(f"/api/v1/orders?bot_id={bot['id']}&symbol=BTCUSDT&status=pending&limit=5")
    like(page, {"items": [], "total": 1, "limit": 5, "offset": 0})
    like(page["items"][0], ORDER)
    status, found = await client.call("DELETE", f"/api/v1/orders/{order['id']}")
    assert (status, found) == (
        200,
        {"message": "Order cancelled successfully", "order_id": order["id"], "status": "cancelled"},
    )
    status, found = await client.call("DELETE", path)
    assert (status, found) == (204, "")
    await client.order()

    async def held() -> bool:
        return bool((await client.get("/api/v1/trading/positions"))["positions"])

    await until(held)
    found = await client.get("/api/v1/trading/positions?symbol=BTCUSDT")
    assert found["count"] == 1
    like(found["positions"][0], POSITION)


async def test_errors_answer_as_the_contract_says(client: Client) -> None:
    error = {"detail": "Error message", "code": "ERROR_CODE", "timestamp": "2025-12-17T10:00:00Z"}
    bad = {"symbol": "BTCUSDT", "side": "BUY", "order_type": "LIMIT", "quantity": 0, "price": 45000}
    status, found = await client.call("POST", "/api/v1/orders", bad)
    assert (status, found["code"]) == (400, "INVALID_QUANTITY")
    like(found, error)
    client.token = "nonsense"
    status, found = await client.call("GET", "/api/v1/users/me")
    assert (status, found["code"], found["detail"]) == (401, "INVALID_TOKEN", "Invalid or expired token")
    like(found, error)
    like(await client.get("/health"), {"status": "healthy", "environment": "development", "version": "1.0.0"})
    like(await client.get("/api/v1/health"), {"status": "healthy", "timestamp": "2025-12-17T10:00:00Z"})
    assert (await client.get("/health"))["status"] == "healthy"


async def test_a_user_added_on_the_command_line_signs_in_and_trades(client: Client, platform: Platform) -> None:
    name = f"user-{uuid4().hex[:10]}"
    settings = platform.settings.model_copy(update={"database_url": platform.host.url})
    assert await add_user(settings, name, f"{name}@example.com", "trader", "SecurePass123!", "json") == 0
    async with Client(client.base) as other:
        login = {"username": name, "password": "SecurePass123!"}
        other.token = (await other.call("POST", "/api/v1/auth/login", login))[1]["access_token"]
        await until(other._funded)
        assert (await other.order())["status"] != "rejected"


async def test_a_user_who_is_disabled_is_out_everywhere_and_their_bots_stop(client: Client, platform: Platform) -> None:
    me = await client.get("/api/v1/users/me")
    strategy = next(s for s in (await client.get("/api/v1/strategies"))["strategies"] if s["name"] == "hold")
    asked = {"name": "b", "strategy_id": strategy["id"], "exchange": "binance", "symbol": "BTCUSDT"}
    _, bot = await client.call("POST", "/api/v1/bots", asked)
    await client.call("POST", f"/api/v1/bots/{bot['id']}/start")
    name = f"admin-{uuid4().hex[:10]}"
    terms = {"username": name, "email": f"{name}@example.com", "password": "SecurePass123!", "role": "admin"}
    await platform.ask("auth", "POST", "/users", json=terms)
    async with Client(client.base) as admin, client.websocket() as stream:
        await stream.send_json({"type": "auth", "token": client.token})
        await stream.send_json({"type": "ping"})
        assert (await stream.receive_json(timeout=10))["type"] == "pong"
        login = {"username": name, "password": "SecurePass123!"}
        admin.token = (await admin.call("POST", "/api/v1/auth/login", login))[1]["access_token"]
        status, _ = await client.call("PATCH", f"/api/v1/users/{me['id']}", {"role": "admin"})
        assert status == 403
        status, found = await admin.call("PATCH", f"/api/v1/users/{me['id']}", {"is_active": False})
        assert (status, found["is_active"]) == (200, False)
        await stream.receive(timeout=10)
        assert stream.close_code == 4401

    async def out() -> bool:
        return (await client.call("GET", "/api/v1/users/me"))[0] == 401

    await until(out, 5)

    async def stopped() -> bool:
        rows = await platform.host.running["bots"].database.fetch(
            "select status from bots where id = $1", UUID(bot["id"])
        )
        return bool(rows[0]["status"] == "stopped")

    await until(stopped)


LOGINS = {
    "network": ("/api/auth/login", "email"),
    **dict.fromkeys(("application", "botplatform", "interfaces", "crypto"), ("/api/v1/auth/login", "username")),
}


@pytest.mark.parametrize("contract", LOGINS)
async def test_no_contract_tells_whether_a_user_exists(client: Client, contract: str) -> None:
    known, (path, key) = f"{client.name}@example.com", LOGINS[contract]
    client.token, answers = "", []
    for name in (known, f"nobody-{uuid4().hex[:8]}@example.com"):
        for place, body in (
            (f"/contracts/{contract}{path}", {key: name, "password": "Wrong-Horse-77"}),
            ("/api/v1/auth/password/reset", {"email": name}),
        ):
            status, found = await client.call("POST", place, body)
            found = without_moments(found)
            answers.append((status, found))
    assert answers[:2] == answers[2:]
    assert [status for status, _ in answers[:2]] == [401, 200]


def without_moments(body: Any) -> Any:
    """A body without what differs between two answers to one request."""
    if isinstance(body, dict):
        return {name: without_moments(each) for name, each in body.items() if name not in ("request_id", "timestamp")}
    return body


async def test_who_logs_out_is_out_at_once_though_the_token_was_just_used(client: Client) -> None:
    assert (await client.call("GET", "/api/v1/users/me"))[0] == 200
    assert (await client.call("POST", "/api/v1/auth/logout", {}))[0] == 200
    assert (await client.call("GET", "/api/v1/users/me"))[0] == 401
