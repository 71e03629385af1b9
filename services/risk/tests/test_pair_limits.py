"""Limits of one pair: beside those of the account, the group and the user, and beside other pairs."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from millrace.common.events.trading import OrderState, Side


async def ask(owner: Any, method: str, path: str, json: Any = None, **query: Any) -> Any:
    return await owner.stand.ask("risk", method, path, owner.user, json=json, query=query)


async def try_pairs(owner: Any, *pairs: str) -> list[str]:
    """The answers to a buy of 200 in each pair."""
    before = len(owner.answers())
    for pair in pairs:
        await owner.hear(owner.order(symbol=pair))
    return list(owner.answers()[before:])


async def test_a_pairs_limit_is_for_that_pair_alone(owner: Any) -> None:
    await owner.limit("position_value", "199.99", symbol="btc_usdt")
    assert await try_pairs(owner, "BTC/USDT", "ETH/USDT", "BTC/USDC") == ["position_value", "approved", "balance"]


@pytest.mark.parametrize(("value", "answer"), [("200", "approved"), ("199.999999999999999999", "position_value")])
async def test_the_limit_itself_may_be_filled(owner: Any, value: str, answer: str) -> None:
    await owner.limit("position_value", value, symbol="BTC/USDT")
    assert await try_pairs(owner, "BTC/USDT") == [answer]


async def test_open_buys_and_what_is_held_fill_it_together(owner: Any) -> None:
    await owner.limit("position_value", "500", symbol="BTC/USDT")
    first, second = owner.order(), owner.order()
    await owner.hear(first, owner.update(first, OrderState.FILLED, 4, "0.01"), second)
    assert await try_pairs(owner, "BTC/USDT", "ETH/USDT") == ["position_value", "approved"]
    await owner.hear(owner.update(second, OrderState.CANCELLED, 3))
    assert await try_pairs(owner, "BTC/USDT") == ["approved"]


async def test_an_exit_passes_a_limit_of_nothing(owner: Any) -> None:
    bought = owner.order()
    await owner.hear(bought, owner.update(bought, OrderState.FILLED, 4, "0.01"))
    await owner.limit("position_value", "0", symbol="BTC/USDT")
    await owner.hear(owner.order(side=Side.SELL), owner.order())
    assert owner.answers()[1:] == ["approved", "position_value"]


async def test_pairs_users_accounts_and_the_strictest_of_them(owner: Any) -> None:
    await owner.limit("position_value", "300")
    await owner.limit("position_value", "250", symbol="BTC/USDT")
    await owner.limit("position_value", "150", symbol="BTC/USDT", account_id=str(owner.account_id))
    assert await try_pairs(owner, "BTC/USDT", "ETH/USDT") == ["position_value", "approved"]
    first, owner.account_id = owner.account_id, uuid4()
    await owner.open()
    assert await try_pairs(owner, "BTC/USDT") == ["approved"]
    rows = (await ask(owner, "GET", "/limits", source="user")).value()["items"]
    assert [(r["symbol"], r["account_id"], r["limit_value"]) for r in rows] == [
        (None, None, "300"),
        ("BTC/USDT", None, "250"),
        ("BTC/USDT", str(first), "150"),
    ]


async def test_every_spelling_is_the_same_limit(owner: Any) -> None:
    made = [await owner.limit("position_value", str(n), symbol=s) for n, s in enumerate(("BTC/USDT", "btcusdt"), 100)]
    assert made[0]["id"] == made[1]["id"]
    assert (made[1]["symbol"], made[1]["limit_value"]) == ("BTC/USDT", "101")


async def test_what_is_used_is_shown_by_pair_and_of_the_nearest_account(owner: Any) -> None:
    await owner.limit("position_value", "1000", symbol="BTC/USDT")
    await owner.limit("position_value", "400", symbol="ETH/USDT")
    await owner.hear(owner.order(), owner.order(symbol="ETH/USDT", quantity=Decimal("0.005")))
    owner.account_id = uuid4()
    await owner.open()
    await owner.hear(owner.order(quantity=Decimal("0.02")))
    rows = (await ask(owner, "GET", "/limits", source="user")).value()["items"]
    used = {row["symbol"]: (row["current_value"], row["utilization"]) for row in rows}
    assert used == {"BTC/USDT": ("400", "0.4"), "ETH/USDT": ("100", "0.25")}


async def test_a_pairs_limit_is_no_part_of_the_whole_and_is_deleted_for_good(owner: Any) -> None:
    made = await owner.limit("position_value", "100", symbol="BTC/USDT")
    assert (await ask(owner, "GET", "/limits/effective")).value()["max_position_value"] == "1000000"
    assert (await ask(owner, "DELETE", f"/limits/{made['num']}")).value()["limit_value"] == "100"
    assert (await ask(owner, "DELETE", f"/limits/{made['num']}")).status == 404
    assert await try_pairs(owner, "BTC/USDT") == ["approved"]


async def test_alerts_of_a_pair_name_it_and_come_once_per_pair(owner: Any) -> None:
    for pair in ("BTC/USDT", "ETH/USDT"):
        await owner.limit("position_value", "240", symbol=pair)
    await try_pairs(owner, "BTC/USDT", "ETH/USDT")
    assert await try_pairs(owner, "BTC/USDT", "ETH/USDT") == ["position_value"] * 2
    found = (await ask(owner, "GET", "/alerts")).value()
    assert found["total"] == 4
    told = sorted((a["symbol"], a["severity"], a["action_taken"]) for a in found["items"])
    assert told == [
        (pair, severity, action)
        for pair in ("BTC/USDT", "ETH/USDT")
        for severity, action in (("critical", "order_refused"), ("warning", "none"))
    ]


async def test_a_groups_limits_and_a_pairs_do_not_replace_each_other(owner: Any) -> None:
    group = uuid4()
    await owner.limit("position_value", "150", symbol="BTC/USDT", account_id=str(owner.account_id))
    await owner.limit("drawdown", "0.3", account_id=str(owner.account_id))
    asked = {"account_ids": [str(owner.account_id)], "max_drawdown": 0.2}
    (await ask(owner, "PUT", f"/groups/{group}/limits", asked)).value()
    await ask(owner, "PUT", f"/groups/{group}/limits", {"account_ids": []})
    rows = (await ask(owner, "GET", "/limits", source="user")).value()["items"]
    assert [(r["limit_type"], r["limit_value"]) for r in rows] == [("position_value", "150"), ("drawdown", "0.3")]
