"""Every request becomes one order that waits for risk, or says what is wrong with it."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from millrace.common.db.work import Work
from millrace.common.events.trading import OrderRequested, OrderUpdated
from millrace.common.kernel.ids import client_order_id
from millrace.common.testing.service import StartService
from millrace.execution.api import http
from millrace.execution.app.desk import place
from millrace.execution.app.sender import Sender
from millrace.execution.domain.intent import Intent
from services.execution.tests.desk import LIMIT, MARKET, Desk, user_of


async def test_a_request_is_recorded_and_risk_is_asked_once(desk: Desk) -> None:
    answer = (await desk.place(MARKET)).value()
    await desk.stand.rest()
    assert answer["state"] == "received"
    asked = desk.stand.said(OrderRequested)
    assert [str(a.order_id) for a in asked] == [answer["order_id"]]
    assert asked[0].reference_price == 20_000
    assert asked[0].client_order_id == client_order_id(desk.user.user_id, asked[0].intent_id, 0)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"quantity": "0"}, "INVALID_QUANTITY"),
        ({"quantity": "-1"}, "INVALID_QUANTITY"),
        ({"quantity": "0.000001"}, "INVALID_QUANTITY"),
        ({"quantity": "0.0001"}, "INVALID_QUANTITY"),
        ({"price": "20000.001"}, "INVALID_PRICE"),
        ({"price": None}, "INVALID_PRICE"),
        ({"price": "0"}, "INVALID_PRICE"),
        ({"order_type": "stop_loss", "price": None}, "INVALID_PRICE"),
        ({"quantity": "1000", "price": "90000000000000000000"}, "INVALID_QUANTITY"),
        ({"symbol": "DOGEUSDT"}, "INVALID_SYMBOL"),
        ({"exchange": "nowhere"}, "INVALID_SYMBOL"),
        ({"side": "hold"}, "VALIDATION_ERROR"),
        ({"quantity": "NaN"}, "VALIDATION_ERROR"),
        ({"surprise": 1}, "VALIDATION_ERROR"),
        ({"quantity": "0.01", "account_id": str(uuid4())}, "NOT_FOUND"),
    ],
)
async def test_a_wrong_order_says_what_is_wrong_and_leaves_nothing(
    desk: Desk, change: dict[str, Any], code: str
) -> None:
    answer = await desk.place({**LIMIT, "quantity": "0.0002", **change})
    assert answer.json()["error"]["code"] == code, answer.body
    assert await desk.stand.rows("execution", "select 1 from orders") == []


async def test_prices_that_an_orders_type_does_not_use_are_passed_over(desk: Desk) -> None:
    answer = (await desk.place({**MARKET, "price": "0.001", "stop_price": "19000"})).value()
    await desk.stand.rest()
    assert (answer["order_type"], answer["price"], answer["stop_price"]) == ("market", None, None)
    (asked,) = desk.stand.said(OrderRequested)
    assert (asked.price, asked.stop_price, asked.reference_price) == (None, None, 20_000)


async def test_an_order_on_somebody_elses_account_is_not_found(desk: Desk) -> None:
    other, _ = await user_of(desk.stand)
    answer = await desk.place({**LIMIT, "account_id": str(desk.account_id)}, other)
    assert answer.json()["error"]["code"] == "NOT_FOUND"


async def test_an_order_at_another_exchange_than_its_accounts_is_not_found(desk: Desk) -> None:
    desk.price("400000", symbol="BTC/ZAR", exchange="luno")
    terms = {**LIMIT, "exchange": "luno", "symbol": "BTCZAR", "price": "400000", "account_id": str(desk.account_id)}
    assert (await desk.place(terms)).json()["error"]["code"] == "NOT_FOUND"
    assert await desk.stand.rows("execution", "select 1 from orders") == []


async def test_the_callers_own_id_makes_one_order_however_often_it_is_sent(desk: Desk) -> None:
    terms = {**LIMIT, "client_ref": "mine-1"}
    answers = await asyncio.gather(*(desk.place(terms) for _ in range(10)))
    assert sorted(a.status for a in answers) == [201] + [409] * 9
    await desk.stand.rest()
    assert len(desk.stand.said(OrderRequested)) == 1
    other, _ = await user_of(desk.stand)
    assert (await desk.place(terms, other)).status == 201


async def test_the_answer_waits_for_risk_a_moment(start_service: StartService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_EXECUTION_DECISION_WAIT_SECONDS", "20")
    stand = await start_service("execution")
    desk = Desk(stand, *await user_of(stand))
    desk.price("20000")
    waiting = asyncio.create_task(desk.place(LIMIT))

    async def asked() -> bool:
        await stand.rest()
        return bool(stand.said(OrderRequested))

    await stand.host.until(asked)
    await desk.refuse(stand.said(OrderRequested)[0])
    answer = (await waiting).value()
    assert (answer["state"], answer["reason"]) == ("refused", "balance: needs more")


async def test_an_order_whose_commit_fails_leaves_nobody_waiting(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def placed_and_lost(work: Work, intent: Intent, *, orders: Any) -> Any:
        async def lose() -> None:
            await work.connection.execute("do $$ begin raise sqlstate '40P01'; end $$")

        work.before_flush(lose)
        return await place(work, intent, orders=orders)

    waiting = _sender(desk).waiting
    with monkeypatch.context() as patch:
        patch.setattr(http, "place", placed_and_lost)
        assert (await desk.place(LIMIT)).status >= 500
    assert waiting._decisions == {}
    assert (await desk.place(LIMIT)).status == 201
    assert waiting._decisions == {}


def _sender(desk: Desk) -> Sender:
    loops: Any = desk.stand.host.running["execution"].service.loops
    return next(loop.__self__ for loop in loops if isinstance(loop.__self__, Sender))


async def test_without_a_price_of_the_market_every_order_is_turned_away(start_service: StartService) -> None:
    stand = await start_service("execution")
    desk = Desk(stand, *await user_of(stand))
    stop = {**MARKET, "order_type": "stop_loss", "stop_price": "20000"}
    for terms in (MARKET, LIMIT, stop):
        assert (await desk.place(terms)).json()["error"]["code"] == "UNAVAILABLE"


async def test_orders_are_listed_newest_first_and_only_to_their_owner(desk: Desk) -> None:
    first, second = await desk.placed(), await desk.placed(symbol="ETH/USDT", price="2000")
    found = (await desk.stand.ask("execution", "GET", "/orders", desk.user)).value()
    assert [o["order_id"] for o in found["items"]] == [str(second.order_id), str(first.order_id)]
    found = (await desk.stand.ask("execution", "GET", "/orders", desk.user, query={"symbol": "ETHUSDT"})).value()
    assert (found["total"], found["items"][0]["symbol"]) == (1, "ETH/USDT")
    elsewhere = await desk.stand.ask("execution", "GET", "/orders", desk.user, query={"symbol": "BTCZAR"})
    assert elsewhere.value() == {"items": [], "total": 0}  # a pair of another exchange is a filter like any
    other, _ = await user_of(desk.stand)
    assert (await desk.stand.ask("execution", "GET", "/orders", other)).value() == {"items": [], "total": 0}
    answer = await desk.stand.ask("execution", "GET", f"/orders/{first.order_id}", other)
    assert answer.json()["error"]["code"] == "NOT_FOUND"


async def test_a_page_past_the_end_still_knows_the_total_of_what_was_asked_for(desk: Desk) -> None:
    await desk.placed()
    await desk.placed(symbol="ETH/USDT", price="2000")
    query = {"symbol": "ETHUSDT", "offset": 5}
    found = (await desk.stand.ask("execution", "GET", "/orders", desk.user, query=query)).value()
    assert found == {"items": [], "total": 1}


async def test_refused_by_risk_is_the_end_of_an_order(desk: Desk) -> None:
    order = await desk.placed()
    await desk.refuse(order)
    await desk.approve(order)
    assert desk.states(order) == ["refused"]
    update = desk.stand.said(OrderUpdated)[-1]
    assert update.reason == "balance: needs more"
