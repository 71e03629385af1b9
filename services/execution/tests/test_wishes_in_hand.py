"""A wish is whole or not there at all, whatever dies in the middle, and goes on where it was left."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from millrace.common.db.work import Work
from millrace.common.events.risk import KillSwitchChanged
from millrace.common.events.trading import OrderRequested
from millrace.execution.app import intents
from services.execution.tests.desk import CLOCK, Desk
from services.execution.tests.floor import Floor

ORDER: dict[str, Any] = {"symbol": "BTCUSDT", "side": "buy", "quantity": "0.01"}


async def dies_in_save(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the unit of work's connection is ended by the server when a wish is saved."""

    async def save(work: Work, *_: Any, **__: Any) -> None:
        await work.connection.execute("select pg_terminate_backend(pg_backend_pid())")

    monkeypatch.setattr(intents, "save", save)


async def nothing_is_left(floor: Floor, before: int) -> None:
    """Neither wish nor order nor event of one."""
    await floor.stand.rest()
    assert await floor.stand.rows("execution", "select 1 from intents") == []
    assert len(await floor.stand.rows("execution", "select 1 from orders")) == before
    assert len(floor.stand.said(OrderRequested)) == before


async def test_a_group_order_whose_connection_is_killed_leaves_nothing_and_can_be_sent_again(floor: Floor) -> None:
    group, intent = await floor.group(floor.account_id), str(uuid4())
    wish = {**ORDER, "intent_id": intent}
    with pytest.MonkeyPatch.context() as patch:
        await dies_in_save(patch)
        answer = await floor.ask("POST", f"/groups/{group['id']}/orders", wish)
        assert answer.status >= 500
    await nothing_is_left(floor, 0)
    found = await floor.done("POST", f"/groups/{group['id']}/orders", wish)
    assert (found["intent_id"], found["success_count"]) == (intent, 1)
    assert await floor.holds() == Decimal("0.01")


async def test_a_close_whose_connection_is_killed_sells_nothing_and_then_once(floor: Floor) -> None:
    await floor.bought("0.02")
    path, wish = f"/accounts/{floor.account_id}/close-position", {"symbol": "BTC/USDT", "intent_id": str(uuid4())}
    with pytest.MonkeyPatch.context() as patch:
        await dies_in_save(patch)
        assert (await floor.ask("POST", path, wish)).status >= 500
    await nothing_is_left(floor, 1)
    assert await floor.holds() == Decimal("0.02")
    for _ in range(2):
        await floor.done("POST", path, wish)
    assert await floor.holds() == 0
    assert len(await floor.stand.rows("execution", "select 1 from orders where side = 'sell'")) == 1


async def test_a_termination_whose_connection_is_killed_cancels_nothing(floor: Floor) -> None:
    order = await floor.done("POST", "/orders", {**ORDER, "order_type": "limit", "price": "19000"})
    path = f"/accounts/{floor.account_id}/terminate"
    with pytest.MonkeyPatch.context() as patch:
        await dies_in_save(patch)
        assert (await floor.ask("POST", path, {})).status >= 500
    await nothing_is_left(floor, 1)
    assert (await floor.get(f"/orders/{order['order_id']}"))["state"] == "open"
    assert "account.terminate" not in [line["action"] for line in await floor.get("/audit")]


async def owed(floor: Floor, kind: str, scope: str, target: UUID, asked: str) -> UUID:
    """A wish as a crash leaves it."""
    intent = uuid4()
    query = """insert into intents (intent_id, user_id, kind, scope, target, asked, created_at)
               values ($1, $2, $3, $4, $5, $6, now())"""
    await floor.stand.rows("execution", query, intent, floor.user.user_id, kind, scope, target, asked)
    return intent


async def finished(floor: Floor, intent: UUID) -> Any:
    """What became of a wish, once nothing is owed."""

    async def done() -> bool:
        return bool((await floor.get(f"/intents/{intent}"))["state"] == "done")

    await floor.stand.host.until(done)
    await floor.stand.rest()
    return await floor.get(f"/intents/{intent}")


async def test_a_wish_that_cannot_go_on_does_not_hold_up_the_next(floor: Floor) -> None:
    await floor.bought("0.02")
    broken = await owed(floor, "terminate", "account", floor.account_id, "{}")
    good = await owed(floor, "terminate", "account", floor.account_id, '{"origin": "application"}')
    assert (await finished(floor, good))["success_count"] == 1
    assert (await floor.get(f"/intents/{broken}"))["results"] == []
    assert await floor.holds() == 0


async def test_a_wish_that_loses_a_deadlock_does_not_hold_up_the_next(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    save, lost = intents.save, set[UUID]()

    async def lose_the_first(work: Work, user_id: UUID, intent_id: UUID, *args: Any, **terms: Any) -> None:
        if intent_id in lost or not lost:
            lost.add(intent_id)
            await work.connection.execute("do $$ begin raise sqlstate '40P01'; end $$")
        await save(work, user_id, intent_id, *args, **terms)

    monkeypatch.setattr(intents, "save", lose_the_first)
    first, second = [await owed(floor, "terminate", "bot", uuid4(), '{"origin": "application"}') for _ in range(2)]
    await finished(floor, second)
    assert lost == {first}
    assert (await floor.get(f"/intents/{first}"))["state"] == "working"
    monkeypatch.setattr(intents, "save", save)
    await finished(floor, first)


async def test_a_termination_of_a_bot_that_holds_nothing_is_done(floor: Floor) -> None:
    found = await finished(floor, await owed(floor, "terminate", "bot", uuid4(), '{"origin": "application"}'))
    assert (found["results"], found["cancelled"], found["success_count"], found["error_count"]) == ([], [], 0, 0)
    assert found["ended_at"] is not None


async def test_the_same_termination_at_once_sells_once(floor: Floor) -> None:
    await floor.bought("0.02")
    path, wish = f"/accounts/{floor.account_id}/terminate", {"intent_id": str(uuid4())}
    answers = await asyncio.gather(*(floor.ask("POST", path, wish) for _ in range(5)))
    assert {a.status for a in answers} == {201}
    await finished(floor, UUID(wish["intent_id"]))
    assert len(await floor.stand.rows("execution", "select 1 from orders where side = 'sell'")) == 1
    assert [line["action"] for line in await floor.get("/audit")].count("account.terminate") == 1
    assert await floor.holds() == 0


async def test_different_closes_at_once_never_sell_more_than_is_held(floor: Floor) -> None:
    await floor.bought("0.02")
    path = f"/accounts/{floor.account_id}/close-position"
    answers = await asyncio.gather(*(floor.ask("POST", path, {"symbol": "BTC/USDT"}) for _ in range(4)))
    await floor.stand.rest()
    assert 201 in {a.status for a in answers}
    assert await floor.holds() == 0
    query = "select sum(filled_quantity) as sold from orders where side = 'sell'"
    assert (await floor.stand.rows("execution", query))[0]["sold"] == Decimal("0.02")


@pytest.mark.parametrize("kind", ["account", "bot", "close"])
async def test_an_intents_id_is_good_for_one_thing(floor: Floor, kind: str) -> None:
    await floor.bought("0.02")
    group, intent = await floor.group(floor.account_id), str(uuid4())
    await floor.done("POST", f"/groups/{group['id']}/orders", {**ORDER, "intent_id": intent})
    path = {
        "account": f"/accounts/{floor.account_id}/terminate",
        "bot": f"/bots/{uuid4()}/terminate",
        "close": f"/accounts/{floor.account_id}/close-position",
    }[kind]
    wish = {"intent_id": intent, **({"symbol": "BTC/USDT"} if kind == "close" else {})}
    assert (await floor.refused("POST", path, wish))[0] == "IDEMPOTENCY_MISMATCH"
    assert await floor.holds() == Decimal("0.03")


@pytest.mark.parametrize("scope", ["user", "account"])
async def test_a_thrown_switch_stops_the_legs_of_its_scope(floor: Floor, scope: str) -> None:
    other = await floor.account()
    group = await floor.group(floor.account_id, other["id"])
    target = {"user": floor.user.user_id, "account": floor.account_id}[scope]
    said = {"target": str(target), "active": True, "reason": "enough", "changed_at": CLOCK.now()}
    await floor.stand.hear(KillSwitchChanged(user_id=floor.user.user_id, scope=scope, **said))
    found = await floor.done("POST", f"/groups/{group['id']}/orders", ORDER)
    again = await floor.get(f"/intents/{found['intent_id']}")
    legs = {leg["account_id"]: leg for leg in again["results"]}
    assert legs[str(floor.account_id)]["success"] is False
    assert legs[other["id"]]["success"] is (scope == "account")
    assert await floor.holds() == 0
    assert await floor.holds(other["id"]) == (Decimal("0.01") if scope == "account" else 0)


async def test_a_switch_ends_legs_that_wait_for_risk(desk: Desk) -> None:
    group = await desk.stand.ask(
        "execution", "POST", "/groups", desk.user, json={"name": "all", "accounts": [str(desk.account_id)]}
    )
    path = f"/groups/{group.value()['id']}/orders"
    found = (await desk.stand.ask("execution", "POST", path, desk.user, json=ORDER)).value()
    await desk.stand.rest()
    (order,) = desk.stand.said(OrderRequested)
    said = {"target": str(desk.user.user_id), "active": True, "reason": "enough", "changed_at": datetime.now(UTC)}
    await desk.stand.hear(KillSwitchChanged(user_id=desk.user.user_id, scope="user", **said))
    await desk.approve(order)
    assert desk.states(order) == ["cancelled"]
    path = f"/intents/{found['intent_id']}"
    (leg,) = (await desk.stand.ask("execution", "GET", path, desk.user)).value()["results"]
    assert (leg["success"], leg["error"]["code"]) == (False, "INVALID_STATE")
    assert "enough" in leg["error"]["message"]


async def test_no_take_profit_is_owed_for_an_entry_that_was_refused(floor: Floor) -> None:
    poor = await floor.account(initial_balance="20")
    group = await floor.group(poor["id"])
    found = await floor.done("POST", f"/groups/{group['id']}/orders", {**ORDER, "take_profit": "20500"})
    found = await finished(floor, UUID(found["intent_id"]))
    assert [leg["order"]["state"] for leg in found["results"]] == ["refused"]


async def test_what_could_never_take_its_profit_is_not_bought_and_the_wish_ends(floor: Floor) -> None:
    group = await floor.group(floor.account_id)
    found = await floor.done("POST", f"/groups/{group['id']}/orders", {**ORDER, "take_profit": "0.001"})
    found = await finished(floor, UUID(found["intent_id"]))
    (entry,) = found["results"]
    assert (entry["order"], entry["success"]) == (None, False)
    assert entry["error"]["fields"].keys() == {"take_profit"}
    assert (found["success_count"], found["error_count"]) == (0, 1)
