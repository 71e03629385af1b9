"""What the console is given: one shape, decimal text, and nothing that is a secret."""

from typing import Any

import pytest

from millrace.common.kernel.errors import not_found
from millrace.common.web.app import create_app
from millrace.gateway.api import console_data
from millrace.gateway.api.errors import render
from services.gateway.tests.fakes import AT, ONE, TWO, Reply, Services, ask, backend

BOT = {
    "id": ONE,
    "name": "first",
    "status": "active",
    "strategy_id": TWO,
    "strategy": "grid",
    "exchange": "binance",
    "timeframe": "1h",
    "config": {"levels": 5},
    "symbol": "BTC/USDT",
    "spelling": "BTCUSDT",
    "created_at": "2026-01-02T05:04:05.678+02:00",
    "user_id": "hidden",
}
ORDER = {
    "order_id": ONE,
    "bot_id": None,
    "client_ref": None,
    "exchange": "binance",
    "symbol": "BTC/USDT",
    "spelling": "BTC-USDT",
    "side": "buy",
    "order_type": "limit",
    "quantity": "0.5",
    "price": "60000",
    "stop_price": None,
    "time_in_force": "gtc",
    "state": "open",
    "filled_quantity": "0",
    "average_price": None,
    "fees": "0",
    "reason": None,
    "requested_at": AT,
    "updated_at": AT,
}
JSON = {"content-type": "application/json"}
SIGNED_IN = {
    "access_token": "access",
    "refresh_token": "refresh",
    "expires_in": 3600,
    "user": {
        "id": ONE,
        "num": 1,
        "username": "ann",
        "email": "ann@example.org",
        "full_name": None,
        "first_name": None,
        "role": "admin",
        "is_active": True,
        "currency": "ZAR",
        "two_factor_enabled": False,
        "preferences": {},
        "created_at": AT,
        "origin_contract": "botplatform",
    },
}


async def asked(services: Services, method: str, path: str, body: Any = None, **options: Any) -> Reply:
    app = create_app("x", service="gateway", render=render)
    app.router.routes.extend(console_data.routes(backend(services), secure=options.pop("secure", False)).routes)
    return await ask(app, method, f"/console/api{path}", body, **{"token": "viewer", **options})


async def test_a_bot_is_shown_with_what_it_earned() -> None:
    services = Services({"bots GET /bots": {"items": [BOT, {**BOT, "id": TWO}], "total": 9}})
    services.answers["portfolio GET /bots"] = {ONE: "12.345"}
    reply = await asked(services, "GET", "/bots", query="limit=2")
    first, second = reply.body["items"]
    assert reply.body["total"] == 9
    assert (first["pnl"], second["pnl"]) == ("12.34", "0")
    assert (first["symbol"], first["created_at"], first["config"]) == ("BTCUSDT", AT, {"levels": 5})
    assert "user_id" not in first
    assert services.to("bots", "GET", "/bots")[0]["query"] == {"limit": 2}


@pytest.mark.parametrize(
    ("state", "shown", "reconciling"),
    [
        ("received", "pending", False),
        ("approved", "pending", False),
        ("submitting", "pending", False),
        ("unknown", "pending", True),
        ("refused", "rejected", False),
        ("open", "open", False),
        ("filled", "filled", False),
        ("cancelled", "cancelled", False),
    ],
)
async def test_an_orders_state_is_told_in_few_words(state: str, shown: str, reconciling: bool) -> None:
    services = Services({"execution GET /orders": {"items": [{**ORDER, "state": state}], "total": 1}})
    (order,) = (await asked(services, "GET", "/orders")).body["items"]
    assert (order["status"], order["reconciling"]) == (shown, reconciling)


@pytest.mark.parametrize(
    ("price", "shown"), [("60000", "60000.00"), ("60000.123456", "60000.123456"), (None, None), ("0.5", "0.50")]
)
async def test_a_price_has_its_markets_places_unless_it_is_finer(price: str | None, shown: str | None) -> None:
    services = Services({"execution GET /orders": {"items": [{**ORDER, "price": price}], "total": 1}})
    (order,) = (await asked(services, "GET", "/orders")).body["items"]
    assert (order["price"], order["stop_price"]) == (shown, None)
    assert order["created_at"] == order["updated_at"] == AT


async def test_a_bots_pair_that_no_client_wrote_is_spelled_like_an_orders() -> None:
    services = Services({"bots GET /bots": {"items": [{**BOT, "spelling": ""}], "total": 1}, "portfolio GET /bots": {}})
    (bot,) = (await asked(services, "GET", "/bots")).body["items"]
    assert bot["symbol"] == "BTCUSDT"


@pytest.mark.parametrize(("spelling", "shown"), [("BTC-USDT", "BTC-USDT"), ("", "BTCUSDT")])
async def test_an_orders_pair_is_spelled_as_its_client_spelled_it(spelling: str, shown: str) -> None:
    services = Services({"execution GET /orders": {"items": [{**ORDER, "spelling": spelling}], "total": 1}})
    (order,) = (await asked(services, "GET", "/orders")).body["items"]
    assert order["symbol"] == shown


async def test_a_trade_gets_the_consoles_names() -> None:
    fill = {"fill_id": ONE, "symbol": "BTC/USDT", "at": AT, "price": "1.5", "profit_loss": "0.1"}
    services = Services({"portfolio GET /trades": {"items": [fill], "total": 1}})
    reply = await asked(services, "GET", "/trades")
    assert reply.body["items"] == [
        {"id": ONE, "symbol": "BTCUSDT", "timestamp": AT, "price": "1.5", "profit_loss": "0.1"}
    ]


async def test_markets_are_those_of_one_exchange() -> None:
    rows = [{"symbol": "BTC/USDT", "timeframes": ["1m"], "active": True}]
    services = Services({"marketdata GET /symbols": {"items": rows}})
    reply = await asked(services, "GET", "/markets", query="exchange=luno")
    assert reply.body == {"items": [{"symbol": "BTC/USDT", "timeframes": ["1m"]}]}
    assert services.last["query"] == {"exchange": "luno"}


async def test_skips_are_those_of_a_bot_of_the_caller() -> None:
    services = Services({f"bots GET /bots/{ONE}/skips": {"items": []}, f"bots GET /bots/{TWO}/skips": not_found("bot")})
    assert (await asked(services, "GET", f"/bots/{ONE}/skips")).body == {"items": []}
    assert (await asked(services, "GET", f"/bots/{TWO}/skips")).status == 404
    assert (await asked(services, "GET", "/bots/17/skips")).status == 404


async def test_a_ticket_signs_in_without_telling_a_script_the_refresh_token() -> None:
    services = Services({"auth POST /tickets/redeem": SIGNED_IN})
    reply = await asked(services, "POST", "/ticket", {"ticket": "t"}, token="", headers=JSON)
    assert reply.body == {
        "access_token": "access",
        "expires_in": 3600,
        "user": {"id": ONE, "username": "ann", "role": "admin"},
    }
    assert services.last["json"]["ticket"] == "t"
    assert len(services.last["json"]["device"]) >= 24
    refresh, device = reply.cookies
    assert refresh.startswith("millrace_refresh=refresh;")
    assert "HttpOnly" in refresh
    assert services.last["json"]["device"] in device


async def test_behind_tls_the_cookies_are_for_tls_alone() -> None:
    services = Services({"auth POST /tickets/redeem": SIGNED_IN})
    reply = await asked(services, "POST", "/ticket", {"ticket": "t"}, token="", headers=JSON, secure=True)
    assert all("Secure" in cookie for cookie in reply.cookies)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/plain; x=json", ""])
async def test_another_sites_form_with_a_ticket_leaves_no_cookie(kind: str) -> None:
    services = Services({"auth POST /tickets/redeem": SIGNED_IN})
    reply = await asked(services, "POST", "/ticket", {"ticket": "t"}, token="", headers={"content-type": kind})
    assert (reply.status, list(reply.cookies)) == (200, [])


async def test_a_ticket_that_is_none_is_refused_like_any_other() -> None:
    services = Services({"auth POST /tickets/redeem": not_found("ticket")})
    assert (await asked(services, "POST", "/ticket", {"ticket": "t"}, token="")).status == 404
    for body in ({}, {"ticket": "x" * 201}, [], {"ticket": 7}):
        reply = await asked(Services(), "POST", "/ticket", body, token="")
        assert (reply.status, reply.cookies) == (422, ())


@pytest.mark.parametrize("path", ["/bots", f"/bots/{ONE}/skips", "/orders", "/trades", "/markets"])
async def test_nobody_is_shown_anything(path: str) -> None:
    services = Services()
    for token in ("", "nonsense"):
        assert (await asked(services, "GET", path, token=token)).status == 401
    assert services.calls == []


@pytest.mark.parametrize("path", ["/bots", "/orders", "/trades"])
@pytest.mark.parametrize("limit", ["0", "1001", "many"])
async def test_a_page_has_bounds(path: str, limit: str) -> None:
    assert (await asked(Services(), "GET", path, query=f"limit={limit}")).status == 422
