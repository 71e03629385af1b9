"""Groups hold accounts, each account one group at most."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.execution.tests.desk import user_of
from services.execution.tests.floor import Floor

WISH = UUID("00000000-0000-7000-8000-000000000077")


async def test_a_group_is_made_changed_and_ended_and_its_accounts_stay(floor: Floor) -> None:
    other = await floor.account()
    made = await floor.group(floor.account_id, max_drawdown="0.25", settings={"colour": "red"})
    assert (made["accounts"], made["max_drawdown"], made["risk_limit"]) == ([str(floor.account_id)], "0.25", None)
    path = f"/groups/{made['id']}"
    changed = await floor.done("PATCH", path, {"description": "both", "accounts": [other["id"]], "risk_limit": 0.05})
    assert (changed["name"], changed["description"], changed["accounts"]) == ("all", "both", [other["id"]])
    assert (changed["max_drawdown"], changed["risk_limit"], changed["settings"]) == ("0.25", "0.05", {"colour": "red"})
    assert [g["id"] for g in (await floor.get("/groups"))["items"]] == [made["id"]]
    await floor.done("DELETE", path)
    assert (await floor.refused("GET", path))[0] == "NOT_FOUND"
    assert (await floor.get(f"/accounts/{other['id']}"))["group_id"] is None


async def test_accounts_join_one_by_one_and_each_that_cannot_says_why(floor: Floor) -> None:
    first = await floor.group(floor.account_id)
    second = await floor.group(name="second")
    other = await floor.account()
    nobody = str(uuid4())
    asked = {"account_ids": [str(floor.account_id), other["id"], nobody, other["id"]]}
    found = await floor.done("POST", f"/groups/{second['id']}/accounts", asked)
    assert found["success"] == found["group"]["accounts"] == [other["id"]]
    failed = [(one["account_id"], one["code"]) for one in found["failed"]]
    assert failed == [(str(floor.account_id), "CONFLICT"), (nobody, "NOT_FOUND")]
    left = await floor.done("DELETE", f"/groups/{first['id']}/accounts/{floor.account_id}")
    assert left["accounts"] == []
    assert (await floor.refused("DELETE", f"/groups/{first['id']}/accounts/{floor.account_id}"))[0] == "NOT_FOUND"


async def test_an_account_that_is_assigned_moves(floor: Floor) -> None:
    first, second = await floor.group(floor.account_id), await floor.group(name="second")
    path = f"/accounts/{floor.account_id}/group"
    for group_id in (second["id"], None, first["id"]):
        assert (await floor.done("PUT", path, {"group_id": group_id}))["group_id"] == group_id
    assert (await floor.refused("PUT", path, {"group_id": str(uuid4())}))[0] == "NOT_FOUND"
    assert (await floor.get(f"/groups/{first['id']}"))["accounts"] == [str(floor.account_id)]


async def test_a_group_with_an_unknown_account_is_not_made_or_changed(floor: Floor) -> None:
    terms: dict[str, Any] = {"name": "bad", "accounts": [str(floor.account_id), str(uuid4())]}
    assert (await floor.refused("POST", "/groups", terms))[0] == "NOT_FOUND"
    made = await floor.group(floor.account_id)
    assert (await floor.refused("PATCH", f"/groups/{made['id']}", terms))[0] == "NOT_FOUND"
    assert (await floor.get("/groups"))["items"] == [made]


async def test_two_groups_of_a_user_have_different_names(floor: Floor) -> None:
    await floor.group()
    second = await floor.group(name="second")
    assert (await floor.refused("POST", "/groups", {"name": "all"}))[0] == "CONFLICT"
    assert (await floor.refused("PATCH", f"/groups/{second['id']}", {"name": "all"}))[0] == "CONFLICT"
    other, _ = await user_of(floor.stand)
    assert (await floor.ask("POST", "/groups", {"name": "all"}, other)).status == 201


async def test_somebody_elses_group_is_not_found(floor: Floor) -> None:
    made = await floor.group(floor.account_id)
    other, account_id = await user_of(floor.stand)
    path = f"/groups/{made['id']}"
    order = {"symbol": "BTCUSDT", "side": "buy", "quantity": "0.01"}
    for method, where, json in (
        ("GET", path, None),
        ("PATCH", path, {"name": "mine"}),
        ("DELETE", path, None),
        ("POST", f"{path}/accounts", {"account_ids": [str(account_id)]}),
        ("DELETE", f"{path}/accounts/{floor.account_id}", None),
        ("POST", f"{path}/orders", order),
    ):
        assert (await floor.refused(method, where, json, other))[0] == "NOT_FOUND", (method, where)
    assert (await floor.ask("GET", "/groups", user=other)).value()["total"] == 0
    theirs = (await floor.ask("POST", "/groups", {"name": "theirs"}, other)).value()
    asked = {"account_ids": [str(floor.account_id)]}
    joined = (await floor.ask("POST", f"/groups/{theirs['id']}/accounts", asked, other)).value()
    assert (joined["success"], joined["failed"][0]["code"]) == ([], "NOT_FOUND")


@pytest.mark.parametrize("terms", [{"max_drawdown": "25"}, {"risk_limit": "-0.1"}, {"name": ""}, {"surprise": 1}])
async def test_a_wrong_group_is_not_made(floor: Floor, terms: dict[str, Any]) -> None:
    assert (await floor.refused("POST", "/groups", {"name": "bad", **terms}))[0] == "VALIDATION_ERROR"


async def test_a_groups_activity_counts_its_accounts_orders_by_interval(floor: Floor) -> None:
    made = await floor.group(floor.account_id)
    await floor.bought("0.01")
    await floor.bought("0.02")
    await floor.done("POST", "/orders", {"symbol": "BTCUSDT", "side": "buy", "order_type": "market", "quantity": "9"})
    now = datetime.now(UTC)
    span = {"since": (now - timedelta(days=40)).isoformat(), "until": (now + timedelta(days=1)).isoformat()}
    for interval in ("day", "week", "month"):
        (line,) = await floor.get(f"/groups/{made['id']}/activity", interval=interval, **span)
        counts = (line["orders"], line["filled"], line["refused"], line["live"])
        assert (counts, line["volume"], line["fees"]) == ((3, 2, 1, 0), "600", "0.6")
        assert line["account_id"] == str(floor.account_id)
    turned = {"since": span["until"], "until": span["since"]}
    answer = await floor.ask("GET", f"/groups/{made['id']}/activity", **turned)
    assert answer.json()["error"]["code"] == "INVALID_DATE_RANGE"


async def test_a_wish_for_a_group_that_comes_again_makes_no_second_one_and_undoes_nothing(floor: Floor) -> None:
    asked = {"name": "all", "accounts": [str(floor.account_id)], "intent_id": str(WISH)}
    made = await floor.done("POST", "/groups", asked)
    assert await floor.done("POST", "/groups", asked) == made
    emptied = await floor.done("PATCH", f"/groups/{made['id']}", {"name": "none", "accounts": []})
    assert await floor.done("POST", "/groups", asked) == emptied
    assert (await floor.get("/groups"))["total"] == 1
    assert (await floor.refused("POST", "/groups", {"name": "none"}))[0] == "CONFLICT"
