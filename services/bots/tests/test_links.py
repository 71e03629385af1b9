"""Accounts linked with bots: the user's own only, and which of them a bot trades on."""

from typing import Any
from uuid import uuid4

from services.bots.tests.floor import Floor, user_on


async def linked(floor: Floor, bot: Any, account_id: object, method: str = "POST") -> Any:
    """The bot after a change of its links."""
    return await floor.done(method, f"/bots/{bot['id']}/accounts/{account_id}")


async def test_a_bot_trades_on_the_first_account_it_is_linked_with(floor: Floor) -> None:
    bot, second, third = await floor.bot(), await floor.account(), await floor.account()
    assert bot["account_id"] == str(floor.account_id)
    for account_id in (second, third, second):
        bot = await linked(floor, bot, account_id)
    assert (bot["accounts"], bot["account_id"]) == ([str(second), str(third)], str(second))
    listed = (await floor.ask("GET", "/bots")).value()["items"][0]
    assert listed["accounts"] == bot["accounts"]
    await floor.alert()
    assert {order.account_id for order in floor.orders()} == {second, third}
    assert (await floor.ask("GET", f"/bots/{bot['id']}")).value()["position"] == "0.01"


async def test_parted_again_it_trades_on_the_default_and_what_is_not_linked_stays_so(floor: Floor) -> None:
    bot, second = await floor.bot(), await floor.account()
    await linked(floor, bot, second)
    for _ in range(2):
        bot = await linked(floor, bot, second, "DELETE")
        assert (bot["accounts"], bot["account_id"]) == ([], str(floor.account_id))


async def test_a_bot_does_not_leave_a_position_behind(floor: Floor) -> None:
    bot, second = await floor.bot(), await floor.account()
    await floor.alert()
    answer = await floor.ask("POST", f"/bots/{bot['id']}/accounts/{second}")
    assert (answer.status, answer.json()["error"]["code"]) == (409, "INVALID_STATE")
    assert (await floor.ask("GET", f"/bots/{bot['id']}")).value()["accounts"] == []
    await floor.alert(side="sell")
    assert (await linked(floor, bot, second))["account_id"] == str(second)


async def test_an_account_on_another_exchange_is_linked_and_the_bot_stays_where_it_trades(floor: Floor) -> None:
    bot, elsewhere = await floor.bot(), await floor.account(exchange="luno")
    bot = await linked(floor, bot, elsewhere)
    assert (bot["accounts"], bot["account_id"]) == ([str(elsewhere)], str(floor.account_id))


async def test_accounts_and_bots_of_others_are_not_there(floor: Floor) -> None:
    other = await user_on(floor.stand)
    bot, theirs = await floor.bot(), await other.bot()
    for account_id in (other.account_id, uuid4()):
        answer = await floor.ask("POST", f"/bots/{bot['id']}/accounts/{account_id}")
        assert (answer.status, answer.json()["error"]["message"]) == (404, "account not found")
    for bot_id in (theirs["id"], uuid4()):
        for method in ("POST", "DELETE"):
            answer = await floor.ask(method, f"/bots/{bot_id}/accounts/{floor.account_id}")
            assert (answer.status, answer.json()["error"]["message"]) == (404, "bot not found")
    assert await floor.stand.rows("bots", "select 1 from bot_accounts") == []


async def test_a_closed_account_is_no_link_any_more(floor: Floor) -> None:
    bot, second = await floor.bot(), await floor.account()
    await linked(floor, bot, second)
    assert (
        await floor.ask("DELETE", f"/accounts/{second}", service="execution")
    ).status == 409  # its bot is in the way
    bot = await linked(floor, bot, floor.account_id)
    await linked(floor, bot, second, "DELETE")
    await linked(floor, bot, second)
    await floor.done("DELETE", f"/accounts/{second}", service="execution")
    assert (await floor.ask("GET", f"/bots/{bot['id']}")).value()["accounts"] == [str(floor.account_id)]


async def test_a_termination_stops_the_bot_and_sells_what_it_holds_once(floor: Floor) -> None:
    bot, intent = await floor.bot(), str(uuid4())
    await floor.alert()
    for _ in range(2):
        ended = await floor.done("POST", f"/bots/{bot['id']}/terminate", {"intent_id": intent})
    assert (ended["bot"]["status"], ended["terminated"]["success_count"]) == ("stopped", 1)
    assert [(o.side, o.state) for o in floor.orders()] == [("buy", "filled"), ("sell", "filled")]
    assert (await floor.ask("POST", f"/bots/{uuid4()}/terminate")).status == 404


async def test_a_termination_ends_all_on_the_accounts_the_bot_is_linked_with(floor: Floor) -> None:
    bot, second = await floor.bot(), await floor.account()
    await linked(floor, bot, second)
    order = {"symbol": "BTCUSDT", "side": "buy", "order_type": "market", "quantity": "0.01", "account_id": str(second)}
    await floor.done("POST", "/orders", order, "execution")
    ended = await floor.done("POST", f"/bots/{bot['id']}/terminate")
    assert (ended["bot"]["accounts"], ended["terminated"]["success_count"]) == ([str(second)], 1)
    assert [(o.side, o.state, o.account_id) for o in floor.orders()] == [
        ("buy", "filled", second),
        ("sell", "filled", second),
    ]


async def test_a_strategy_shows_what_its_bots_earned(floor: Floor) -> None:
    hold = next(s for s in (await floor.ask("GET", "/strategies")).value()["items"] if s["name"] == "hold")
    assert hold["metrics"]["total_return"] is None
    await floor.bot(initial_capital="1000")
    await floor.alert(size="0.04")
    await floor.price("22000")
    await floor.alert(size="0.04", side="sell")
    found = (await floor.ask("GET", f"/strategies/{hold['num']}")).value()["metrics"]
    assert 0.05 < float(found["total_return"]) < 0.09
    assert (float(found["win_rate"]), float(found["max_drawdown"])) == (1.0, 0.0)
    other = await user_on(floor.stand)
    theirs = (await other.ask("GET", f"/strategies/{hold['num']}")).value()["metrics"]
    assert theirs["total_return"] is None
