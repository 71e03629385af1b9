"""Limits over HTTP: theirs alone, in any spelling, typed errors."""

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest


async def ask(owner: Any, method: str, path: str, json: Any = None) -> Any:
    return await owner.stand.ask("risk", method, path, owner.user, json=json)


async def own(owner: Any) -> list[dict[str, Any]]:
    """The limits that are the owner's and not the system's."""
    found = (await owner.stand.ask("risk", "GET", "/limits", owner.user, query={"source": "user"})).value()
    return list(found["items"])


async def test_a_limit_is_listed_changed_and_deleted(owner: Any) -> None:
    made = await owner.limit("position_value", "300", symbol="btc-usdt", warning_threshold="70.5")
    assert (made["symbol"], made["warning_threshold"], made["critical_threshold"]) == ("BTC/USDT", "70.5", "95")
    changed = await ask(owner, "PATCH", f"/limits/{made['id']}", {"limit_value": 100, "enabled": False})
    assert (changed.value()["limit_value"], changed.value()["warning_threshold"]) == ("100", "70.5")
    await owner.hear(owner.order())
    assert owner.answers() == ["approved"]
    assert (await ask(owner, "PATCH", f"/limits/{made['id']}", {"enabled": True})).status == 200
    await owner.hear(owner.order())
    assert owner.answers() == ["approved", "position_value"]
    assert (await ask(owner, "DELETE", f"/limits/{made['id']}")).status == 200
    assert await own(owner) == []
    await owner.hear(owner.order())
    assert owner.answers()[2:] == ["approved"]


async def test_the_same_limit_twice_is_one_limit(owner: Any) -> None:
    await owner.limit("daily_loss", "300")
    await owner.limit("daily_loss", "200")
    items = await own(owner)
    assert [item["limit_value"] for item in items] == ["200"]


async def test_a_limit_of_one_account_leaves_the_others_alone(owner: Any) -> None:
    await owner.limit("position_value", "100", account_id=str(owner.account_id))
    await owner.limit("position_value", "1000")
    first, owner.account_id = owner.account_id, uuid4()
    await owner.open()
    await owner.hear(owner.order())
    assert owner.answers() == ["approved"]
    owner.account_id = first
    await owner.hear(owner.order())
    assert owner.answers() == ["position_value"]


async def test_what_belongs_to_others_is_not_there(owner: Any, new_owner: Any, an_id: UUID) -> None:
    other = await new_owner()
    theirs = await other.limit("daily_loss", "300")
    for limit_id in (theirs["id"], an_id):
        assert (await ask(owner, "PATCH", f"/limits/{limit_id}", {"limit_value": 1})).status == 404
        assert (await ask(owner, "DELETE", f"/limits/{limit_id}")).status == 404
    for account_id in (other.account_id, an_id):
        asked = {"limit_type": "daily_loss", "limit_value": 1, "account_id": str(account_id)}
        assert (await ask(owner, "POST", "/limits", asked)).status == 404
    assert await own(owner) == []
    kept = await own(other)
    assert [Decimal(item["limit_value"]) for item in kept] == [300]


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("limit_value", {"limit_type": "daily_loss", "limit_value": "-1"}),
        ("limit_value", {"limit_type": "daily_loss", "limit_value": "1e30"}),
        ("limit_value", {"limit_type": "drawdown", "limit_value": "1.1"}),
        ("limit_type", {"limit_type": "luck", "limit_value": 1}),
        ("symbol", {"limit_type": "daily_loss", "limit_value": 1, "symbol": "BTC/USDT"}),
        ("warning_threshold", {"limit_type": "daily_loss", "limit_value": 1, "warning_threshold": 96}),
        ("critical_threshold", {"limit_type": "daily_loss", "limit_value": 1, "critical_threshold": 101}),
        ("user_id", {"limit_type": "daily_loss", "limit_value": 1, "user_id": str(uuid4())}),
    ],
)
async def test_a_limit_that_makes_no_sense_is_refused_with_the_field(owner: Any, field: str, asked: Any) -> None:
    answer = await ask(owner, "POST", "/limits", asked)
    assert answer.status == 422
    assert any(name.endswith(field) for name in answer.json()["error"]["fields"])
    assert await own(owner) == []


async def test_a_symbol_that_is_no_pair_is_refused(owner: Any) -> None:
    answer = await ask(owner, "POST", "/limits", {"limit_type": "position_value", "limit_value": 1, "symbol": "??"})
    assert (answer.status, answer.json()["error"]["code"]) == (400, "INVALID_SYMBOL")


async def test_a_change_is_checked_together_with_what_stays(owner: Any) -> None:
    made = await owner.limit("drawdown", "0.5", warning_threshold=50, critical_threshold=60)
    for changes in ({"limit_value": 2}, {"warning_threshold": 61}, {"critical_threshold": 49}, {"limit_type": "x"}):
        assert (await ask(owner, "PATCH", f"/limits/{made['id']}", changes)).status == 422
    assert (await own(owner))[0]["limit_value"] == "0.5"
