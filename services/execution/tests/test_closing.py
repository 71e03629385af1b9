"""Positions are closed, accounts and bots terminated, through risk like any order; a restart only delays it."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from millrace.common.testing.service import StartService
from services.execution.tests.desk import LIMIT, Desk, user_of
from services.execution.tests.floor import BUY, Floor, floor_on


async def close(floor: Floor, **terms: Any) -> Any:
    """What becomes of a close."""
    return await floor.done("POST", f"/accounts/{floor.account_id}/close-position", {"symbol": "BTC/USDT", **terms})


async def refused(floor: Floor, **terms: Any) -> str:
    """Why a close is not one."""
    path = f"/accounts/{floor.account_id}/close-position"
    return (await floor.refused("POST", path, {"symbol": "BTC/USDT", **terms}))[0]


async def state(floor: Floor, leg: Any) -> str:
    """How the order of a leg is doing now."""
    return str((await floor.get(f"/orders/{leg['order']['order_id']}"))["state"])


async def test_a_position_is_closed_whole_or_in_part_and_reduces_only(floor: Floor) -> None:
    await floor.bought("0.03")
    found = await close(floor, quantity="0.01")
    (leg,) = found["results"]
    assert (leg["success"], leg["order"]["state"], leg["order"]["side"]) == (True, "filled", "sell")
    assert await floor.holds() == Decimal("0.02")
    await close(floor)
    assert await floor.holds() == 0
    rows = await floor.stand.rows("execution", "select reduce_only, source from orders where side = 'sell'")
    assert {tuple(row.values()) for row in rows} == {(True, "close")}


async def test_each_bots_holding_is_closed_in_the_bots_name(floor: Floor) -> None:
    bot = str(uuid4())
    await floor.bought("0.03", bot_id=bot)
    await floor.bought("0.01")
    part = await close(floor, quantity="0.02")
    assert [(leg["bot_id"], leg["order"]["quantity"]) for leg in part["results"]] == [(None, "0.01"), (bot, "0.01")]
    whole = await close(floor, bot_id=bot)
    assert [(leg["bot_id"], leg["order"]["quantity"]) for leg in whole["results"]] == [(bot, "0.02")]
    assert await floor.stand.rows("execution", "select 1 from holdings where quantity <> 0") == []


async def test_what_was_sold_by_hand_is_not_sold_again_for_the_bot(floor: Floor) -> None:
    bot = str(uuid4())
    await floor.bought("0.03", bot_id=bot)
    await floor.done("POST", "/orders", {**BUY, "side": "sell", "quantity": "0.01"})
    found = await close(floor)
    assert [leg["order"]["quantity"] for leg in found["results"]] == ["0.02"]
    assert await floor.holds() == 0


async def test_a_close_that_cannot_be_says_why(floor: Floor) -> None:
    assert await refused(floor) == "NOT_FOUND"
    await floor.bought("0.02")
    assert await refused(floor, quantity="0.03") == "INVALID_QUANTITY"
    assert await refused(floor, quantity="0.000001") == "INVALID_QUANTITY"
    assert await refused(floor, order_type="stop_loss") == "INVALID_PRICE"
    assert await refused(floor, symbol="DOGEUSDT") == "INVALID_SYMBOL"
    assert await floor.stand.rows("execution", "select 1 from intents") == []
    await floor.done("POST", "/orders", {**LIMIT, "side": "sell", "quantity": "0.02", "price": "21000"})
    assert await refused(floor) == "INVALID_STATE"


async def test_a_close_takes_the_place_of_a_close_that_rests(floor: Floor) -> None:
    await floor.bought("0.02")
    (first,) = (await close(floor, order_type="limit", price="21000"))["results"]
    (second,) = (await close(floor, order_type="limit", price="20900"))["results"]
    assert [await state(floor, leg) for leg in (first, second)] == ["cancelled", "open"]
    await close(floor)
    assert await floor.holds() == 0


async def test_the_same_resting_close_again_stays(floor: Floor) -> None:
    await floor.bought("0.02")
    again = {"order_type": "limit", "price": "21000", "intent_id": str(uuid4())}
    legs = [(await close(floor, **again))["results"][0] for _ in range(2)]
    assert legs[0]["order"]["order_id"] == legs[1]["order"]["order_id"]
    assert await state(floor, legs[0]) == "open"


async def test_a_closed_position_leaves_no_take_profit_of_its_group(floor: Floor) -> None:
    group = await floor.group(floor.account_id)
    asked = {"symbol": "BTCUSDT", "side": "buy", "quantity": "0.01", "take_profit": "20500"}
    found = await floor.done("POST", f"/groups/{group['id']}/orders", asked)

    async def placed() -> bool:
        return bool((await floor.get(f"/intents/{found['intent_id']}"))["state"] == "done")

    await floor.stand.host.until(placed)
    await floor.stand.rest()
    _, target = (await floor.get(f"/intents/{found['intent_id']}"))["results"]
    assert await state(floor, target) == "open"
    await close(floor)
    assert (await state(floor, target), await floor.holds()) == ("cancelled", 0)


async def test_a_close_by_a_limit_without_a_price_is_one_at_the_markets(floor: Floor) -> None:
    await floor.bought("0.02")
    floor.price("20100.5")
    await floor.stand.rest()
    (leg,) = (await close(floor, order_type="limit"))["results"]
    assert (leg["order"]["order_type"], leg["order"]["price"], leg["order"]["side"]) == ("limit", "20100.5", "sell")


async def test_the_same_close_again_sells_once(floor: Floor) -> None:
    await floor.bought("0.02")
    intent = str(uuid4())
    answers = await asyncio.gather(*(close(floor, quantity="0.01", intent_id=intent) for _ in range(4)))
    assert len({answer["results"][0]["order"]["order_id"] for answer in answers}) == 1
    assert await floor.holds() == Decimal("0.01")
    assert await refused(floor, quantity="0.02", intent_id=intent) == "IDEMPOTENCY_MISMATCH"


async def test_a_terminated_account_has_no_orders_and_no_positions(floor: Floor) -> None:
    bot = str(uuid4())
    other = await floor.account()
    await floor.bought("0.02", bot_id=bot)
    await floor.bought("0.01")
    await floor.bought("0.01", other["id"])
    resting = [await floor.done("POST", "/orders", {**LIMIT, "price": "19500"})]
    resting.append(await close(floor, order_type="limit", price="21000", quantity="0.01"))
    found = await floor.done("POST", f"/accounts/{floor.account_id}/terminate", {})
    assert (found["state"], found["success_count"], found["error_count"]) == ("done", 2, 0)
    assert len(found["cancelled"]) == 2
    assert [(leg["bot_id"], leg["order"]["state"]) for leg in found["results"]] == [(None, "filled"), (bot, "filled")]
    states = {row["state"] for row in await floor.stand.rows("execution", "select state from orders")}
    assert (await floor.holds(), await floor.holds(other["id"]), states) == (
        0,
        Decimal("0.01"),
        {"filled", "cancelled"},
    )
    assert (await floor.get("/audit"))[0]["action"] == "account.terminate"


async def test_a_terminated_bot_takes_nothing_of_others_with_it(floor: Floor) -> None:
    bot = str(uuid4())
    await floor.bought("0.02", bot_id=bot)
    await floor.bought("0.01")
    await floor.done("POST", "/orders", {**LIMIT, "price": "19500"})
    await floor.done("POST", "/orders", {**LIMIT, "price": "19500", "bot_id": bot})
    found = await floor.done("POST", f"/bots/{bot}/terminate", {})
    assert (found["scope"], len(found["cancelled"]), found["success_count"]) == ("bot", 1, 1)
    assert await floor.holds() == Decimal("0.01")
    assert (await floor.get("/orders", state="open"))["total"] == 1


async def test_a_bot_ends_with_all_that_its_accounts_have_and_takes_nothing_of_other_accounts(floor: Floor) -> None:
    bot, linked, apart = str(uuid4()), await floor.account(), await floor.account()
    await floor.bought("0.01", bot_id=bot)
    await floor.bought("0.02")
    await floor.bought("0.03", linked["id"])
    await floor.bought("0.01", linked["id"], bot_id=bot)
    await floor.bought("0.04", apart["id"])
    await floor.done("POST", "/orders", {**LIMIT, "price": "19500", "account_id": linked["id"]})
    wish = {"account_ids": [linked["id"]], "intent_id": str(uuid4())}
    for _ in range(2):
        found = await floor.done("POST", f"/bots/{bot}/terminate", wish)
    assert (len(found["cancelled"]), found["success_count"], found["error_count"]) == (1, 3, 0)
    assert [await floor.holds(where) for where in (None, linked["id"], apart["id"])] == [
        Decimal("0.02"),
        Decimal(0),
        Decimal("0.04"),
    ]


async def test_accounts_of_others_are_not_ended_with_ones_bot(floor: Floor) -> None:
    await floor.bought("0.02")
    other, _ = await user_of(floor.stand)
    wish = {"account_ids": [str(floor.account_id)]}
    found = (await floor.ask("POST", f"/bots/{uuid4()}/terminate", wish, other)).value()
    assert (found["results"], found["cancelled"]) == ([], [])
    assert await floor.holds() == Decimal("0.02")


async def test_terminating_somebody_elses_bot_finds_nothing_to_end(floor: Floor) -> None:
    bot = str(uuid4())
    await floor.bought("0.02", bot_id=bot)
    other, _ = await user_of(floor.stand)
    found = (await floor.ask("POST", f"/bots/{bot}/terminate", {}, other)).value()
    assert (found["results"], found["cancelled"], found["state"]) == ([], [], "done")
    assert await floor.holds() == Decimal("0.02")


async def test_a_termination_sells_dust_not_at_all_and_says_so(floor: Floor) -> None:
    await floor.bought("0.01")
    floor.price("100")
    await floor.stand.rest()
    found = await floor.done("POST", f"/accounts/{floor.account_id}/terminate", {})
    (leg,) = found["results"]
    assert (found["state"], leg["success"], leg["error"]["code"]) == ("done", False, "INVALID_QUANTITY")


async def test_orders_that_wait_for_risk_end_at_once(desk: Desk) -> None:
    order = await desk.placed()
    path = f"/accounts/{desk.account_id}/terminate"
    found = (await desk.stand.ask("execution", "POST", path, desk.user, json={})).value()
    assert (found["cancelled"], found["state"], await desk.state(order)) == ([str(order.order_id)], "done", "cancelled")


async def test_what_a_termination_owes_is_done_after_a_restart(floor: Floor) -> None:
    await floor.bought("0.02")
    intent = uuid4()
    query = """insert into intents (intent_id, user_id, kind, scope, target, asked, created_at)
               values ($1, $2, 'terminate', 'account', $3, '{"origin": "application"}', now())"""
    await floor.stand.rows("execution", query, intent, floor.user.user_id, floor.account_id)  # as a crash leaves it

    async def sold() -> bool:
        return (await floor.get(f"/intents/{intent}"))["state"] == "done" and await floor.holds() == 0

    await floor.stand.host.until(sold)
    (leg,) = (await floor.get(f"/intents/{intent}"))["results"]
    assert (leg["order"]["quantity"], leg["success"]) == ("0.02", True)


async def test_a_termination_waits_for_a_price_and_gives_up_in_the_end(
    start_service: StartService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_EXECUTION_TERMINATE_SECONDS", str(timedelta(hours=1).total_seconds()))
    floor = await floor_on(await start_service("execution", "risk"))
    query = "insert into holdings (account_id, symbol, quantity) values ($1, 'ETH/USDT', 1)"
    await floor.stand.rows("execution", query, floor.account_id)
    found = await floor.done("POST", f"/accounts/{floor.account_id}/terminate", {})
    assert (found["state"], found["results"]) == ("working", [])
    query = "update intents set created_at = now() - interval '2 hours' where intent_id = $1"
    await floor.stand.rows("execution", query, UUID(found["intent_id"]))

    async def over() -> bool:
        return (await floor.get(f"/intents/{found['intent_id']}"))["state"] == "done"

    await floor.stand.host.until(over)
    (leg,) = (await floor.get(f"/intents/{found['intent_id']}"))["results"]
    assert leg["error"]["code"] == "UNAVAILABLE"
