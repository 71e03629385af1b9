"""Accounts are made, changed, looked at and ended by their owner and nobody else."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from millrace.common.auth.principal import Principal
from millrace.common.events.trading import AccountClosed, AccountOpened
from millrace.common.kernel.instruments import INSTRUMENTS
from millrace.common.testing.service import StartService
from millrace.execution.domain.exchanges import EXCHANGES
from services.execution.tests.desk import LIMIT, Desk, user_of
from services.execution.tests.floor import BUY, Floor

WISH = UUID("00000000-0000-7000-8000-000000000077")


async def test_a_new_user_has_a_paper_account_at_two_exchanges(floor: Floor) -> None:
    found = await floor.get("/accounts")
    shown = [(a["name"], a["exchange"], a["currency"], a["initial_balance"], a["mode"]) for a in found["items"]]
    assert shown == [
        ("Paper", "binance", "USDT", "10000", "paper"),
        ("Paper luno", "luno", "ZAR", "200000", "paper"),
    ]
    assert found["total"] == 2
    assert found["items"][1]["ws_status"] == {"connected": True, "venue": "simulated", "markets": 1}


async def test_an_order_that_names_no_account_goes_to_the_first_of_its_exchange(floor: Floor) -> None:
    await floor.account(name="second")
    answer = await floor.done("POST", "/orders", BUY)
    assert answer["account_id"] == str(floor.account_id)
    luno = await floor.done("POST", "/orders", {**BUY, "exchange": "luno", "symbol": "BTCZAR", "quantity": "0.01"})
    unsaid = await floor.done("POST", "/orders", {**BUY, "symbol": "BTCZAR", "quantity": "0.01"})
    assert (unsaid["exchange"], unsaid["account_id"]) == ("luno", luno["account_id"])
    assert (await floor.get(f"/orders/{luno['order_id']}"))["state"] == "filled"


async def test_a_second_exchange_without_instruments_or_without_a_name_gets_no_account(
    start_service: StartService, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("", "nowhere", "binance"):
        monkeypatch.setenv("MILLRACE_EXECUTION_SECOND_EXCHANGE", name)
        stand = await start_service("execution")
        await user_of(stand)
        assert [a.exchange for a in stand.said(AccountOpened)] == ["binance"]


async def test_a_further_paper_account_can_trade_like_the_first(floor: Floor) -> None:
    made = await floor.account(name="Second", initial_balance="500", references=["desk 7", {"tax": 1}])
    assert (made["initial_balance"], made["references"], made["has_keys"]) == ("500", ["desk 7", {"tax": 1}], False)
    opened = floor.stand.said(AccountOpened)[-1]
    assert (str(opened.account_id), opened.name, opened.initial_balance) == (made["id"], "Second", 500)
    await floor.bought("0.01", made["id"])
    await floor.bought("0.02")
    funds = await floor.done("POST", f"/accounts/{made['id']}/sync-balance")
    assert (funds["balances"]["BTC"], funds["balance"], funds["source"]) == ("0.01", "299.8", "ledger")
    assert (await floor.get(f"/accounts/{made['id']}"))["balances"] == funds["balances"]


async def test_without_an_opening_balance_an_account_starts_with_the_usual(floor: Floor) -> None:
    made = [await floor.account(exchange=name, initial_balance="0") for name in EXCHANGES]
    shown = {a["exchange"]: (a["currency"], a["initial_balance"]) for a in made}
    usual = dict.fromkeys(("binance", "bybit", "kraken", "kucoin"), ("USDT", "10000"))
    assert shown == {**usual, "luno": ("ZAR", "200000")}
    assert all(instrument.quote == shown[instrument.exchange][0] for instrument in INSTRUMENTS.values())


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"exchange": "nowhere"}, "exchange"),
        ({"mode": "pretend"}, "mode"),
        ({"mode": "testnet", "exchange": "luno", "api_key": "abc", "api_secret": "abc"}, "mode"),
        ({"mode": "live"}, "api_key"),
        ({"api_key": "ab", "api_secret": "abc"}, "api_key"),
        ({"api_key": "a b", "api_secret": "ab\tc"}, "api_secret"),
        ({"api_key": "abc"}, "api_secret"),
        ({"exchange": "kucoin", "api_key": "abc", "api_secret": "abc"}, "passphrase"),
        ({"initial_balance": "-1"}, "initial_balance"),
        ({"initial_balance": "NaN"}, "initial_balance"),
        ({"settings": {"options": {"urls": "http://elsewhere"}}}, "settings.options"),
        ({"settings": {"options": {"recvWindow": True}}}, "settings.options.recvWindow"),
        ({"settings": {"note": "x" * 20_000}}, "settings"),
        ({"surprise": 1}, "surprise"),
    ],
)
async def test_a_wrong_account_says_what_is_wrong_and_is_not_made(
    desk: Desk, terms: dict[str, Any], field: str
) -> None:
    given = {"exchange": "binance", **terms}
    answer = await desk.stand.ask("execution", "POST", "/accounts", desk.user, json=given)
    error = answer.json()["error"]
    assert error["code"] == "VALIDATION_ERROR", answer.body
    assert field in error["fields"] or field in error["message"], error
    assert await desk.stand.rows("execution", "select 1 from accounts offset 1") == []


async def test_an_account_is_changed_and_what_is_not_named_stays(floor: Floor) -> None:
    path = f"/accounts/{floor.account_id}"
    changes = {"name": "Main", "settings": {"colour": "blue", "options": {"recvWindow": 5000}}, "references": [1]}
    assert (await floor.done("PATCH", path, changes))["name"] == "Main"
    found = await floor.done("PATCH", path, {"is_active": False})
    assert (found["name"], found["settings"], found["references"]) == ("Main", changes["settings"], [1])
    assert (await floor.refused("POST", "/orders", {**BUY, "account_id": str(floor.account_id)}))[0] == "INVALID_STATE"
    spare = await floor.account()
    assert (await floor.done("POST", "/orders", BUY))["account_id"] == spare["id"]


async def test_accounts_are_listed_by_exchange_mode_and_page(floor: Floor) -> None:
    await floor.account(name="c")
    for query, count in (({"exchange": "luno"}, 1), ({"mode": "paper"}, 3), ({"mode": "live"}, 0)):
        assert (await floor.get("/accounts", **query))["total"] == count
    page = await floor.get("/accounts", limit=1, offset=2)
    assert ([a["name"] for a in page["items"]], page["total"]) == (["c"], 3)


@pytest.mark.parametrize(
    ("method", "path", "json"),
    [
        ("GET", "", None),
        ("PATCH", "", {"name": "mine"}),
        ("DELETE", "", None),
        ("PUT", "/credentials", {"api_key": "abc", "api_secret": "abc"}),
        ("POST", "/check-keys", None),
        ("POST", "/sync-balance", None),
        ("PUT", "/group", {"group_id": None}),
        ("POST", "/close-position", {"symbol": "BTCUSDT"}),
        ("POST", "/terminate", {}),
    ],
)
async def test_somebody_elses_account_is_not_found(desk: Desk, method: str, path: str, json: Any) -> None:
    other, _ = await user_of(desk.stand)
    where = f"/accounts/{desk.account_id}{path}"
    answer = await desk.stand.ask("execution", method, where, other, json=json)
    assert answer.json()["error"]["code"] == "NOT_FOUND", answer.body
    viewer = Principal(desk.user.user_id, "trader", "viewer")
    answer = await desk.stand.ask("execution", method, where, viewer, json=json)
    assert answer.status == (200 if method == "GET" else 403)


async def test_a_deleted_account_is_gone_and_its_past_stays(floor: Floor) -> None:
    made = await floor.account(api_key="paper-key", api_secret="paper-secret")
    await floor.bought(account=made["id"])
    await floor.done("DELETE", f"/accounts/{made['id']}")
    assert (await floor.refused("GET", f"/accounts/{made['id']}"))[0] == "NOT_FOUND"
    assert (await floor.refused("POST", "/orders", {**BUY, "account_id": made["id"]}))[0] == "NOT_FOUND"
    assert [str(e.account_id) for e in floor.stand.said(AccountClosed)] == [made["id"]]
    assert (await floor.get("/orders", account_id=made["id"]))["total"] == 1
    assert await floor.stand.rows("execution", "select 1 from credentials") == []
    said = [line["action"] for line in await floor.get("/audit")]
    assert said == ["account.delete", "account.keys", "account.create"]


async def test_an_account_with_a_live_order_is_not_deleted(floor: Floor) -> None:
    order = await floor.done("POST", "/orders", {**LIMIT, "price": "19000"})
    code, text = await floor.refused("DELETE", f"/accounts/{floor.account_id}")
    assert (code, "1 orders" in text) == ("INVALID_STATE", True)
    await floor.done("DELETE", f"/orders/{order['order_id']}")
    assert (await floor.done("DELETE", f"/accounts/{floor.account_id}"))["account_id"] == str(floor.account_id)


async def test_an_account_that_a_bot_uses_is_not_deleted(floor: Floor) -> None:
    bot = {"name": "Ada", "strategy_id": str(uuid4()), "symbol": "BTC/USDT"}
    made = (await floor.stand.ask("bots", "POST", "/bots", floor.user, json=bot)).value()
    code, text = await floor.refused("DELETE", f"/accounts/{floor.account_id}")
    assert (code, "Ada" in text) == ("INVALID_STATE", True)
    (await floor.stand.ask("bots", "DELETE", f"/bots/{made['id']}", floor.user)).value()
    await floor.done("DELETE", f"/accounts/{floor.account_id}")


async def test_nothing_is_deleted_while_bots_cannot_be_asked(start_service: StartService) -> None:
    stand = await start_service("execution", bots_url="http://127.0.0.1:9")
    user, account_id = await user_of(stand)
    answer = await stand.ask("execution", "DELETE", f"/accounts/{account_id}", user)
    assert answer.json()["error"]["code"] == "UNAVAILABLE"
    assert len(await stand.rows("execution", "select 1 from accounts where deleted_at is null")) == 1


async def test_there_are_only_so_many_accounts(start_service: StartService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_EXECUTION_MAX_ACCOUNTS", "2")
    stand = await start_service("execution")
    user, _ = await user_of(stand)
    answers = [await stand.ask("execution", "POST", "/accounts", user, json={"exchange": "luno"}) for _ in "ab"]
    assert [a.status for a in answers] == [201, 409]


async def test_a_wish_for_an_account_that_comes_again_makes_no_second_one(floor: Floor) -> None:
    made = await asyncio.gather(*(floor.account(name="Second", intent_id=str(WISH)) for _ in range(4)))
    made.append(await floor.account(name="Second", intent_id=str(WISH)))
    assert [one["id"] for one in made] == [str(WISH)] * 5
    assert (await floor.get("/accounts"))["total"] == 3
    assert len(floor.stand.said(AccountOpened)) == 3, "the user's first two, and this one"
    assert [line["action"] for line in await floor.get("/audit")].count("account.create") == 1
    other, _ = await user_of(floor.stand)
    taken = await floor.refused("POST", "/accounts", {"exchange": "binance", "intent_id": str(WISH)}, other)
    assert taken[0] == "NOT_FOUND"


async def test_the_last_account_there_is_room_for_is_told_again(floor: Floor) -> None:
    for _ in range(97):
        await floor.ask("POST", "/accounts", {"exchange": "binance"})
    last = {"exchange": "binance", "intent_id": str(WISH)}
    assert [(await floor.ask("POST", "/accounts", last)).status for _ in range(2)] == [201, 201]
    assert (await floor.refused("POST", "/accounts", {"exchange": "binance"}))[0] == "INVALID_STATE"
