"""Whatever is sent: a typed answer, never a 5xx, and nothing changed."""

import asyncio
import io

import pytest

from tests.e2e.client import Client

ORDER = {"symbol": "BTCUSDT", "side": "BUY", "order_type": "LIMIT", "quantity": "0.01", "price": "20000"}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"quantity": "NaN"}, 422),
        ({"quantity": "1e999999"}, 422),
        ({"quantity": "1_0"}, 422),
        ({"quantity": -1}, 400),
        ({"quantity": 0}, 400),
        ({"quantity": [1]}, 422),
        ({"quantity": "0.000000001"}, 400),
        ({"quantity": None}, 422),
        ({"symbol": "NOPE"}, 400),
        ({"symbol": "DOGEUSDT"}, 400),
        ({"symbol": "\u0000"}, 422),
        ({"side": "HOLD"}, 422),
        ({"order_type": "ICEBERG"}, 422),
        ({"price": None}, 422),
        ({"price": "20000.001"}, 400),
        ({"bot_id": "7"}, 404),
        ({"exchange": "mtgox"}, 400),
        ({"time_in_force": "DAY"}, 422),
    ],
)
async def test_a_wrong_order_is_refused_with_the_reason(client: Client, change: dict[str, object], status: int) -> None:
    found, error = await client.call("POST", "/api/v1/orders", {**ORDER, **change})
    assert found == status, error
    assert error["code"]
    assert error["error"]["message"]
    assert (await client.get("/api/v1/orders"))["total"] == 0


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b'{"quantity": NaN}',
        b'{"quantity": Infinity}',
        b'{"quantity": 1e999999}',
        b'{"a": 1, "a": 2}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"symbol": "\\ud800"}',
    ],
)
async def test_a_broken_body_is_refused(client: Client, raw: bytes) -> None:
    status, error = await client.call("POST", "/api/v1/orders", headers={"content-type": "application/json"}, data=raw)
    assert status == 422, error
    assert (await client.get("/api/v1/orders"))["total"] == 0


async def test_an_oversized_body_is_cut(client: Client) -> None:
    status, error = await client.call("POST", "/api/v1/orders", data=io.BytesIO(b"x" * (2 << 20)))
    assert (status, error["code"]) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
async def test_a_bad_token_is_refused(client: Client, token: str) -> None:
    client.token = token
    status, error = await client.call("GET", "/api/v1/orders")
    assert (status, error["code"]) == (401, "INVALID_TOKEN")


async def test_a_refresh_token_is_no_access_token(client: Client) -> None:
    login = {"username": client.name, "password": "SecurePass123!"}
    _, found = await client.call("POST", "/api/v1/auth/login", login)
    client.token = found["refresh_token"]
    status, _ = await client.call("GET", "/api/v1/orders")
    assert status == 401


async def test_a_session_that_logged_out_is_refused_everywhere_within_seconds(client: Client) -> None:
    await client.call("POST", "/api/v1/auth/logout", {})

    async def status() -> int:
        return (await client.call("GET", "/api/v1/users/me"))[0]

    async with asyncio.timeout(5):
        while await status() != 401:
            await asyncio.sleep(0.1)


async def test_a_wrong_password_and_an_unknown_user_look_the_same(client: Client) -> None:
    wrong = await client.call("POST", "/api/v1/auth/login", {"username": client.name, "password": "wrong"})
    unknown = await client.call("POST", "/api/v1/auth/login", {"username": "nobody-here", "password": "wrong"})
    for _, error in (wrong, unknown):
        for key in ("timestamp", "request_id"):
            error.pop(key)
            error["error"].pop(key)
    assert wrong == unknown
    assert wrong[0] == 401


async def test_foreign_and_absent_things_are_the_same_404(client: Client) -> None:
    mine = await client.order(order_type="LIMIT", price="20000")
    async with Client(client.base) as other:
        await other.register()
        answers = []
        for order_id in (mine["id"], "01a20d6d-7982-79b1-9f9c-2d7881e2698d"):
            for method in ("GET", "DELETE"):
                status, error = await other.call(method, f"/api/v1/orders/{order_id}")
                answers.append((status, error["detail"], error["code"]))
        assert set(answers) == {(404, "order not found", "NOT_FOUND")}
    await client.order_with(mine["id"], "pending")


async def test_weak_registrations_are_refused(client: Client) -> None:
    good = {"username": "somebody", "email": "somebody@example.com", "password": "SecurePass123!"}
    for change in ({"password": "short"}, {"password": "password123"}, {"email": "nobody"}, {"username": "a b"}):
        status, error = await client.call("POST", "/api/v1/auth/register", {**good, **change})
        assert status == 422, error
    status, error = await client.call("POST", "/api/v1/auth/register", {**good, "username": client.name})
    assert (status, error["code"]) == (400, "CONFLICT")
