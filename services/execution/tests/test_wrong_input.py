"""Every field that cannot be is named, by each route, and nothing comes of it."""

from typing import Any
from uuid import uuid4

import pytest

from services.execution.tests.floor import Floor

WRONG_ACCOUNTS: list[tuple[dict[str, Any], str]] = [
    ({"exchange": None}, "exchange"),
    ({"exchange": 7}, "exchange"),
    ({"name": ""}, "name"),
    ({"name": "x" * 101}, "name"),
    ({"currency": "usdt"}, "currency"),
    ({"currency": "U"}, "currency"),
    ({"currency": "X" * 16}, "currency"),
    ({"initial_balance": "1e12"}, "initial_balance"),
    ({"initial_balance": "Infinity"}, "initial_balance"),
    ({"initial_balance": "0.0000000000000000001"}, "initial_balance"),
    ({"account_type": "casino"}, "account_type"),
    ({"references": {}}, "references"),
    ({"references": [0] * 101}, "references"),
    ({"references": ["x" * 20_000]}, "references"),
    ({"settings": []}, "settings"),
    ({"settings": {"options": []}}, "settings.options"),
    ({"id": str(uuid4())}, "id"),
    ({"user_id": str(uuid4())}, "user_id"),
]
WRONG_CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "name"),
    ({"is_active": "perhaps"}, "is_active"),
    ({"account_type": "casino"}, "account_type"),
    ({"mode": "live"}, "mode"),
    ({"exchange": "luno"}, "exchange"),
    ({"initial_balance": "1"}, "initial_balance"),
    ({"keys_valid": True}, "keys_valid"),
    ({"settings": {"options": {"urls": {}}}}, "settings.options"),
]
WRONG_GROUPS: list[tuple[dict[str, Any], str]] = [
    ({"name": None}, "name"),
    ({"name": "x" * 101}, "name"),
    ({"description": "x" * 2001}, "description"),
    ({"accounts": ["7"]}, "accounts"),
    ({"accounts": [str(uuid4())] * 101}, "accounts"),
    ({"max_drawdown": "1.01"}, "max_drawdown"),
    ({"target_monthly_roi": "101"}, "target_monthly_roi"),
    ({"target_monthly_roi": "-1"}, "target_monthly_roi"),
    ({"risk_limit": "NaN"}, "risk_limit"),
    ({"settings": {"options": {"urls": {}}}}, "settings.options"),
]
WRONG_CLOSES: list[tuple[dict[str, Any], str]] = [
    ({"symbol": None}, "symbol"),
    ({"quantity": "0"}, "quantity"),
    ({"quantity": "-1"}, "quantity"),
    ({"order_type": "hope"}, "order_type"),
    ({"time_in_force": "forever"}, "time_in_force"),
    ({"bot_id": "7"}, "bot_id"),
    ({"intent_id": "7"}, "intent_id"),
    ({"origin": "x" * 31}, "origin"),
    ({"side": "buy"}, "side"),
]


async def names(floor: Floor, method: str, path: str, json: Any, field: str) -> None:
    """The answer is a validation error about the field."""
    answer = await floor.ask(method, path, json)
    error = answer.json()["error"]
    assert (answer.status, error["code"]) == (422, "VALIDATION_ERROR"), answer.body
    assert field in str(error["fields"]) or field in error["message"], error


async def test_wrong_accounts(floor: Floor) -> None:
    for terms, field in WRONG_ACCOUNTS:
        await names(floor, "POST", "/accounts", {"exchange": "binance", **terms}, field)
    assert (await floor.get("/accounts"))["total"] == 2
    assert await floor.get("/audit") == []


async def test_wrong_changes_of_an_account(floor: Floor) -> None:
    path = f"/accounts/{floor.account_id}"
    before = await floor.get(path)
    for terms, field in WRONG_CHANGES:
        await names(floor, "PATCH", path, terms, field)
    assert await floor.get(path) == before


async def test_wrong_groups_and_wrong_changes_of_one(floor: Floor) -> None:
    made = await floor.group(floor.account_id)
    for terms, field in WRONG_GROUPS:
        await names(floor, "POST", "/groups", {"name": "bad", **terms}, field)
        if terms != {"name": None}:  # what is null is left as it is
            await names(floor, "PATCH", f"/groups/{made['id']}", terms, field)
    assert (await floor.get("/groups"))["items"] == [made]


async def test_wrong_closes(floor: Floor) -> None:
    await floor.bought()
    for terms, field in WRONG_CLOSES:
        await names(
            floor, "POST", f"/accounts/{floor.account_id}/close-position", {"symbol": "BTCUSDT", **terms}, field
        )
    assert await floor.stand.rows("execution", "select 1 from intents") == []


async def test_wrong_terminations(floor: Floor) -> None:
    for terms, field in (({"intent_id": "7"}, "intent_id"), ({"origin": 7}, "origin"), ({"quantity": "1"}, "quantity")):
        await names(floor, "POST", f"/accounts/{floor.account_id}/terminate", terms, field)
    assert (await floor.ask("POST", f"/groups/{uuid4()}/terminate", {})).status in (404, 422)
    assert await floor.stand.rows("execution", "select 1 from intents") == []


@pytest.mark.parametrize("path", ["/accounts/7", "/groups/7", "/intents/7"])
async def test_an_id_that_is_none(floor: Floor, path: str) -> None:
    assert (await floor.ask("GET", path)).json()["error"]["code"] == "VALIDATION_ERROR"
