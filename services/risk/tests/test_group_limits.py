"""A group's limits hold for each of its accounts, and for no other."""

from typing import Any
from uuid import uuid4


async def put(owner: Any, group: Any, accounts: list[Any], **values: Any) -> Any:
    asked = {"account_ids": [str(account) for account in accounts], **values}
    return await owner.stand.ask("risk", "PUT", f"/groups/{group}/limits", owner.user, json=asked)


async def open_two(owner: Any) -> tuple[Any, Any]:
    """A second account of the same owner; both ids."""
    first, owner.account_id = owner.account_id, uuid4()
    await owner.open()
    return first, owner.account_id


async def test_a_groups_drawdown_stops_its_accounts_alone(owner: Any) -> None:
    group, (first, second) = uuid4(), await open_two(owner)
    found = (await put(owner, group, [first], max_drawdown=0.1, risk_limit=0.05)).value()["items"]
    assert [(i["limit_type"], i["limit_value"], i["account_id"], i["group_id"]) for i in found] == [
        ("drawdown", "0.1", str(first), str(group)),
        ("daily_loss_fraction", "0.05", str(first), str(group)),
    ]
    for account in (first, second):
        owner.account_id = account
        await owner.hear(owner.mark(drawdown="0.1"))
        await owner.hear(owner.order())
    assert owner.answers() == ["approved"]
    owner.account_id = first
    assert owner.answers() == ["drawdown"]


async def test_its_risk_limit_is_what_a_day_may_lose_of_what_it_began_with(owner: Any) -> None:
    await put(owner, uuid4(), [owner.account_id], risk_limit=0.05)
    for lost, equity in (("-400", 9600), ("-500", 9500)):
        await owner.hear(owner.mark(lost).model_copy(update={"equity": equity}))
        await owner.hear(owner.order())
    assert owner.answers() == ["approved", "daily_loss_fraction"]
    assert owner.alerts() == [
        ("daily_loss_fraction", "warning", "none"),
        ("daily_loss_fraction", "critical", "entries_stopped"),
    ]


async def test_the_strictest_of_groups_account_and_user_decides(owner: Any) -> None:
    await owner.limit("drawdown", "0.3")
    await owner.limit("drawdown", "0.2", account_id=str(owner.account_id))
    one, other = uuid4(), uuid4()
    await put(owner, one, [owner.account_id], max_drawdown=0.25)
    await put(owner, other, [owner.account_id], max_drawdown=0.15)
    await owner.hear(owner.mark(drawdown="0.16"))
    await owner.hear(owner.order())
    await put(owner, other, [])
    await owner.hear(owner.order())
    await owner.hear(owner.mark(drawdown="0.2"))
    await owner.hear(owner.order())
    assert owner.answers() == ["drawdown", "approved", "drawdown"]


async def test_setting_a_groups_limits_again_replaces_them(owner: Any) -> None:
    group, (first, second) = uuid4(), await open_two(owner)
    await put(owner, group, [first, second, first], max_drawdown=0.1)
    found = (await put(owner, group, [second], max_drawdown=0.2)).value()
    assert [(i["account_id"], i["limit_value"]) for i in found["items"]] == [(str(second), "0.2")]
    assert (await owner.stand.ask("risk", "GET", f"/groups/{group}/limits", owner.user)).value() == found
    assert (await put(owner, group, [])).value()["items"] == []


async def test_accounts_of_others_change_nothing(owner: Any, new_owner: Any) -> None:
    group, other = uuid4(), await new_owner()
    await put(owner, group, [owner.account_id], max_drawdown=0.1)
    assert (await put(owner, group, [owner.account_id, other.account_id], max_drawdown=0.2)).status == 404
    kept = (await owner.stand.ask("risk", "GET", f"/groups/{group}/limits", owner.user)).value()["items"]
    assert [i["limit_value"] for i in kept] == ["0.1"]
    assert (await other.stand.ask("risk", "GET", f"/groups/{group}/limits", other.user)).value()["items"] == []


async def test_a_value_beyond_the_systems_is_refused_before_a_group_has_it(owner: Any) -> None:
    async def check(value: Any) -> Any:
        asked = {"max_drawdown": value}
        return await owner.stand.ask("risk", "POST", "/groups/limits/check", owner.user, json=asked)

    assert [(await check(value)).status for value in (0, 0.1, 0.5)] == [204] * 3
    answer = await check(0.51)
    error = answer.json()["error"]
    assert (answer.status, error["code"]) == (422, "VALIDATION_ERROR")
    assert error["fields"] == {"max_drawdown": "must not be above the system's own of 50 %"}
    assert [(await check(value)).status for value in (-1, 1.1, "NaN", None)] == [422] * 4


async def test_a_group_that_has_one_all_the_same_is_held_to_the_systems(owner: Any) -> None:
    found = await put(owner, uuid4(), [owner.account_id], max_drawdown=0.6)
    assert [i["limit_value"] for i in found.value()["items"]] == ["0.6"]
    await owner.hear(owner.mark(drawdown="0.5"))
    await owner.hear(owner.order())
    assert owner.answers() == ["drawdown"]
