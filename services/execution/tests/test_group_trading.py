"""One wish for a group is one order on each of its accounts, through the same desk and the same risk."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from millrace.common.events.market import CandleClosed
from millrace.common.events.trading import OrderRequested
from millrace.common.testing.service import StartService
from services.execution.tests.desk import CLOCK, user_of
from services.execution.tests.floor import Floor, floor_on

ORDER: dict[str, Any] = {"symbol": "BTCUSDT", "side": "buy", "quantity": "0.01"}


async def execute(floor: Floor, group: Any, **terms: Any) -> Any:
    """What becomes of a wish."""
    return await floor.done("POST", f"/groups/{group['id']}/orders", {**ORDER, **terms})


async def seen(floor: Floor, found: Any) -> list[tuple[str, str]]:
    """The states and quantities of a wish's orders, now."""
    again = await floor.get(f"/intents/{found['intent_id']}")
    return [(leg["order"]["state"], leg["order"]["quantity"]) for leg in again["results"] if leg["order"]]


async def test_each_account_gets_its_order_and_each_that_cannot_says_why(floor: Floor) -> None:
    other, poor, off = await floor.account(), await floor.account(initial_balance="20"), await floor.account()
    (luno,) = (await floor.get("/accounts", exchange="luno"))["items"]
    await floor.done("PATCH", f"/accounts/{off['id']}", {"is_active": False})
    group = await floor.group(floor.account_id, other["id"], poor["id"], luno["id"], off["id"])
    found = await execute(floor, group)
    assert (found["success_count"], found["error_count"], found["state"]) == (2, 2, "done")
    legs = {leg["account_id"]: leg for leg in found["results"]}
    assert off["id"] not in legs
    assert legs[luno["id"]]["error"]["code"] == "INVALID_SYMBOL"
    assert (legs[poor["id"]]["error"]["code"], legs[poor["id"]]["order"]["state"]) == ("RISK_REFUSED", "refused")
    assert await floor.holds() == await floor.holds(other["id"]) == Decimal("0.01")
    said = {m.envelope.correlation for m in floor.stand.messages if isinstance(m.event, OrderRequested)}
    assert [str(one) for one in said] == [found["correlation_id"]] == [found["intent_id"]]


async def test_the_same_wish_again_places_nothing_and_tells_how_it_went(floor: Floor) -> None:
    group = await floor.group(floor.account_id)
    intent = str(uuid4())
    answers = await asyncio.gather(*(execute(floor, group, intent_id=intent) for _ in range(5)))
    assert {a["results"][0]["order"]["order_id"] for a in answers} == {answers[0]["results"][0]["order"]["order_id"]}
    await floor.done("DELETE", f"/groups/{group['id']}")
    assert await seen(floor, await execute(floor, group, intent_id=intent)) == [("filled", "0.01")]
    assert await floor.holds() == Decimal("0.01")
    wish = {**ORDER, "quantity": "0.02", "intent_id": intent}
    assert (await floor.refused("POST", f"/groups/{group['id']}/orders", wish))[0] == "IDEMPOTENCY_MISMATCH"
    other, _ = await user_of(floor.stand)
    assert (await floor.refused("GET", f"/intents/{intent}", user=other))[0] == "NOT_FOUND"


async def test_sizes_follow_what_each_account_is_worth(floor: Floor) -> None:
    half = await floor.account(initial_balance="5000")
    group = await floor.group(floor.account_id, half["id"])
    found = await execute(floor, group, quantity=None, risk_fraction="0.05")
    assert await seen(floor, found) == [("filled", "0.025"), ("filled", "0.0125")]
    given = {str(floor.account_id): "1000"}
    found = await execute(floor, group, quantity=None, risk_fraction="0.05", leverage=2, equities=given)
    assert await seen(floor, found) == [("filled", "0.005")]
    assert found["results"][1]["error"]["code"] == "UNAVAILABLE"


async def test_a_share_of_another_currency_is_no_size(floor: Floor) -> None:
    odd = await floor.account(currency="EUR")
    found = await execute(floor, await floor.group(odd["id"]), quantity=None, risk_fraction="0.05")
    assert found["results"][0]["error"]["code"] == "INVALID_SYMBOL"


async def test_limits_rest_on_every_account(floor: Floor) -> None:
    other = await floor.account()
    group = await floor.group(floor.account_id, other["id"])
    found = await execute(floor, group, order_type="limit", price="19500")
    assert await seen(floor, found) == [("open", "0.01")] * 2


async def test_a_limit_without_a_price_is_one_at_the_markets(floor: Floor) -> None:
    found = await execute(
        floor, await floor.group(floor.account_id), order_type="limit", risk_fraction="0.05", quantity=None
    )
    (leg,) = found["results"]
    shown = (leg["order"]["order_type"], leg["order"]["price"], leg["order"]["quantity"])
    assert (leg["success"], *shown) == (True, "limit", "20000", "0.025")


async def test_what_was_bought_is_sold_again_at_the_take_profit(floor: Floor) -> None:
    found = await execute(floor, await floor.group(floor.account_id), take_profit="20500.005")
    assert found["state"] == "working" or len(found["results"]) == 2

    async def placed() -> bool:
        again = await floor.get(f"/intents/{found['intent_id']}")
        return again["state"] == "done"

    await floor.stand.host.until(placed)
    await floor.stand.rest()
    _, leg = (await floor.get(f"/intents/{found['intent_id']}"))["results"]
    exit_order = leg["order"]
    assert (exit_order["symbol"], exit_order["spelling"]) == ("BTC/USDT", "BTCUSDT")
    shown = (exit_order["order_type"], exit_order["stop_price"], exit_order["side"], exit_order["state"])
    assert shown == ("take_profit", "20500", "sell", "open")
    prices = {name: Decimal(20600) for name in ("open", "high", "low", "close")}
    bar = {"exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1m", "opened_at": CLOCK.now(), **prices}
    await floor.stand.hear(CandleClosed(**bar, volume=Decimal(1)))
    assert await floor.holds() == 0


@pytest.mark.parametrize("target", ["10", "20000", "20000.001"])
async def test_what_could_not_be_sold_at_its_take_profit_is_not_bought_and_says_why(floor: Floor, target: str) -> None:
    found = await execute(floor, await floor.group(floor.account_id), take_profit=target)
    assert (found["success_count"], found["error_count"], found["state"]) == (0, 1, "done")
    error = found["results"][0]["error"]
    assert (error["code"], error["message"]) == (
        "INVALID_PRICE",
        "take_profit must be above 20000, the price it is bought at",
    )
    assert await floor.holds() == 0


async def test_a_take_profit_may_be_as_far_above_the_market_as_it_likes(floor: Floor) -> None:
    found = await execute(floor, await floor.group(floor.account_id), take_profit="90000")

    async def rests() -> bool:
        return ("open", "0.01") in await seen(floor, found)

    await floor.stand.host.until(rests)


@pytest.mark.parametrize(
    "terms",
    [
        {"risk_fraction": "0.1"},
        {"quantity": None},
        {"quantity": None, "risk_fraction": "1.5"},
        {"leverage": "0"},
        {"side": "sell", "take_profit": "1"},
        {"side": "hold"},
    ],
)
async def test_a_wrong_wish_leaves_nothing(floor: Floor, terms: dict[str, Any]) -> None:
    group = await floor.group(floor.account_id)
    wish = {**ORDER, **terms}
    assert (await floor.refused("POST", f"/groups/{group['id']}/orders", wish))[0] == "VALIDATION_ERROR"
    assert await floor.stand.rows("execution", "select 1 from intents") == []


async def test_a_group_without_accounts_trades_nothing(floor: Floor) -> None:
    group = await floor.group()
    assert (await floor.refused("POST", f"/groups/{group['id']}/orders", ORDER))[0] == "INVALID_STATE"


async def test_shares_need_the_portfolio_service_and_fixed_sizes_do_not(start_service: StartService) -> None:
    floor = await floor_on(await start_service("execution", "risk", portfolio_url="http://127.0.0.1:9"))
    group = await floor.group(floor.account_id)
    wish = {**ORDER, "quantity": None, "risk_fraction": "0.1"}
    assert (await floor.refused("POST", f"/groups/{group['id']}/orders", wish))[0] == "UNAVAILABLE"
    assert (await execute(floor, group))["success_count"] == 1
