"""The system's limits: every user has them, may narrow them, and never passes them."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from millrace.common.events.trading import OrderState
from millrace.common.testing.service import Stand

SYSTEM = {"position_value": "1000000", "daily_loss": "100000", "drawdown": "0.5", "open_orders": "200"}


async def ask(owner: Any, method: str, path: str, json: Any = None, **query: Any) -> Any:
    return await owner.stand.ask("risk", method, path, owner.user, json=json, query=query)


async def listed(owner: Any, **query: Any) -> dict[str, dict[str, Any]]:
    """The user's limits of the whole user, by kind."""
    items = (await ask(owner, "GET", "/limits", **query)).value()["items"]
    return {item["limit_type"]: item for item in items}


async def test_a_new_user_has_the_systems_limits_with_short_numbers(owner: Any) -> None:
    found = await listed(owner)
    assert {kind: item["limit_value"] for kind, item in found.items()} == SYSTEM
    assert {item["source"] for item in found.values()} == {"system"}
    assert len({item["num"] for item in found.values()}) == 4
    assert await listed(owner, source="user") == {}


async def test_a_second_account_brings_no_second_set(owner: Any) -> None:
    before = await listed(owner)
    owner.account_id = uuid4()
    await owner.open()
    assert {k: v["id"] for k, v in (await listed(owner)).items()} == {k: v["id"] for k, v in before.items()}


async def test_ones_own_limit_takes_the_systems_place_and_deleting_it_brings_that_back(owner: Any) -> None:
    system = (await listed(owner))["daily_loss"]
    own = await owner.limit("daily_loss", "300", contract="botplatform")
    assert (own["id"], own["num"], own["source"]) == (system["id"], system["num"], "user")
    assert own["created_at"] == own["updated_at"] > system["created_at"], "it is the user's from then on"
    later = await owner.limit("daily_loss", "200", contract="botplatform")
    assert later["created_at"] == own["created_at"] < later["updated_at"]
    deleted = await ask(owner, "DELETE", f"/limits/{own['num']}")
    assert (deleted.value()["source"], deleted.value()["limit_value"]) == ("system", "100000")
    again = await ask(owner, "DELETE", f"/limits/{own['id']}")
    assert (again.status, again.json()["error"]["code"]) == (409, "INVALID_STATE")


async def test_a_limit_of_the_systems_is_changed_by_number_and_then_obeyed(owner: Any) -> None:
    number = (await listed(owner))["position_value"]["num"]
    changed = (await ask(owner, "PATCH", f"/limits/{number}", {"limit_value": "150", "contract": "crypto"})).value()
    assert (changed["source"], changed["contract"], changed["limit_value"]) == ("user", "crypto", "150")
    await owner.hear(owner.order())
    assert owner.answers() == ["position_value"]


async def test_switching_ones_own_limit_off_leaves_the_systems_in_force(owner: Any) -> None:
    made = await owner.limit("open_orders", "1")
    await owner.hear(owner.order(), owner.order())
    assert owner.answers() == ["approved", "open_orders"]
    await ask(owner, "PATCH", f"/limits/{made['id']}", {"enabled": False})
    assert (await ask(owner, "GET", "/limits/effective")).value()["max_open_orders"] == 200
    await owner.hear(owner.order())
    assert owner.answers()[2:] == ["approved"]


@pytest.mark.parametrize("kind", sorted(SYSTEM))
async def test_nobody_loosens_beyond_the_system(owner: Any, kind: str) -> None:
    most = Decimal(SYSTEM[kind])
    step = Decimal(1) if most > 1 else Decimal("0.01")
    assert (await owner.limit(kind, str(most)))["limit_value"] == SYSTEM[kind]
    answer = await ask(owner, "POST", "/limits", {"limit_type": kind, "limit_value": str(most + step)})
    assert answer.status == 422
    told = "50 %" if kind == "drawdown" else SYSTEM[kind]
    assert told in answer.json()["error"]["fields"]["limit_value"]


async def test_a_count_of_orders_is_whole(owner: Any) -> None:
    assert (await ask(owner, "POST", "/limits", {"limit_type": "open_orders", "limit_value": "1.5"})).status == 422


async def test_what_is_used_of_each_limit_is_shown(owner: Any) -> None:
    await owner.limit("position_value", "1000")
    await owner.limit("position_value", "500", symbol="ETHUSDT")
    order = owner.order()
    await owner.hear(order, owner.order(), owner.update(order, OrderState.FILLED, 4, "0.01"))
    await owner.hear(owner.mark("-250", "0.1"))
    rows = (await ask(owner, "GET", "/limits")).value()["items"]
    used = {(r["limit_type"], r["symbol"]): (r["current_value"], r["utilization"]) for r in rows}
    assert used == {
        ("position_value", None): ("400", "0.4"),
        ("position_value", "ETH/USDT"): ("0", "0"),
        ("daily_loss", None): ("0", "0"),  # the mark is of a day long past
        ("drawdown", None): ("0.1", "0.2"),
        ("open_orders", None): ("1", "0.005"),
    }


async def test_the_loss_of_today_counts_against_its_limit(owner: Any) -> None:
    await owner.limit("daily_loss", "1000")
    mark = owner.mark("-250").model_copy(update={"marked_at": owner.stand.host.clock.now()})
    await owner.hear(mark)
    assert (await listed(owner))["daily_loss"]["utilization"] == "0.25"


async def test_the_composed_limits_are_the_strictest_and_set_at_once(owner: Any) -> None:
    begun = (await ask(owner, "GET", "/limits/effective")).value()
    assert (begun["max_position_value"], begun["max_daily_loss"], begun["max_drawdown"]) == ("1000000", "100000", "0.5")
    assert begun["updated_at"]
    asked = {"max_position_value": 300, "max_daily_loss": 100, "max_drawdown": 0.1, "contract": "interfaces"}
    done = (await ask(owner, "PUT", "/limits/effective", asked)).value()
    assert (done["max_position_value"], done["max_daily_loss"], done["max_drawdown"]) == ("300", "100", "0.1")
    assert (done["last_contract"], done["max_open_orders"]) == ("interfaces", 200)
    await owner.limit("drawdown", "0.05", account_id=str(owner.account_id))
    assert (await ask(owner, "GET", "/limits/effective")).value()["max_drawdown"] == "0.1"
    one = await ask(owner, "GET", "/limits/effective", account_id=str(owner.account_id))
    assert one.value()["max_drawdown"] == "0.05"
    await owner.hear(owner.mark(drawdown="0.05"))
    await owner.hear(owner.order())
    assert owner.answers() == ["drawdown"]


async def test_one_value_that_is_too_large_changes_none(owner: Any) -> None:
    asked = {"max_position_value": 300, "max_drawdown": 0.6}
    assert (await ask(owner, "PUT", "/limits/effective", asked)).status == 422
    assert (await ask(owner, "GET", "/limits/effective")).value()["max_position_value"] == "1000000"


async def test_the_last_writer_is_remembered_also_when_it_deletes(owner: Any, new_owner: Any) -> None:
    other = await new_owner()
    assert (await ask(owner, "GET", "/limits")).value()["last_contract"] is None
    made = await owner.limit("daily_loss", "300", contract="botplatform")
    assert (await ask(owner, "GET", "/limits")).value()["last_contract"] == "botplatform"
    await ask(owner, "DELETE", f"/limits/{made['id']}", contract="crypto")
    assert (await ask(owner, "GET", "/limits")).value()["last_contract"] == "crypto"
    assert (await ask(other, "GET", "/limits")).value()["last_contract"] is None


@pytest.mark.parametrize("limit_id", ["0", "99999999999999999999", "x", "effective"])
async def test_what_is_no_limit_is_not_found(owner: Any, limit_id: str) -> None:
    assert (await ask(owner, "PATCH", f"/limits/{limit_id}", {"enabled": True})).status == 404


async def test_numbers_of_others_are_not_found(owner: Any, new_owner: Any) -> None:
    other = await new_owner()
    number = (await listed(other))["drawdown"]["num"]
    assert (await ask(owner, "PATCH", f"/limits/{number}", {"limit_value": "0.1"})).status == 404
    assert (await listed(other))["drawdown"]["limit_value"] == "0.5"


@pytest.mark.parametrize("table", ["limits", "limit_writers", "fund_moves", "alerts"])
async def test_a_query_that_forgets_the_owner_sees_the_owners_rows_alone(
    owner: Any, new_owner: Any, stand: Stand, table: str
) -> None:
    for user in (owner, await new_owner()):
        await user.limit("drawdown", "0.2")
        await user.hear(user.mark(drawdown="0.3"))
        first, user.account_id = user.account_id, uuid4()
        await user.open()
        asked = {"from_account_id": str(first), "to_account_id": str(user.account_id), "currency": "USDT", "amount": 1}
        await ask(user, "POST", "/funds/moves", {"transfer_id": str(uuid4()), **asked})
    async with stand.host.running["risk"].database.as_user(owner.user.user_id) as connection:
        found = await connection.fetch(f"select user_id from {table}")
    assert {row["user_id"] for row in found} == {owner.user.user_id}


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("drawdown", "5", "of a drawdown is at most 100 %"),
        ("drawdown", "0.6", "must not be above the system's own of 50 %"),
        ("position_value", "2000000", "must not be above the system's own of 1000000"),
    ],
)
async def test_what_is_too_much_is_told_in_the_clients_unit(owner: Any, kind: str, value: str, reason: str) -> None:
    refused = await ask(owner, "POST", "/limits", {"limit_type": kind, "limit_value": value})
    assert refused.json()["error"]["fields"] == {"limit_value": reason}
