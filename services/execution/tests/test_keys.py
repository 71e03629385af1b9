"""Exchange keys: tried where they belong, sealed, and never said again. Luno is a local server; not verified live."""

from typing import Any

import pytest

from millrace.common.events.trading import AccountOpened
from millrace.common.kernel.errors import Code, MillraceError
from millrace.execution.adapters.ccxt_accounts import CcxtAccounts
from millrace.execution.domain.exchanges import EXCHANGES, Credentials
from services.execution.tests.floor import BUY, Floor
from services.execution.tests.luno import KEY, SECRET, Luno

LIVE = {"exchange": "luno", "mode": "live", "api_key": KEY, "api_secret": SECRET}
WRONG = {**LIVE, "api_secret": "wrong-secret-9"}


async def check(floor: Floor, **terms: Any) -> Any:
    """What is said of keys that are not stored."""
    return await floor.done("POST", "/keys/check", {**LIVE, **terms})


async def test_good_and_bad_keys_are_told_apart_by_the_exchange(floor: Floor, luno: Luno) -> None:
    good, bad = await check(floor), await check(floor, api_secret="wrong-secret-9")
    assert (good["valid"], good["reason"], bad["valid"]) == (True, None, False)
    assert bad["reason"] == "luno does not accept these keys (ExchangeError)"
    assert luno.asked.count("/api/1/balance") == 2
    assert good["latency_ms"] is not None


async def test_an_exchange_that_does_not_answer_says_nothing_of_keys(floor: Floor, luno: Luno) -> None:
    luno.broken = True
    found = await check(floor)
    assert (found["valid"], found["reason"]) == (None, "luno could not be asked (ExchangeNotAvailable); try again")


async def test_the_simulated_venue_accepts_what_is_well_formed_and_asks_nobody(floor: Floor, luno: Luno) -> None:
    for exchange in EXCHANGES:
        found = await check(floor, exchange=exchange, mode="paper", api_secret="any-secret", passphrase="any-phrase")
        assert (found["valid"], found["latency_ms"]) == (True, None)
    assert luno.asked == []


async def test_a_live_account_is_kept_and_checked_and_nobody_else_hears_of_it(floor: Floor) -> None:
    made = await floor.done("POST", "/accounts", {**LIVE, "initial_balance": "7"})
    assert (made["mode"], made["has_keys"], made["keys_valid"], made["currency"]) == ("live", True, True, "ZAR")
    assert (made["initial_balance"], made["ws_status"]["connected"]) == ("0", False)
    assert len(floor.stand.said(AccountOpened)) == 2
    assert (await floor.done("POST", f"/accounts/{made['id']}/check-keys"))["valid"] is True


async def test_an_order_to_a_live_account_is_refused_and_says_why(floor: Floor) -> None:
    made = await floor.done("POST", "/accounts", LIVE)
    terms = {**BUY, "exchange": "luno", "symbol": "BTC/ZAR", "account_id": made["id"]}
    answer = await floor.ask("POST", "/orders", terms)
    error = answer.json()["error"]
    assert (answer.status, error["code"], error["details"]) == (409, "INVALID_STATE", {"mode": "live"})
    assert await floor.stand.rows("execution", "select 1 from orders") == []
    group = await floor.group(made["id"])
    order = {"symbol": "BTC/ZAR", "side": "buy", "quantity": "0.01"}
    (leg,) = (await floor.done("POST", f"/groups/{group['id']}/orders", order))["results"]
    assert (leg["success"], leg["error"]["code"]) == (False, "INVALID_STATE")


async def test_a_live_account_never_takes_the_orders_that_name_none(floor: Floor) -> None:
    for account in (await floor.get("/accounts", exchange="luno"))["items"]:
        await floor.done("DELETE", f"/accounts/{account['id']}")
    await floor.done("POST", "/accounts", LIVE)
    paper = await floor.account(exchange="luno")
    order = await floor.done("POST", "/orders", {**BUY, "exchange": "luno", "symbol": "BTC/ZAR"})
    assert order["account_id"] == paper["id"]


async def test_keys_that_the_exchange_refuses_make_no_account(floor: Floor) -> None:
    code, text = await floor.refused("POST", "/accounts", WRONG)
    assert (code, "not accepted" in text) == ("VALIDATION_ERROR", True)
    assert len(await floor.stand.rows("execution", "select 1 from accounts")) == 2


async def test_new_keys_replace_the_old_only_when_they_are_good(floor: Floor, luno: Luno) -> None:
    made = await floor.done("POST", "/accounts", LIVE)
    path = f"/accounts/{made['id']}"
    query = "select sealed from credentials"
    before = await floor.stand.rows("execution", query)
    code, _ = await floor.refused("PUT", f"{path}/credentials", {"api_key": KEY, "api_secret": "wrong-secret-9"})
    assert (code, await floor.stand.rows("execution", query)) == ("VALIDATION_ERROR", before)
    luno.broken = True
    await floor.done("PUT", f"{path}/credentials", {"api_key": KEY, "api_secret": "unknown-yet"})
    found = await floor.get(path)
    assert (found["has_keys"], found["keys_valid"], found["last_check"]) == (True, None, None)
    luno.broken = False
    assert (await floor.done("POST", f"{path}/check-keys"))["valid"] is False
    assert (await floor.get(path))["keys_valid"] is False
    said = [(line["action"], line["outcome"]) for line in await floor.get("/audit")]
    assert said[:2] == [("account.keys", "done"), ("account.keys", "refused")]


async def test_a_live_balance_is_the_exchanges_to_the_last_digit(floor: Floor, luno: Luno) -> None:
    made = await floor.done("POST", "/accounts", LIVE)
    found = await floor.done("POST", f"/accounts/{made['id']}/sync-balance")
    assert found["balances"] == {"ZAR": "5000.25", "BTC": "0.05000001"}
    assert (found["balance"], found["equity"], found["source"]) == ("5000.25", None, "exchange")
    luno.broken = True
    assert (await floor.refused("POST", f"/accounts/{made['id']}/sync-balance"))[0] == "UNAVAILABLE"


async def test_an_account_without_keys_has_none_to_check(floor: Floor) -> None:
    assert (await floor.refused("POST", f"/accounts/{floor.account_id}/check-keys"))[0] == "INVALID_STATE"


async def test_keys_copied_to_another_account_do_not_open(floor: Floor) -> None:
    one, other = [await floor.done("POST", "/accounts", LIVE) for _ in range(2)]
    query = """update credentials c set wrapped = o.wrapped, sealed = o.sealed from credentials o
               where c.account_id::text = $1 and o.account_id::text = $2"""
    await floor.stand.rows("execution", query, one["id"], other["id"])
    code, text = await floor.refused("POST", f"/accounts/{one['id']}/check-keys")
    assert (code, "cannot be opened" in text) == ("INVALID_STATE", True)


async def test_no_answer_event_log_row_or_error_holds_a_key(
    floor: Floor, luno: Luno, capsys: pytest.CaptureFixture[str]
) -> None:
    made = await floor.done("POST", "/accounts", LIVE)
    path, answers = f"/accounts/{made['id']}", []
    luno.broken = True
    twisted = {**LIVE, "exchange": "kucoin", "passphrase": ["hidden-phrase-3"]}
    for method, place, json in (
        ("GET", path, None),
        ("GET", "/accounts", None),
        ("GET", "/audit", None),
        ("POST", f"{path}/check-keys", None),
        ("POST", f"{path}/sync-balance", None),
        ("POST", "/accounts", twisted),
        ("POST", "/accounts", {**LIVE, "api_secret": f"{SECRET}\t"}),
        ("PUT", f"{path}/credentials", {"api_key": KEY, "api_secret": {"a": SECRET}}),
        ("POST", "/keys/check", LIVE),
    ):
        answers.append((await floor.ask(method, place, json)).body.decode())
    rows = await floor.stand.rows(
        "execution", "select a.*, c.* from accounts a join credentials c on c.account_id = a.id"
    )
    told = [str(message.envelope) for message in floor.stand.messages]
    everything = "\n".join([*answers, str(rows), *told, *capsys.readouterr()])
    for secret in (KEY, SECRET, "hidden-phrase-3"):
        assert secret not in everything


async def test_only_allowed_options_reach_an_exchanges_client(luno: Luno) -> None:
    asked = CcxtAccounts({"luno": luno.address})
    keys = Credentials(KEY, SECRET)
    terms: dict[str, Any] = {"testnet": False, "account_type": "spot"}
    assert await asked.balances("luno", keys, options={"recvWindow": 5000}, **terms)
    with pytest.raises(MillraceError) as problem:
        await asked.balances("luno", keys, options={"urls": {"api": "http://127.0.0.1:9"}}, **terms)
    assert problem.value.code is Code.VALIDATION_ERROR
