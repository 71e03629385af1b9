"""An alert from outside becomes an order the way every signal does, once."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

import orjson
import pytest

from millrace.bots.adapters.neighbours import Neighbours
from millrace.bots.app.legs import Leg, priced
from millrace.bots.domain.alerts import read
from millrace.bots.domain.modes import LIVE_IN_TESTING
from millrace.common.events.trading import SignalRaised
from millrace.common.kernel.instruments import INSTRUMENTS, instrument
from services.bots.tests.floor import Floor, ago, signal, signed, user_on


def error(result: Any) -> tuple[str, str]:
    """Why one account was left out."""
    return result["error"]["code"], result["error"]["message"]


async def test_an_alert_becomes_an_order_that_is_filled(floor: Floor) -> None:
    bot = await floor.bot()
    answer = await floor.alert()
    assert (answer["success_count"], answer["error_count"], answer["repeated"]) == (1, 0, False)
    (result,) = answer["results"]
    assert (result["bot_id"], result["account_id"], result["quantity"]) == (bot["id"], str(floor.account_id), "0.01")
    (order,) = floor.orders()
    assert (str(order.intent_id), str(order.bot_id), order.state) == (result["signal_id"], bot["id"], "filled")
    message = next(m for m in floor.stand.messages if isinstance(m.event, SignalRaised))
    assert str(message.envelope.correlation) == answer["correlation_id"]
    row = (await floor.ask("GET", f"/bots/{bot['id']}")).value()
    assert (row["position"], row["waiting_for"], row["committed"]) == ("0.01", None, "0")


async def test_a_sell_takes_the_position_back(floor: Floor) -> None:
    bot = await floor.bot()
    await floor.alert()
    await floor.alert(side="SELL")
    assert [(o.side, o.state, o.reduce_only) for o in floor.orders()] == [
        ("buy", "filled", False),
        ("sell", "filled", True),
    ]
    assert (await floor.ask("GET", f"/bots/{bot['id']}")).value()["position"] == "0"


async def test_a_limit_rests_at_its_price(floor: Floor) -> None:
    await floor.bot()
    await floor.alert(order_type="LIMIT", price="15000")
    (order,) = floor.orders()
    assert (order.order_type, order.price, order.state) == ("limit", 15000, "open")


async def test_a_limit_that_names_no_price_is_one_at_the_markets(floor: Floor) -> None:
    await floor.bot()
    await floor.alert(order_type="limit")
    (order,) = floor.orders()
    assert (order.order_type, order.price) == ("limit", 20_000)


async def test_the_same_alert_again_is_answered_the_same_and_ordered_once(floor: Floor) -> None:
    await floor.bot()
    first, again = await floor.alert(), await floor.alert()
    assert again == {**first, "repeated": True}
    together = await asyncio.gather(*(floor.send(signal(size="0.02")) for _ in range(5)))
    assert len({one.value()["correlation_id"] for one in together}) == 1
    await floor.stand.rest()
    assert [str(o.quantity) for o in floor.orders()] == ["0.01", "0.02"]


async def test_after_a_while_the_same_words_are_a_new_alert_unless_they_carry_an_id_or_a_time(floor: Floor) -> None:
    await floor.bot()
    at = ago(1).isoformat()
    bodies: list[dict[str, Any]] = [{}, {"id": "one"}, {"timestamp": at}]
    first = [await floor.alert(**terms) for terms in bodies]
    await floor.stand.rows("bots", "update alerts set taken_at = taken_at - interval '61 seconds' returning 1")
    again = [await floor.alert(**terms) for terms in bodies]
    assert [one["repeated"] for one in again] == [False, True, True]
    assert again[0]["correlation_id"] != first[0]["correlation_id"]
    assert len(floor.orders()) == 4


async def test_an_id_makes_an_alert_the_same_whatever_else_it_says(floor: Floor) -> None:
    await floor.bot()
    await floor.alert(id="7")
    assert (await floor.alert(id="7", size="0.5"))["repeated"] is True
    assert len(floor.orders()) == 1


@pytest.mark.parametrize("seconds", [301, -301])
async def test_a_stale_alert_is_refused(floor: Floor, seconds: int) -> None:
    await floor.bot()
    answer = await floor.send(signal(timestamp=ago(seconds).isoformat()))
    assert (answer.status, set(answer.json()["error"]["fields"])) == (422, {"timestamp"})
    assert floor.orders() == []


async def test_whose_alert_it_is_must_be_proved(floor: Floor) -> None:
    await floor.bot()
    other = await user_on(floor.stand)
    raw = orjson.dumps(signal())
    wrong: list[dict[str, Any]] = [
        {"signature": "00" * 32},
        {"signature": signed(other.secret, raw)},
        {"signature": signed(floor.secret, b"{}")},
        {"signature": ""},
        {"secret": "mra_wrong"},
        {"secret": ""},
        {"user_id": str(other.user.user_id)},
        {"user_id": str(uuid4())},
    ]
    answers = [await floor.send(raw, **terms) for terms in wrong]
    answers += [await floor.send(signal(botname="nobody")), await floor.send(b"not json"), await floor.send(b"\xff")]
    assert {answer.status for answer in answers} == {401}
    assert len({answer.json()["error"]["message"] for answer in answers}) == 1
    assert floor.orders() == []


async def test_a_secret_in_the_address_or_a_named_user_will_do(floor: Floor) -> None:
    await floor.bot()
    assert (await floor.send(signal(), secret=floor.secret)).value()["success_count"] == 1
    assert (await floor.send(signal(id="2"), user_id=str(floor.user.user_id))).value()["success_count"] == 1


async def test_of_two_users_with_bots_of_one_name_the_signature_tells_which(floor: Floor) -> None:
    other = await user_on(floor.stand)
    await floor.bot()
    await other.bot()
    await other.alert()
    assert (len(floor.orders()), len(other.orders())) == (0, 1)


async def test_a_secret_is_told_once_and_a_new_one_ends_it(floor: Floor) -> None:
    await floor.bot()
    await floor.alert()
    state = await floor.done("GET", "/webhook/secret")
    assert (set(state), state["exists"], state["used_at"] is not None) == (
        {"exists", "created_at", "used_at"},
        True,
        True,
    )
    stored = await floor.stand.rows("bots", "select salt, hash from alert_secrets")
    assert floor.secret not in str(stored)
    old = floor.secret
    floor.secret = (await floor.done("PUT", "/webhook/secret"))["secret"]
    assert (await floor.send(signal(id="2"), secret=old)).status == 401
    assert (await floor.send(signal(id="2"))).status == 200
    assert (await floor.done("DELETE", "/webhook/secret"))["exists"] is False
    assert (await floor.send(signal(id="3"))).status == 401


async def test_an_alert_that_makes_no_sense_is_refused_and_may_come_again_mended(floor: Floor) -> None:
    await floor.bot()
    answer = await floor.send(signal(id="1", size="lots", side="up"))
    assert (answer.status, set(answer.json()["error"]["fields"])) == (422, {"size", "side"})
    answer = await floor.send(signal(id="1", botname="nobody"), secret=floor.secret)
    assert (answer.status, answer.json()["error"]["code"]) == (404, "NOT_FOUND")
    assert (await floor.alert(id="1"))["repeated"] is False


@pytest.mark.parametrize(
    ("code", "words", "terms"),
    [
        ("INVALID_SYMBOL", "cannot be traded on 'binance'", {"symbol": "DOGEUSDT"}),
        ("INVALID_QUANTITY", "size is too small", {"size": "0.000001"}),
        ("INVALID_QUANTITY", "size must not be more than 9000", {"size": "9001"}),
        ("INVALID_PRICE", "price must be a multiple of 0.01", {"order_type": "limit", "price": "1.001"}),
        ("INVALID_PRICE", "takeprofit must be above 20000", {"takeprofit": "20000"}),
        ("VALIDATION_ERROR", "leverage must be 1 or left out", {"leverage": "2"}),
        ("VALIDATION_ERROR", "leverage must be 1 or left out", {"leverage": "1.01"}),
    ],
)
async def test_what_cannot_be_ordered_is_told_by_account(floor: Floor, code: str, words: str, terms: Any) -> None:
    bot = await floor.bot()
    answer = await floor.alert(**terms)
    assert (answer["success_count"], answer["error_count"]) == (0, 1)
    assert error(answer["results"][0])[0] == code
    assert words in error(answer["results"][0])[1]
    items = (await floor.ask("GET", f"/bots/{bot['id']}/skips")).value()["items"]
    assert items[-1]["detail"].startswith("alert: ")


@pytest.mark.parametrize("leverage", ["", "0", "1", "1.00"])
async def test_no_leverage_buys_the_size_and_any_may_be_sold_with(floor: Floor, leverage: str) -> None:
    await floor.bot()
    assert (await floor.alert(leverage=leverage))["success_count"] == 1
    assert (await floor.alert(side="sell", leverage="10"))["success_count"] == 1
    assert [(o.side, str(o.quantity)) for o in floor.orders()] == [("buy", "0.01"), ("sell", "0.01")]


async def test_a_bot_that_may_not_enter_does_not_but_may_leave(floor: Floor) -> None:
    bot = await floor.bot()
    await floor.alert()
    await floor.done("POST", f"/bots/{bot['id']}/stop")
    answer = await floor.alert(id="2")
    assert error(answer["results"][0]) == ("INVALID_STATE", "the bot is stopped; start it first")
    assert (await floor.alert(side="sell"))["success_count"] == 1
    live = await floor.bot("Live", trading_mode="live")
    assert error((await floor.alert(botname="Live"))["results"][0]) == ("INVALID_STATE", LIVE_IN_TESTING)
    await floor.done("PUT", "/mode", {"mode": "live_trading"})
    assert (await floor.alert(botname="Live", id="3"))["success_count"] == 1
    assert [o.bot_id for o in floor.orders()][-1:] == [type(floor.account_id)(live["id"])]


async def test_every_linked_account_gets_its_order_and_one_that_cannot_says_why(floor: Floor) -> None:
    bot, second = await floor.bot(), await floor.account()
    elsewhere = await floor.account(exchange="luno")
    for account_id in (floor.account_id, second, elsewhere):
        await floor.done("POST", f"/bots/{bot['id']}/accounts/{account_id}")
    answer = await floor.alert()
    assert (answer["success_count"], answer["error_count"]) == (2, 1)
    assert {o.account_id for o in floor.orders()} == {floor.account_id, second}
    assert error(answer["results"][2])[0] == "INVALID_SYMBOL"


async def test_a_test_says_what_would_be_done_and_does_nothing(floor: Floor) -> None:
    await floor.bot()
    tried = (await floor.send(signal(), verb="/test")).value()
    assert (tried["success_count"], tried["results"][0]["quantity"]) == (1, "0.01")
    assert (await floor.send(signal(), verb="/test", signature="00")).status == 401
    await floor.stand.rest()
    assert floor.orders() == []
    assert await floor.stand.rows("bots", "select 1 from alerts") == []
    assert (await floor.alert())["repeated"] is False


async def test_without_a_price_nothing_is_ordered_and_it_is_told(floor: Floor) -> None:
    await floor.bot()
    await floor.stand.rows("marketdata", "delete from candles returning 1")
    answer = await floor.alert()
    assert (answer["success_count"], answer["error_count"]) == (0, 1)


async def test_a_price_is_asked_once_for_all_accounts_and_while_no_bot_is_locked(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = await floor.bot()
    for account_id in (floor.account_id, await floor.account(), await floor.account(exchange="luno")):
        await floor.done("POST", f"/bots/{bot['id']}/accounts/{account_id}")
    asked = list[tuple[str, int]]()

    async def ticker(self: Neighbours, *question: Any, query: Any, **terms: Any) -> Any:
        free = await floor.stand.rows("bots", "select id from bots for update skip locked")
        asked.append((query["exchange"], len(free)))
        return {"price": "20000"}

    monkeypatch.setattr(Neighbours, "_ask", ticker)
    assert (await floor.alert())["success_count"] == 2
    assert asked == [("binance", 1)]


async def test_exchanges_are_asked_for_their_prices_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    here = instrument("binance", "BTC/USDT")
    monkeypatch.setitem(INSTRUMENTS, ("luno", "BTC/USDT"), replace(here, exchange="luno"))
    both = asyncio.Barrier(2)

    async def price(exchange: str, symbol: str) -> Decimal:
        await both.wait()
        return Decimal(20000)

    body = read(signal())
    legs = [Leg(body, {}, uuid4(), exchange) for exchange in ("binance", "luno", "binance", "")]
    async with asyncio.timeout(5):
        assert await priced(legs, price) == {"binance": 20000, "luno": 20000}
