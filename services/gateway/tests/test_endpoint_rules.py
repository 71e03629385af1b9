"""What holds for every endpoint, whosever contract it is: permissions, keys, cookies and marks."""

import threading
from typing import Any
from uuid import UUID

import pytest
from starlette.responses import Response

from libs.contracts.tests.samples import result
from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.common.telemetry import metrics
from millrace.common.web.answers import json_response
from millrace.contracts.dialects import endpoints
from millrace.contracts.names import Contract
from services.gateway.tests.endpoint_door import Door
from services.gateway.tests.fakes import INTENT, ONE, USER

LOGIN, REFRESH, LOGOUT = (f"/api/v1/auth/{name}" for name in ("login", "refresh", "logout"))
JSON = {"content-type": "application/json"}
ORDERS, POSITIONS = "/api/v1/trading/orders", "/api/v1/trading/positions"
SIGN_IN = {"username": "ann", "password": "SecurePass123!"}
ORDER = {"symbol": "BTCUSDT", "quantity": 1, "price": 100}
NUMBERED = {**ORDER, "side": "buy", "type": "limit", "exchange": "binance"}
WORDED = {**ORDER, "side": "BUY", "type": "LIMIT"}


@pytest.mark.parametrize(
    ("role", "method", "path", "allowed"),
    [
        ("viewer", "POST", "/api/v1/orders", False),
        ("exporter", "POST", "/api/v1/orders", False),
        ("trader", "POST", "/api/v1/groups/", False),
        ("viewer", "POST", ORDERS, False),
        ("viewer", "GET", POSITIONS, True),
        ("trader", "GET", "/api/v1/cache/stats", True),
    ],
)
async def test_permission_is_looked_at_before_the_request_is(role: str, method: str, path: str, allowed: bool) -> None:
    door = Door()
    reply = await door.ask(method, path, {"nonsense": True} if method == "POST" else None, token=role)
    if allowed:
        assert reply.status != 403
    else:
        assert (reply.status, door.heard) == (403, [])
        assert reply.body["code"] == "PERMISSION_DENIED"


async def test_an_admin_who_sends_nonsense_is_told_what_is_wrong_with_it() -> None:
    reply = await Door().ask("POST", "/api/v1/groups/", {"name": ""}, token="admin")
    assert reply.status == 422
    assert "name" in reply.body["errors"]


@pytest.mark.parametrize("token", ["", "nonsense"])
async def test_nobody_is_asked_what_they_want(token: str) -> None:
    for (method, path), rows in endpoints().items():
        row = next(iter(rows.values()))
        if row.access.permission is None:
            continue
        reply = await Door().ask(method, path.replace("{", "").replace("}", ""), {}, token=token)
        assert reply.status == 401, (method, path)
        assert reply.headers["www-authenticate"] == "Bearer"


async def test_every_post_of_a_user_is_done_once_for_a_key() -> None:
    for (method, path), rows in endpoints().items():
        row = next(iter(rows.values()))
        door = Door()
        reply = await door.ask(method, path, {}, token="admin", headers={"Idempotency-Key": "k"})
        keyed = method != "GET" and not row.operation.startswith("auth.")  # tokens and secrets are not kept
        assert [(route.split()[0], key) for route, key in door.once.keys] == ([(method, "k")] if keyed else [])
        assert reply.status < 500, (row, reply.body)
        if keyed and door.heard:
            assert {asking.intent for asking, _ in door.heard} == {INTENT}


async def test_a_key_is_for_one_place_with_its_query_whichever_contract_is_chosen() -> None:
    door = Door()
    place = f"/api/v1/bots/{ONE}/status"
    for path, word in ((place, "PAUSED"), (f"/contracts/application{place}", "PAUSED"), (place, "STOPPED")):
        key = {"Idempotency-Key": "k"}
        await door.ask("POST", path, token="admin", headers=key, query=f"status={word}")
    first, prefixed, other = (route for route, _ in door.once.keys)
    assert first == prefixed != other


async def test_without_a_key_or_a_user_there_is_no_intent() -> None:
    door = Door()
    await door.ask("POST", ORDERS, NUMBERED, token="trader")
    await door.ask("POST", LOGIN, SIGN_IN, headers={"Idempotency-Key": "k"})
    assert [asking.intent for asking, _ in door.heard] == [None, None]
    assert door.once.keys == []


async def test_a_kept_refusal_is_in_the_callers_words() -> None:
    refused = MillraceError(Code.INSUFFICIENT_BALANCE, "not enough USDT")
    door = Door(orders_place=refused)
    reply = await door.ask("POST", ORDERS, WORDED, token="trader", headers={"Idempotency-Key": "k"})
    assert (reply.status, reply.body["error"]["code"]) == (400, "INSUFFICIENT_BALANCE")


async def test_a_refresh_token_comes_from_the_cookie_where_the_body_has_none() -> None:
    door = Door()
    for body in ({}, None, {"refresh_token": ""}, {"refresh_token": None}):
        reply = await door.ask("POST", REFRESH, body, headers={"cookie": "millrace_refresh=from-cookie"})
        assert reply.status == 200, reply.body
    await door.ask("POST", REFRESH, {"refresh_token": "own"}, headers={"cookie": "millrace_refresh=from-cookie"})
    tokens = [command.refresh_token.get_secret_value() for _, command in door.heard]
    assert tokens == ["from-cookie"] * 4 + ["own"]
    without = await door.ask("POST", REFRESH, {}, headers={"X-API-Contract": "botplatform"})
    missing = {"loc": ["body", "refresh_token"], "msg": "field required", "type": "value_error.missing"}
    assert (without.status, without.body) == (422, {"detail": [missing]})


async def test_a_body_that_cannot_be_read_is_told_as_one() -> None:
    broken = await Door().ask("POST", REFRESH, b"{", headers={"X-API-Contract": "botplatform"})
    told = [(wrong["loc"], wrong["type"]) for wrong in broken.body["detail"]]
    assert (broken.status, told) == (422, [(["body"], "value_error.jsondecode")])


async def test_signing_in_leaves_two_cookies_and_signing_out_takes_the_token() -> None:
    door = Door()
    reply = await door.ask("POST", LOGIN, SIGN_IN, headers=JSON)
    refresh, device = reply.cookies
    assert refresh.startswith("millrace_refresh=text;")
    assert device.startswith("millrace_device=")
    for cookie in reply.cookies:
        terms = {part.strip().lower() for part in cookie.split(";")}
        assert {"httponly", "samesite=strict", "path=/api/v1/auth"} <= terms
        assert "secure" not in cookie.lower()
    reply = await door.ask("POST", LOGOUT, {}, token="trader")
    assert reply.cookies[0].startswith('millrace_refresh=""')
    assert "Max-Age=0" in reply.cookies[0]
    assert not (await door.ask("GET", "/api/v1/users/me", token="trader")).cookies


async def test_a_browser_keeps_its_mark_and_a_new_one_gets_one() -> None:
    door = Door()
    first = await door.ask("POST", LOGIN, SIGN_IN, headers={"cookie": "millrace_device=mine", **JSON})
    assert first.cookies[1].startswith("millrace_device=mine;")
    await door.ask("POST", LOGIN, SIGN_IN)
    await door.ask("POST", LOGIN, SIGN_IN, headers={"cookie": "millrace_device=" + "x" * 500})
    marks = [asking.device for asking, _ in door.heard]
    assert marks[0] == "mine"
    assert len(marks[1]) >= 24
    assert 24 <= len(marks[2]) < 128


async def test_another_sites_form_leaves_no_cookie() -> None:
    reply = await Door().ask("POST", LOGIN, SIGN_IN, headers={"content-type": "text/plain"})
    assert (reply.status, list(reply.cookies)) == (200, [])


async def test_who_asks_and_from_where_is_handed_on() -> None:
    door = Door()
    await door.ask("GET", "/api/v1/users/me", token="trader", headers={"user-agent": "x" * 300})
    asking = door.heard[0][0]
    assert (asking.user.user_id, asking.ip, len(asking.user_agent)) == (USER, "192.0.2.7", 200)
    assert asking.spoken is Contract.BOTPLATFORM


async def test_a_signed_alert_is_read_as_its_own_bytes_without_a_user() -> None:
    door = Door()
    raw = b'{ "symbol":"BTCUSDT", "botname":"b", "side":"buy","size":"1" }'
    reply = await door.ask("POST", "/api/v1/webhook/tradingview", raw, headers={"X-TradingView-Signature": "s"})
    assert reply.status == 200, reply.body
    command = door.heard[0][1]
    assert (command.raw, command.signature, command.secret) == (raw, "s", None)
    await door.ask("POST", "/api/v1/webhook/tradingview/hush", raw)
    assert door.heard[1][1].secret.get_secret_value() == "hush"


async def test_what_an_operation_refuses_keeps_its_code() -> None:
    for wrong, status in ((not_found("bot"), 404), (MillraceError(Code.UNAVAILABLE, "away", retry_after=1), 503)):
        reply = await Door(bots_get=wrong).ask("GET", "/api/v1/bots/{bot_id}", token="trader")
        assert (reply.status, reply.body["detail"]) == (status, wrong.message)


async def test_an_address_is_made_of_ids_and_symbols_with_slashes() -> None:
    door = Door()
    await door.ask("GET", "/api/v1/bots/17", token="trader")
    await door.ask("GET", f"/api/v1/bots/{ONE}", token="trader")
    assert [command.id for _, command in door.heard] == [17, UUID(ONE)]
    await door.ask("GET", "/api/v1/market-data/BTC/USDT", token="trader")
    await door.ask("GET", "/api/v1/market-data/BTC/USDT/orderbook", token="trader")
    assert [command.symbol for _, command in door.heard[2:]] == ["BTC/USDT"] * 2
    assert (await door.ask("GET", "/api/v1/bots/nothing", token="trader")).status == 404


async def test_requests_are_counted_by_their_routes() -> None:
    await Door().ask("GET", f"/contracts/botplatform/api/v1/bots/{ONE}", token="trader")
    await Door().ask("PATCH", "/api/v1/bots/17/nothing", token="trader")
    shown = metrics.render().decode()
    assert 'route="/api/v1/bots/{bot_id}"' in shown
    assert ONE not in shown
    assert "/17" not in shown


async def test_a_cancel_that_came_too_late_is_told_in_the_words_of_the_orders_maker() -> None:
    late = {"cancelled": False, "reason": "the order is filled"}
    order = f"/api/v1/trading/orders/{ONE}"
    for origin, status, word in ((None, 200, "cancel_failed"), (Contract.CRYPTO, 400, None)):
        made = result("orders.cancel", **late)
        door = Door(orders_cancel=made.model_copy(update={"order": made.order.model_copy(update={"origin": origin})}))
        reply = await door.ask("DELETE", order, token="trader")
        assert (reply.status, reply.body.get("status")) == (status, word)


@pytest.mark.parametrize(("rows", "beside"), [(500, False), (501, True)])
async def test_a_long_answer_is_shown_beside_the_loop_which_others_wait_for(
    rows: int, beside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[int] = []

    def noting(*values: Any) -> Response:
        shown.append(threading.get_ident())
        return json_response(*values)

    monkeypatch.setattr("millrace.gateway.api.endpoints.json_response", noting)
    page = result("positions.list")
    door = Door(positions_list=page.model_copy(update={"items": (page.items[0],) * rows}))
    reply = await door.ask("GET", POSITIONS, query="status=open", token="trader")
    assert (reply.status, len(reply.body["positions"])) == (200, rows)
    assert [thread != threading.get_ident() for thread in shown] == [beside]
