"""Exchange accounts: their keys, their funds and the groups they are in."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.contracts.canonical import accounts
from millrace.contracts.canonical.frame import ById, Listing
from millrace.contracts.canonical.performance import AskPerformance
from millrace.gateway.app.operations import HANDLERS
from millrace.gateway.app.operations import accounts as handlers
from services.gateway.tests import rows
from services.gateway.tests.fakes import AT, INTENT, NOW, ONE, THREE, TWO, Services, asking

ACCOUNT = f"/accounts/{ONE}"
BY_ID = ById(id=UUID(ONE))
KEYS = {"api_key": SecretStr("key"), "api_secret": SecretStr("hush")}
SENT = {"api_key": "key", "api_secret": "hush", "passphrase": None}
REFUSED = MillraceError(Code.INVALID_CREDENTIALS, "the exchange did not accept the keys")


def services(**answers: Any) -> Services:
    """An account that is known everywhere."""
    return Services(
        {
            f"execution GET {ACCOUNT}": rows.account(),
            "portfolio GET /balance": rows.balance(),
            "portfolio GET /positions": rows.page(rows.position()),
            "portfolio GET /performance": rows.performance(),
            **answers,
        }
    )


async def do(operation: str, around: Services, wish: Any, **changes: Any) -> Any:
    return await HANDLERS[operation](asking(around, **changes), wish)


async def test_an_account_is_told_with_its_funds_what_it_holds_and_how_it_did() -> None:
    around = services(**{f"execution GET {ACCOUNT}": rows.account(group_id=THREE, has_keys=True, keys_valid=True)})
    found = await do("accounts.get", around, BY_ID)
    assert (found.balance, found.equity, found.currency) == (Decimal(9000), Decimal(9605), "USDT")
    assert found.balances == {"USDT": 9000.0, "BTC": 0.01}
    assert found.positions == {"BTC/USDT": {"quantity": -0.5, "entry_price": 60000.0}}
    assert found.performance["total_return"] == 5.0
    assert (str(found.group_id), found.references) == (THREE, ("note",))
    assert found.stream == {"connected": True, "venue": "simulated", "markets": 2}
    assert found.info == {
        "mode": "paper",
        "account_type": "spot",
        "currency": "USDT",
        "has_keys": True,
        "keys_valid": True,
        "created_at": datetime.fromisoformat(AT),
    }
    scope = {str(sent["query"]["account_id"]) for sent in around.sent if sent["query"]}
    assert scope == {ONE}, "nothing of another account is in it"


async def test_an_account_whose_currency_it_does_not_hold_has_nothing_of_it() -> None:
    around = services(**{f"execution GET {ACCOUNT}": rows.account(currency="ZAR")})
    found = await do("accounts.get", around, BY_ID)
    assert (found.balance, found.currency) == (0, "ZAR")
    assert around.to("portfolio", "GET", "/balance")[-1]["query"]["currency"] == "ZAR"


async def test_one_that_was_just_made_is_waited_for() -> None:
    unknown = not_found("account")
    answers = iter([unknown, unknown])
    around = services(**{"portfolio GET /balance": lambda _: next(answers, rows.balance())})
    assert (await do("accounts.get", around, BY_ID)).balance == 9000
    assert len(around.to("portfolio", "GET", "/balance")) == 3


async def test_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "_KNOWN_SECONDS", 0.05)
    unknown = services(**{"portfolio GET /balance": not_found("account"), "execution POST /accounts": rows.account()})
    unknown.answers["bots GET /mode"] = {"mode": "testing"}
    wish = accounts.CreateAccount(exchange="binance", **KEYS)
    for operation, asked in (("accounts.get", BY_ID), ("accounts.create", wish)):
        with pytest.raises(MillraceError, match="the account exists") as refused:
            await do(operation, unknown, asked)
        assert refused.value.code is Code.UNAVAILABLE, "a 404 would be kept for an account that was made"


async def test_a_portfolio_that_is_away_is_told_at_once() -> None:
    away = MillraceError(Code.UNAVAILABLE, "away")
    around = services(**{"portfolio GET /balance": away})
    with pytest.raises(MillraceError) as refused:
        await do("accounts.get", around, BY_ID)
    assert refused.value is away
    assert len(around.to("portfolio", "GET", "/balance")) == 1


@pytest.mark.parametrize(
    ("system", "testnet", "mode"),
    [
        ("testing", False, "paper"),
        ("testing", True, "paper"),
        ("live_trading", True, "testnet"),
        ("live_trading", False, "live"),
        ("autopilot", False, "live"),
    ],
)
async def test_a_new_account_is_as_real_as_the_users_mode(system: str, testnet: bool, mode: str) -> None:
    around = services(**{"bots GET /mode": {"mode": system}, "execution POST /accounts": rows.account()})
    wish = accounts.CreateAccount(exchange="binance", is_testnet=testnet, initial_balance=Decimal(500), **KEYS)
    found = await do("accounts.create", around, wish, intent=INTENT)
    (sent,) = around.to("execution", "POST", "/accounts")
    assert sent["json"] == {
        "exchange": "binance",
        "mode": mode,
        "initial_balance": Decimal(500),
        "intent_id": INTENT,
        **SENT,
    }
    assert str(found.id) == ONE
    assert "hush" not in repr(found) + repr(wish)


async def test_keys_that_were_not_accepted_make_no_account() -> None:
    around = Services({"bots GET /mode": {"mode": "testing"}, "execution POST /accounts": REFUSED})
    with pytest.raises(MillraceError) as refused:
        await do("accounts.create", around, accounts.CreateAccount(exchange="binance", **KEYS))
    assert refused.value is REFUSED
    assert len(around.calls) == 2


async def test_new_keys_go_to_the_account_and_nowhere_else() -> None:
    around = services(**{f"execution PUT {ACCOUNT}/credentials": rows.account()})
    wish = accounts.SetCredentials(id=UUID(ONE), passphrase=SecretStr("p"), **KEYS)
    await do("accounts.set_credentials", around, wish)
    assert around.sent[0]["json"] == {**SENT, "passphrase": "p"}
    assert "hush" not in str(around.sent[1:])


@pytest.mark.parametrize(("equity", "shown"), [("1000", Decimal(1000)), (None, Decimal(9605))])
async def test_a_sync_tells_what_the_venue_said(equity: str | None, shown: Decimal) -> None:
    around = services(**{f"execution POST {ACCOUNT}/sync-balance": rows.funds(equity=equity)})
    found = await do("accounts.sync", around, BY_ID)
    assert (found.balance, found.equity) == (Decimal(900), shown)
    assert found.balances == {"USDT": 900.0, "BTC": 0.001}


async def test_accounts_are_listed_by_pages() -> None:
    around = services(**{"execution GET /accounts": rows.page(rows.account(), rows.account(TWO), total=5)})
    found = await do("accounts.list", around, Listing(limit=2000, offset=3))
    assert around.sent[0]["query"] == {"limit": 1000, "offset": 3}
    assert ([str(one.id) for one in found.items], found.total, found.limit) == ([ONE, TWO], 5, 2000)


async def test_how_one_did_is_told_of_the_callers_own_alone() -> None:
    wish = AskPerformance(id=UUID(ONE), period="30d", start=NOW)
    around = services()
    found = await do("accounts.performance", around, wish)
    assert around.calls[0] == ("execution", "GET", ACCOUNT)
    assert around.last["query"] == {
        "period": "30d",
        "account_id": [UUID(ONE)],
        "start_date": NOW.isoformat(),
        "end_date": None,
    }
    assert (found.subject, found.period, found.metrics.profit) == (ONE, "30d", 50)
    absent = not_found("account")
    around = services(**{f"execution GET {ACCOUNT}": absent})
    with pytest.raises(MillraceError) as refused:
        await do("accounts.performance", around, wish)
    assert refused.value is absent
    assert len(around.calls) == 1


async def test_which_account_has_to_be_said() -> None:
    with pytest.raises(MillraceError) as refused:
        await do("accounts.performance", Services(), AskPerformance())
    assert (refused.value.code, set(refused.value.fields)) == (Code.VALIDATION_ERROR, {"account_id"})


async def test_it_is_deleted_and_put_into_a_group() -> None:
    answers = {f"execution DELETE {ACCOUNT}": None, f"execution PUT {ACCOUNT}/group": rows.account()}
    answers |= {f"execution GET /groups/{THREE}": rows.group(ONE), f"risk PUT /groups/{THREE}/limits": {}}
    around = services(**answers)
    assert (await do("accounts.delete", around, BY_ID)).subject == ONE
    await do("accounts.assign_group", around, accounts.AssignGroup(id=UUID(ONE), group_id=UUID(THREE)))
    (sent,) = around.to("execution", "PUT", f"{ACCOUNT}/group")
    assert sent["json"] == {"group_id": UUID(THREE)}
    (held,) = around.to("risk", "PUT", f"/groups/{THREE}/limits")
    assert held["json"] == {"account_ids": [ONE], "max_drawdown": "0.25", "risk_limit": "0.02"}


@pytest.mark.parametrize(
    ("valid", "reason", "code", "status", "said"),
    [
        (False, "wrong key", Code.INVALID_CREDENTIALS, 400, "Invalid API credentials: wrong key"),
        (False, None, Code.INVALID_CREDENTIALS, 400, "Invalid API credentials: binance refused them"),
        (None, "later", Code.PROVIDER_ERROR, 400, "binance cannot be reached, so the keys were not tried: later"),
        (None, None, Code.PROVIDER_ERROR, 400, "it did not answer"),
    ],
)
async def test_refused_keys_are_told_from_keys_that_could_not_be_tried(
    valid: bool | None, reason: str | None, code: Code, status: int, said: str
) -> None:
    answer = {"exchange": "binance", "mode": "live", "valid": valid, "reason": reason, "checked_at": AT}
    around = Services({"execution POST /keys/check": answer})
    with pytest.raises(MillraceError, match=said) as refused:
        await do("accounts.check_keys", around, accounts.CheckKeys(exchange="binance", **KEYS))
    assert (refused.value.code, refused.value.status) == (code, status)
    assert "hush" not in refused.value.message


async def test_keys_that_work_are_checked_for_real_money() -> None:
    around = Services({"execution POST /keys/check": {"exchange": "binance", "valid": True, "reason": None}})
    found = await do("accounts.check_keys", around, accounts.CheckKeys(exchange="binance", **KEYS))
    assert found.exchange == "binance"
    assert around.last["json"] == {"exchange": "binance", "mode": "live", **SENT}


NUMBERED: list[tuple[str, Any]] = [
    ("accounts.get", ById(id=1)),
    ("accounts.sync", ById(id=1)),
    ("accounts.delete", ById(id=1)),
    ("accounts.terminate", ById(id=1)),
    ("accounts.performance", AskPerformance(id=1)),
    ("accounts.set_credentials", accounts.SetCredentials(id=1, **KEYS)),
    ("accounts.assign_group", accounts.AssignGroup(id=UUID(ONE), group_id=2)),
    ("accounts.assign_group", accounts.AssignGroup(id=1, group_id=UUID(THREE))),
]


@pytest.mark.parametrize(("operation", "wish"), NUMBERED)
async def test_accounts_have_no_numbers(operation: str, wish: Any) -> None:
    around = Services()
    with pytest.raises(MillraceError) as refused:
        await do(operation, around, wish)
    assert (refused.value.code, around.calls) == (Code.NOT_FOUND, [])
    assert refused.value.message in ("account not found", "group not found")
