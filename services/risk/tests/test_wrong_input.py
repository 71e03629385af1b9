"""Each field of each question, wrong in its own way: a typed error that names it, and nothing changed."""

from typing import Any
from uuid import UUID, uuid4

import pytest

ANY = str(UUID(int=7))
MOVE = {"transfer_id": ANY, "from_account_id": ANY, "to_account_id": ANY, "currency": "USDT", "amount": 1}


async def ask(owner: Any, method: str, path: str, json: Any = None, **query: Any) -> Any:
    return await owner.stand.ask("risk", method, path, owner.user, json=json, query=query)


async def kept(owner: Any) -> list[Any]:
    """The owner's limits, switches and funds, as they are."""
    return [(await ask(owner, "GET", path)).value() for path in ("/limits", "/kill", "/funds")]


def names(answer: Any) -> str:
    return " ".join(answer.json()["error"]["fields"])


LIMIT = {"limit_type": "daily_loss", "limit_value": 1}
BODIES = [
    ("POST", "/limits", {**LIMIT, "limit_value": None}, "limit_value"),
    ("POST", "/limits", {**LIMIT, "limit_value": True}, "limit_value"),
    ("POST", "/limits", {**LIMIT, "limit_value": "1e-19"}, "limit_value"),
    ("POST", "/limits", {**LIMIT, "account_id": "x"}, "account_id"),
    ("POST", "/limits", {**LIMIT, "symbol": "B" * 41}, "symbol"),
    ("POST", "/limits", {**LIMIT, "warning_threshold": -1}, "warning_threshold"),
    ("POST", "/limits", {**LIMIT, "warning_threshold": "1.00001"}, "warning_threshold"),
    ("POST", "/limits", {**LIMIT, "contract": "stone"}, "contract"),
    ("POST", "/limits", {**LIMIT, "group_id": ANY}, "group_id"),
    ("POST", "/limits", {"limit_type": "daily_loss_fraction", "limit_value": "1.01"}, "limit_value"),
    ("POST", "/limits", {"limit_type": "open_orders", "limit_value": 5, "symbol": "BTC/USDT"}, "symbol"),
    ("PUT", "/limits/effective", {"max_position_value": -1}, "max_position_value"),
    ("PUT", "/limits/effective", {"max_daily_loss": "much"}, "max_daily_loss"),
    ("PUT", "/limits/effective", {"max_daily_loss_fraction": 2}, "max_daily_loss_fraction"),
    ("PUT", "/limits/effective", {"max_drawdown": "-0.1"}, "max_drawdown"),
    ("PUT", "/limits/effective", {"max_open_orders": 1.5}, "max_open_orders"),
    ("PUT", "/limits/effective", {"max_open_orders": 201}, "limit_value"),
    ("PUT", "/limits/effective", {"account_id": ANY}, "account_id"),
    ("PUT", f"/groups/{ANY}/limits", {}, "account_ids"),
    ("PUT", f"/groups/{ANY}/limits", {"account_ids": ["x"]}, "account_ids"),
    ("PUT", f"/groups/{ANY}/limits", {"account_ids": [ANY] * 1001}, "account_ids"),
    ("PUT", f"/groups/{ANY}/limits", {"account_ids": [], "max_drawdown": 1.1}, "max_drawdown"),
    ("PUT", f"/groups/{ANY}/limits", {"account_ids": [], "risk_limit": -0.1}, "risk_limit"),
    ("PUT", "/groups/x/limits", {"account_ids": []}, "group_id"),
    ("POST", "/kill", {"scope": "world"}, "scope"),
    ("POST", "/kill", {"scope": "account", "target": None}, "target"),
    ("POST", "/kill", {"scope": "bot", "target": "x" * 65}, "target"),
    ("POST", "/kill", {"reason": "r" * 201}, "reason"),
    ("POST", "/kill", {"reason": "a\u0000b"}, "body"),
    ("POST", "/kill", {"user_id": ANY}, "user_id"),
    ("POST", "/funds/moves", {**MOVE, "amount": 0}, "amount"),
    ("POST", "/funds/moves", {**MOVE, "amount": "-1"}, "amount"),
    ("POST", "/funds/moves", {**MOVE, "currency": "C" * 16}, "currency"),
    ("POST", "/funds/moves", {**MOVE, "transfer_id": 1}, "transfer_id"),
    ("POST", "/funds/moves", {**MOVE, "from_account_id": None}, "from_account_id"),
    ("POST", "/funds/moves", {**MOVE, "user_id": ANY}, "user_id"),
]


@pytest.mark.parametrize(("method", "path", "body", "field"), BODIES)
async def test_a_wrong_field_is_named_and_nothing_changes(
    owner: Any, method: str, path: str, body: Any, field: str
) -> None:
    before = await kept(owner)
    answer = await ask(owner, method, path, body)
    assert (answer.status, answer.json()["error"]["code"]) == (422, "VALIDATION_ERROR")
    assert field in names(answer)
    assert await kept(owner) == before


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/limits", {"source": "nobody"}),
        ("/limits/effective", {"account_id": "x"}),
        ("/alerts", {"level": "extreme"}),
        ("/alerts", {"account_id": "x"}),
        ("/alerts", {"until": "yesterday"}),
        ("/alerts", {"limit": 1001}),
        ("/alerts", {"offset": -1}),
        ("/alerts", {"alert_type": ["drawdown"] * 21}),
        ("/alerts", {"alert_type": "a\x00b"}),
        ("/funds/holding", {"order_id": "x"}),
        ("/funds/holding", {"order_id": [ANY] * 101}),
    ],
)
async def test_a_wrong_filter_is_named(owner: Any, path: str, query: Any) -> None:
    answer = await ask(owner, "GET", path, **query)
    assert (answer.status, answer.json()["error"]["code"]) == (422, "VALIDATION_ERROR")
    assert next(iter(query)) in names(answer)


@pytest.mark.parametrize("limit_id", ["9223372036854775808", "9" * 5000, "-1", "1.0", "１", "%20"])
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_what_can_be_no_number_of_a_limit_is_not_found(owner: Any, method: str, limit_id: str) -> None:
    answer = await ask(owner, method, f"/limits/{limit_id}", {"enabled": False} if method == "PATCH" else None)
    assert (answer.status, answer.json()["error"]["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "path", ["/limits", "/limits/effective", "/alerts", "/kill", "/funds", "/funds/holding", f"/groups/{ANY}/limits"]
)
async def test_without_an_identity_there_is_no_answer(owner: Any, path: str) -> None:
    assert (await owner.stand.ask("risk", "GET", path, None)).status == 401


async def test_money_moves_between_two_accounts_not_from_one_to_itself(owner: Any) -> None:
    same = {"from_account_id": str(owner.account_id), "to_account_id": str(owner.account_id)}
    before = await kept(owner)
    assert (await ask(owner, "POST", "/funds/moves", {**MOVE, **same})).status == 404
    assert await kept(owner) == before


async def test_a_currency_that_an_account_never_held_has_nothing_free(owner: Any) -> None:
    first, owner.account_id = owner.account_id, uuid4()
    await owner.open()
    ends = {"from_account_id": str(first), "to_account_id": str(owner.account_id)}
    before = await kept(owner)
    answer = await ask(owner, "POST", "/funds/moves", {**MOVE, **ends, "currency": "DOGE"})
    error = answer.json()["error"]
    assert (answer.status, error["code"], error["details"]) == (400, "INSUFFICIENT_BALANCE", {"free": "0"})
    assert await kept(owner) == before


async def test_the_limits_of_anothers_account_do_not_show_through_ones_own(owner: Any, new_owner: Any) -> None:
    other = await new_owner()
    await other.limit("drawdown", "0.05", account_id=str(other.account_id))
    found = (await ask(owner, "GET", "/limits/effective", account_id=str(other.account_id))).value()
    assert (found["max_drawdown"], found["last_contract"]) == ("0.5", None)
