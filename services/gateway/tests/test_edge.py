"""The edge: who comes in, and what everybody else is told."""

import asyncio
import io
from contextlib import suppress
from typing import Any

import pytest

from millrace.common.kernel.clock import ManualClock

KEYS = {"success", "detail", "code", "errors", "request_id", "timestamp", "error"}
BOT = "01a20d6d-7982-79b1-9f9c-2d7881e2698d"
INNER = {"code", "message", "details", "timestamp", "request_id"}


def check(answer: tuple[int, Any, Any], status: int, code: str) -> None:
    """An error in the shape that every contract can read, and nothing of what is inside."""
    found, body, headers = answer
    assert (found, body["code"]) == (status, code), body
    assert set(body) == KEYS
    assert set(body["error"]) == INNER
    assert body["success"] is False
    assert body["request_id"] == body["error"]["request_id"] == headers["x-request-id"]
    assert body["timestamp"].endswith("Z")
    for word in ("Traceback", "asyncpg", "/src/", ".py", "select ", "127.0.0.1:9"):
        assert word not in str(body)


async def test_every_error_has_code_message_and_request_id(start_door: Any) -> None:
    door = await start_door("auth")
    await door.register()
    bot = f"/api/v1/bots/{BOT}"
    for method, path, status, code in (
        ("GET", "/nothing", 404, "NOT_FOUND"),
        ("GET", "/api/v1/nothing/" + "x" * 8000, 404, "NOT_FOUND"),
        ("GET", "/api/v1/users/me/", 404, "NOT_FOUND"),
        ("GET", "/api/v1/../../etc/passwd", 404, "NOT_FOUND"),
        ("PUT", "/api/v1/users/me", 405, "METHOD_NOT_ALLOWED"),
        ("OPTIONS", "/api/v1/users/me", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/api/v1/bots/x", 404, "NOT_FOUND"),
        ("GET", "/api/v1/bots/%00", 404, "NOT_FOUND"),
        ("GET", "/api/v1/orders/" + "9" * 500, 404, "NOT_FOUND"),
        ("GET", "/api/v1/orders?limit=0", 422, "VALIDATION_ERROR"),
        ("GET", "/api/v1/orders?limit=101", 422, "VALIDATION_ERROR"),
        ("GET", "/api/v1/orders?limit=1e3", 422, "VALIDATION_ERROR"),
        ("GET", "/api/v1/orders?offset=-1", 422, "VALIDATION_ERROR"),
        ("GET", "/api/v1/orders?offset=99999999999999999999", 422, "VALIDATION_ERROR"),
        ("GET", "/api/v1/orders?status=sleeping", 422, "VALIDATION_ERROR"),
        ("GET", "/api/v1/orders?bot_id=x", 422, "VALIDATION_ERROR"),
        ("GET", "/api/v1/bots?status=sleeping", 422, "VALIDATION_ERROR"),
        ("GET", "/api/v1/trading/positions?status=ajar", 400, "VALIDATION_ERROR"),
        ("GET", "/api/v1/trading/positions?side=up", 400, "VALIDATION_ERROR"),
        ("GET", "/api/v1/trading/positions?symbol=nothing", 400, "INVALID_SYMBOL"),
        ("POST", bot + "/explode", 404, "NOT_FOUND"),
        ("GET", bot, 503, "UNAVAILABLE"),
        ("GET", "/api/v1/orders", 503, "UNAVAILABLE"),
        ("PATCH", "/api/v1/users/7", 404, "NOT_FOUND"),
    ):
        check(await door.ask(method, path), status, code)
    check(await door.ask("POST", "/api/v1/orders", data=io.BytesIO(b"x" * (2 << 20))), 413, "PAYLOAD_TOO_LARGE")


async def test_a_422_lists_what_is_wrong_and_where(start_door: Any) -> None:
    door = await start_door("auth")
    status, body, _ = await door.ask("POST", "/api/v1/auth/register", {"username": "somebody"})
    missing = [
        {"loc": ["body", n], "msg": "field required", "type": "value_error.missing"} for n in ("email", "password")
    ]
    assert (status, body["detail"]) == (422, missing)
    body = {"username": "somebody", "email": "s@example.com", "password": "password123"}
    status, body, _ = await door.ask("POST", "/api/v1/auth/register", body)
    guessed = {"loc": ["body", "password"], "msg": "is too easy to guess", "type": "value_error"}
    assert (status, body["detail"]) == (422, [guessed])


@pytest.mark.parametrize(
    ("method", "path", "body", "key"),
    [
        ("POST", "/orders", {"symbol": "BTCUSDT", "side": "BUY", "order_type": "LIMIT", "quantity": 1}, "time_inforce"),
        ("POST", "/auth/api-keys", {"name": "k"}, "scoops"),
    ],
)
async def test_a_key_that_nobody_knows_is_named(start_door: Any, method: str, path: str, body: Any, key: str) -> None:
    door = await start_door("auth")
    await door.register()
    answer = await door.ask(method, f"/api/v1{path}", {**body, key: "x"})
    check(answer, 422, "VALIDATION_ERROR")
    assert answer[1]["errors"] == {key: "is not a known key"}
    assert [wrong["loc"] for wrong in answer[1]["detail"]] == [["body", key]]


async def test_what_only_the_server_sets_cannot_be_set(start_door: Any) -> None:
    door = await start_door("auth")
    me = (await door.register())["user"]
    body = {"full_name": "A B", "role": "admin", "is_active": False, "id": BOT, "email": "x@example.com"}
    status, found, _ = await door.ask("PATCH", "/api/v1/users/me", body)
    assert (status, found["full_name"], found["id"], found["email"]) == (200, "A B", me["id"], me["email"])
    check(await door.ask("GET", "/api/v1/users"), 403, "PERMISSION_DENIED")


async def test_a_fault_is_located_where_it_was_sent(start_door: Any) -> None:
    door = await start_door("auth")
    await door.register()
    for path, name in (("bots?status=bogus", "status"), ("orders?status=zzz", "status"), ("orders?limit=0", "limit")):
        _, found, _ = await door.ask("GET", f"/api/v1/{path}")
        assert [wrong["loc"] for wrong in found["detail"]] == [["query", name]], found
    order = {"symbol": "BTCUSDT", "side": "HOLD", "order_type": "LIMIT", "quantity": 1}
    _, found, _ = await door.ask("POST", "/api/v1/orders", order)
    assert [wrong["loc"] for wrong in found["detail"]] == [["body", "side"]]


async def test_what_is_wrong_is_said_in_plain_words(start_door: Any) -> None:
    door = await start_door("auth")
    await door.register()
    order = {"symbol": "BTCUSDT", "side": "BUY", "order_type": "LIMIT", "quantity": "NaN", "exchange": 5}
    _, found, _ = await door.ask("POST", "/api/v1/orders", order)
    assert found["errors"] == {"quantity": "must be finite", "exchange": "must be text"}
    _, found, _ = await door.ask("POST", "/api/v1/orders", [])
    assert found["errors"] == {"body": "must be an object"}
    _, found, _ = await door.ask("GET", "/api/v1/trading/positions?side=up")
    assert found["error"]["message"] == "side must be one of LONG, SHORT"
    _, found, _ = await door.ask("GET", "/api/v1/trading/positions?limit=many&status=ajar")
    assert found["errors"] == {"limit": "must be a whole number", "status": "must be one of all, closed, open"}


@pytest.mark.parametrize("apart", [False, True])
async def test_a_refused_stream_is_told_like_any_other_refusal(start_door: Any, apart: bool) -> None:
    door = await start_door("auth", "notifier", apart=apart)
    for headers in ({}, {"authorization": "Bearer nonsense"}):
        answer = await door.ask("GET", "/api/realtime/events", headers=headers)
        assert (answer[0], answer[1]["success"], answer[1]["error_code"][:5]) == (401, False, "AUTH_")
        assert answer[2]["www-authenticate"] == "Bearer"
    assert (await door.ask("POST", "/api/realtime/events"))[0] == 405


async def test_what_is_not_json_is_refused_whatever_it_calls_itself(start_door: Any) -> None:
    door = await start_door("auth")
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json", "x; y"):
        for raw in (b"username=a&password=b", b"\xff", b"--x\r\n\r\n--x--"):
            answer = await door.ask("POST", "/api/v1/auth/login", data=raw, headers={"content-type": kind})
            check(answer, 422, "VALIDATION_ERROR")


async def test_head_is_answered_like_get_without_the_body(start_door: Any) -> None:
    door = await start_door("auth")
    for path in ("/health", "/", "/openapi.json"):
        got, head = await door.ask("GET", path), await door.ask("HEAD", path)
        assert (head[0], head[1]) == (got[0], "") == (200, "")
        assert head[2]["content-type"] == got[2]["content-type"]
    assert (await door.ask("HEAD", "/nothing"))[0] == 404


@pytest.mark.parametrize("chosen", [{}, {"x-api-contract": "crypto"}])
async def test_head_has_the_headers_of_get(start_door: Any, chosen: dict[str, str]) -> None:
    door = await start_door("auth")
    await door.register()
    for path in ("/api/v1/users/me", "/api/v1/bots/x", "/api/v1/trading/positions?side=LONG", "/api/v1/auth/api-keys"):
        got, head = await door.ask("GET", path, headers=chosen), await door.ask("HEAD", path, headers=chosen)
        assert (head[0], head[1] or "") == (got[0], "")
        names = {name for name in map(str.lower, got[2]) if name.startswith("x-ratelimit")}
        assert len(names) == 4
        for name in ("x-api-contract", "vary", "content-type", "content-length", *sorted(names)):
            told = (got[2][name], head[2][name])
            if name in ("x-ratelimit-remaining", "x-ratelimit-reset"):
                assert all(map(str.isdigit, told)), name  # they move on
            elif got[0] == 200 or name != "content-length":
                assert told[0] == told[1], name


async def test_headers_from_outside_never_come_back_or_reach_a_service(start_door: Any) -> None:
    door = await start_door("auth")
    me = (await door.register())["user"]["id"]
    identity = door.stand.host.keys().internal
    from millrace.common.auth.internal import HEADER
    from millrace.common.testing.service import ADMIN

    forged = {HEADER: identity.sign(ADMIN, "auth"), "x-request-id": "mine", "x-forwarded-for": "1.2.3.4"}
    status, found, headers = await door.ask("GET", "/api/v1/users/me", headers=forged)
    assert (status, found["id"]) == (200, me)
    assert headers["x-request-id"] != "mine"
    check(await door.ask("PATCH", f"/api/v1/users/{me}", {"role": "admin"}, headers=forged), 403, "PERMISSION_DENIED")
    door.token = ""
    check(await door.ask("GET", "/api/v1/users/me", headers=forged), 401, "INVALID_TOKEN")
    status, _, headers = await door.ask("GET", "/%0d%0aset-cookie:%20a=b")
    assert (status, "set-cookie" in headers) == (404, False)


async def test_health_is_said_at_once_and_names_who_is_away(start_door: Any) -> None:
    door = await start_door("auth", "notifier")
    status, found, _ = await door.ask("GET", "/health")
    assert (status, found["status"]) == (200, "unhealthy")
    services = found["database"]["references"]
    assert {name for name, state in services.items() if state == "ok"} == {"auth", "notifier"}
    assert {"environment", "version"} <= set(found)
    status, found, _ = await door.ask("GET", "/api/v1/health")
    assert (status, found["status"], found["timestamp"][-1]) == (200, "unhealthy", "Z")


async def test_a_revoked_session_stops_within_five_seconds(start_door: Any) -> None:
    clock = ManualClock()
    door = await start_door("auth", clock=clock)
    found = await door.register()
    assert (await door.ask("GET", "/api/v1/users/me"))[0] == 200
    await door.stand.rows("auth", "update sessions set ended_at = now()")
    clock.advance(5)
    check(await door.ask("GET", "/api/v1/users/me"), 401, "INVALID_TOKEN")
    body = {"refresh_token": found["refresh_token"]}
    check(await door.ask("POST", "/api/v1/auth/refresh", body), 401, "INVALID_TOKEN")


async def test_an_expired_access_token_does_not_keep_a_logout_from_happening(start_door: Any) -> None:
    clock = ManualClock()
    door = await start_door("auth", clock=clock)
    refresh = {"refresh_token": (await door.register())["refresh_token"]}
    clock.advance(3601)
    check(await door.ask("POST", "/api/v1/auth/logout", {}), 401, "INVALID_TOKEN")
    status, found, headers = await door.ask("POST", "/api/v1/auth/logout", refresh)
    assert (status, found["message"], set(found["data"])) == (200, "Successfully logged out", {"timestamp"})
    assert 'millrace_refresh=""' in headers["set-cookie"]
    check(await door.ask("POST", "/api/v1/auth/refresh", refresh), 401, "INVALID_TOKEN")


async def test_the_refresh_cookie_is_for_the_browser_only(start_door: Any) -> None:
    door = await start_door("auth")
    body = {"username": "alice", "email": "alice@example.com", "password": "SecurePass123!"}
    _, _, headers = await door.ask("POST", "/api/v1/auth/register", body)
    cookie = headers["set-cookie"]
    for word in ("HttpOnly", "SameSite=strict", "Path=/api/v1/auth"):
        assert word in cookie
    sent = {"cookie": cookie.split(";")[0]}
    assert (await door.ask("POST", "/api/v1/auth/refresh", {}, headers=sent))[0] == 200
    assert (await door.ask("GET", "/api/v1/users/me", headers=sent))[0] == 401


async def test_a_flood_of_logins_is_told_when_to_come_back(start_door: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_AUTH_HASH_QUEUE", "2")
    door = await start_door("auth")
    body = {"username": "nobody", "password": "x"}
    answers = await asyncio.gather(*(door.ask("POST", "/api/v1/auth/login", body) for _ in range(12)))
    busy = [answer for answer in answers if answer[0] == 503]
    assert busy
    assert {answer[0] for answer in answers} == {401, 503}
    assert {answer[2]["retry-after"] for answer in busy} == {"2"}
    check(busy[0], 503, "UNAVAILABLE")


async def test_a_head_that_is_too_long_is_refused(start_door: Any) -> None:
    door = await start_door("auth")
    long = b"a" * 300_000
    for sent in (b"GET / HTTP/1.1\r\nX: " + long, b"GET /" + long):
        assert await answered(door.port, sent) in (b"", b"HTTP/1.1 400 Bad Request")
    assert (await door.ask("GET", "/health"))[0] == 200


async def test_a_head_that_does_not_end_is_cut_off(start_door: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("millrace.common.runtime.http._HEAD_SECONDS", 0.3)
    door = await start_door("auth")
    for sent in (b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n", b""):
        assert await answered(door.port, sent) == b""


async def answered(port: int, sent: bytes) -> bytes:
    """The first line of the answer; empty when the connection ends without one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    found = b""
    async with asyncio.timeout(10):
        with suppress(ConnectionError):
            found = (await reader.read()).partition(b"\r\n")[0]
    writer.close()
    return found
