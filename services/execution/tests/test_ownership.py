"""What belongs to somebody else is not found, exactly like what never was."""

from typing import Any
from uuid import uuid4

import pytest

from millrace.common.auth.principal import Principal
from services.execution.tests.desk import user_of
from services.execution.tests.floor import BUY, Floor

ORDER = {"symbol": "BTCUSDT", "side": "buy", "quantity": "0.01"}
ACCOUNT_ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "", None),
    ("PATCH", "", {"name": "mine"}),
    ("DELETE", "", None),
    ("PUT", "/credentials", {"api_key": "abc", "api_secret": "abc"}),
    ("POST", "/check-keys", None),
    ("POST", "/sync-balance", None),
    ("PUT", "/group", {"group_id": None}),
    ("POST", "/close-position", {"symbol": "BTCUSDT"}),
    ("POST", "/terminate", {}),
]
GROUP_ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "", None),
    ("PATCH", "", {"name": "mine"}),
    ("DELETE", "", None),
    ("POST", "/accounts", {"account_ids": []}),
    ("DELETE", f"/accounts/{uuid4()}", None),
    ("POST", "/orders", ORDER),
]


async def test_a_foreign_and_an_absent_account_get_the_same_answer(floor: Floor) -> None:
    other, _ = await user_of(floor.stand)
    for method, path, json in ACCOUNT_ROUTES:
        foreign = await floor.ask(method, f"/accounts/{floor.account_id}{path}", json, other)
        absent = await floor.ask(method, f"/accounts/{uuid4()}{path}", json, other)
        assert foreign.status == absent.status == 404, (method, path)
        shown = [{k: v for k, v in a.json()["error"].items() if "id" not in k} for a in (foreign, absent)]
        assert shown[0]["code"] == shown[1]["code"] == "NOT_FOUND"
        assert shown[0]["message"] == shown[1]["message"]
    assert (await floor.get(f"/accounts/{floor.account_id}"))["name"] == "Paper"
    assert await floor.stand.rows("execution", "select 1 from intents") == []


async def test_a_foreign_and_an_absent_group_get_the_same_answer(floor: Floor) -> None:
    made = await floor.group(floor.account_id)
    other, _ = await user_of(floor.stand)
    for method, path, json in GROUP_ROUTES:
        foreign = await floor.ask(method, f"/groups/{made['id']}{path}", json, other)
        absent = await floor.ask(method, f"/groups/{uuid4()}{path}", json, other)
        assert foreign.status == absent.status == 404, (method, path)
        assert foreign.json()["error"]["message"] == absent.json()["error"]["message"]
    assert await floor.get(f"/groups/{made['id']}") == made


async def test_a_groups_activity_is_its_owners(floor: Floor) -> None:
    made = await floor.group(floor.account_id)
    other, _ = await user_of(floor.stand)
    span = {"since": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z"}
    answer = await floor.ask("GET", f"/groups/{made['id']}/activity", user=other, **span)
    assert answer.json()["error"]["code"] == "NOT_FOUND"


async def test_an_account_does_not_go_to_somebody_elses_group(floor: Floor) -> None:
    other, _ = await user_of(floor.stand)
    theirs = (await floor.ask("POST", "/groups", {"name": "theirs"}, other)).value()
    path = f"/accounts/{floor.account_id}/group"
    assert (await floor.refused("PUT", path, {"group_id": theirs["id"]}))[0] == "NOT_FOUND"
    assert (await floor.get(f"/accounts/{floor.account_id}"))["group_id"] is None


async def test_a_group_takes_nobody_elses_account_when_it_is_made_or_changed(floor: Floor) -> None:
    other, _ = await user_of(floor.stand)
    terms = {"name": "grab", "accounts": [str(floor.account_id)]}
    assert (await floor.refused("POST", "/groups", terms, other))[0] == "NOT_FOUND"
    theirs = (await floor.ask("POST", "/groups", {"name": "theirs"}, other)).value()
    assert (await floor.refused("PATCH", f"/groups/{theirs['id']}", terms, other))[0] == "NOT_FOUND"
    found = (await floor.ask("GET", f"/groups/{theirs['id']}", user=other)).value()
    assert (found["name"], found["accounts"]) == ("theirs", [])


async def test_somebody_elses_intent_is_not_found_and_its_id_is_not_theirs_to_reuse(floor: Floor) -> None:
    made = await floor.group(floor.account_id)
    found = await floor.done("POST", f"/groups/{made['id']}/orders", ORDER)
    other, account_id = await user_of(floor.stand)
    theirs = await floor.ask("GET", f"/intents/{found['intent_id']}", user=other)
    absent = await floor.ask("GET", f"/intents/{uuid4()}", user=other)
    assert theirs.json()["error"]["message"] == absent.json()["error"]["message"]
    wish = {"intent_id": found["intent_id"]}
    answer = await floor.ask("POST", f"/accounts/{account_id}/terminate", wish, other)
    assert answer.json()["error"]["code"] == "IDEMPOTENCY_MISMATCH"
    assert "0.01" not in answer.body.decode()


async def test_another_users_order_id_does_not_answer_for_an_intent(floor: Floor) -> None:
    intent = str(uuid4())
    mine = await floor.done("POST", "/orders", {**BUY, "intent_id": intent})
    other, _ = await user_of(floor.stand)
    answer = await floor.ask("POST", "/orders", {**BUY, "intent_id": intent}, other)
    assert mine["order_id"] not in answer.body.decode()
    assert answer.status == 409


async def test_lists_and_the_record_hold_only_ones_own(floor: Floor) -> None:
    await floor.group(floor.account_id)
    await floor.bought()
    other, account_id = await user_of(floor.stand)
    found = (await floor.ask("GET", "/accounts", user=other)).value()
    assert str(account_id) in {a["id"] for a in found["items"]}
    assert str(floor.account_id) not in {a["id"] for a in found["items"]}
    assert found["total"] == len(found["items"]) == 2
    assert (await floor.ask("GET", "/groups", user=other)).value()["items"] == []
    assert (await floor.ask("GET", "/audit", user=other)).value() == []
    query = {"account_id": str(floor.account_id)}
    assert (await floor.ask("GET", "/orders", user=other, **query)).value() == {"items": [], "total": 0}


async def test_without_an_identity_nothing_is_answered(floor: Floor) -> None:
    for method, path in (("GET", "/accounts"), ("GET", "/groups"), ("GET", "/audit"), ("GET", f"/intents/{uuid4()}")):
        answer = await floor.stand.ask("execution", method, path, None)
        assert answer.status == 401, path


@pytest.mark.parametrize("path", ["/groups", "/keys/check"])
async def test_a_viewer_only_looks(floor: Floor, path: str) -> None:
    viewer = Principal(floor.user.user_id, "trader", "viewer")
    assert (await floor.ask("POST", path, {"name": "x"}, viewer)).status == 403
    assert (await floor.ask("GET", "/groups", user=viewer)).status == 200
    assert await floor.get("/groups") == {"items": [], "total": 0, "limit": 50, "offset": 0}


async def test_row_level_security_holds_where_a_query_forgets_the_owner(floor: Floor) -> None:
    await floor.group(floor.account_id)
    await floor.bought()
    await floor.done("POST", f"/accounts/{floor.account_id}/close-position", {"symbol": "BTC/USDT"})
    await floor.account(api_key="paper-key", api_secret="paper-secret")
    other, _ = await user_of(floor.stand)
    database = floor.stand.host.running["execution"].database
    for table in ("groups", "credentials", "intents", "audit", "holdings", "orders", "fills"):
        async with database.as_user(floor.user.user_id) as connection:
            assert await connection.fetchval(f"select count(*) from {table}") > 0, table
        async with database.as_user(other.user_id) as connection:
            assert await connection.fetchval(f"select count(*) from {table}") == 0, table
