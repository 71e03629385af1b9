"""The take-profit of an alert: what it bought is sold when a candle closes at its price."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from millrace.common.events.market import CandleClosed
from millrace.common.events.trading import OrderState
from millrace.common.kernel.market import Candle
from services.bots.tests.floor import CLOCK, Floor, user_on


async def close_at(floor: Floor, price: str, minutes: int = 0) -> None:
    """A candle closes."""
    await floor.price(price)
    at = CLOCK.now().replace(second=0, microsecond=0) + timedelta(minutes=minutes)
    number = Decimal(price)
    candle = Candle("binance", "BTC/USDT", "1m", at, number, number, number, number, Decimal(1))
    await floor.stand.hear(CandleClosed.of(candle), at=candle.closed_at)


def sold(floor: Floor) -> list[tuple[str, Decimal]]:
    """The sales, and how they ended."""
    return [(o.state.value, o.quantity) for o in floor.orders() if o.side == "sell"]


async def targets(floor: Floor) -> list[dict[str, Any]]:
    """What is watched."""
    return await floor.stand.rows("bots", "select price, quantity from targets order by signal_id")


async def test_what_was_bought_is_sold_once_at_the_price_and_not_below(floor: Floor) -> None:
    await floor.bot()
    assert (await floor.alert(takeprofit="21000"))["results"][0]["take_profit"] == "21000"
    assert await targets(floor) == [{"price": 21000, "quantity": Decimal("0.01")}]
    await close_at(floor, "20999")
    assert sold(floor) == []
    await close_at(floor, "21000", 1)
    await close_at(floor, "22000", 2)
    assert sold(floor) == [("filled", Decimal("0.01"))]
    assert await targets(floor) == []


async def test_it_is_watched_while_the_bot_is_stopped_and_on_other_accounts(floor: Floor) -> None:
    bot, second = await floor.bot(), await floor.account()
    for account_id in (floor.account_id, second):
        await floor.done("POST", f"/bots/{bot['id']}/accounts/{account_id}")
    await floor.alert(takeprofit="21000")
    await floor.done("POST", f"/bots/{bot['id']}/stop")
    await close_at(floor, "21500")
    assert sold(floor) == [("filled", Decimal("0.01"))] * 2


async def test_what_has_been_sold_already_is_watched_no_more(floor: Floor) -> None:
    await floor.bot()
    await floor.bot("Other")
    await floor.alert(takeprofit="21000")
    await floor.alert(botname="Other")
    await floor.alert(side="sell")
    await close_at(floor, "21500")
    assert sold(floor) == [("filled", Decimal("0.01"))]


async def test_what_was_never_bought_is_not_watched(floor: Floor) -> None:
    await floor.bot()
    await floor.alert(order_type="limit", price="15000", takeprofit="16000")
    await close_at(floor, "17000")
    assert (sold(floor), len(await targets(floor))) == ([], 1)
    (order,) = floor.orders()
    await floor.done("DELETE", f"/orders/{order.order_id}", service="execution")
    await floor.stand.rest()
    assert await targets(floor) == []


async def test_a_price_reached_concerns_those_who_asked_for_it(floor: Floor) -> None:
    other = await user_on(floor.stand)
    for one, target in ((floor, "21000"), (other, "30000")):
        await one.bot()
        await one.alert(takeprofit=target)
    await close_at(floor, "25000")
    assert (len(sold(floor)), sold(other)) == (1, [])


async def test_a_deleted_or_terminated_bot_leaves_no_target_behind(floor: Floor) -> None:
    for number, (method, verb) in enumerate((("DELETE", ""), ("POST", "/terminate"))):
        bot = await floor.bot(f"bot {number}")
        await floor.alert(botname=f"bot {number}", takeprofit="21000")
        await floor.done(method, f"/bots/{bot['id']}{verb}")
        assert await targets(floor) == []
    sales = sold(floor)
    await close_at(floor, "21500")
    assert sold(floor) == sales


_TARGET = """
insert into targets (signal_id, bot_id, user_id, account_id, exchange, symbol, price, quantity)
values ($1, $2, $3, $4, 'binance', 'BTC/USDT', 110, 1)
"""


async def test_it_is_watched_until_its_sale_is_filled_and_one_sale_at_a_time(owner: Any, play: Any, bars: Any) -> None:
    bot_id = await owner.bot("hold")
    bought = owner.signal(bot_id)
    await owner.order(bought, OrderState.FILLED, 4, 1)
    place = (bought.signal_id, bot_id, owner.user.user_id, owner.account_id)
    await owner.stand.rows("bots", _TARGET, *place)
    await play([bars(1, 109), bars(2, 110), bars(3, 111)])
    (first,) = owner.signals(bot_id)
    await owner.order(first, OrderState.REFUSED, 2, reason="kill switch: on")
    await play([bars(4, 109), bars(5, 112)])
    second = owner.signals(bot_id)[-1]
    assert second.signal_id != first.signal_id
    for _ in range(2):
        await owner.order(second, OrderState.EXPIRED, 3, "0.4")
    await play([bars(6, 112), bars(7, 112)])
    third = owner.signals(bot_id)[-1]
    assert [one.quantity for one in owner.signals(bot_id)] == [1, 1, Decimal("0.6")]
    await owner.order(third, OrderState.FILLED, 4, "0.6")
    await play([bars(8, 120)])
    assert len(owner.signals(bot_id)) == 3
    assert await owner.stand.rows("bots", "select 1 from targets") == []


async def test_another_users_order_ends_no_sale(owner: Any, new_owner: Any, play: Any, bars: Any) -> None:
    other, bot_id = await new_owner(), await owner.bot("hold")
    bought = owner.signal(bot_id)
    await owner.order(bought, OrderState.FILLED, 4, 1)
    await owner.stand.rows("bots", _TARGET, bought.signal_id, bot_id, owner.user.user_id, owner.account_id)
    await play([bars(1, 110)])
    (sale,) = owner.signals(bot_id)
    await owner.order(sale, OrderState.FILLED, 4, 1, user_id=other.user.user_id)
    assert len(await owner.stand.rows("bots", "select 1 from targets where selling is not null")) == 1
