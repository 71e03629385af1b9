"""Open positions at market, closed ones as round trips, trades with what they made."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from services.portfolio.tests.conftest import NOON


async def listed(owner: Any, path: str, **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await owner.ask(path, **query)).value()["items"]
    return items


async def test_an_open_position_is_valued_at_market_on_what_it_cost(owner: Any) -> None:
    await owner.hear(owner.fill(2, 100, "0.4", origin="crypto"))
    await owner.close(110)
    (found,) = await listed(owner, "/positions")
    shown = ("side", "quantity", "mark_price", "unrealized_pnl", "margin", "return_on_margin", "origin", "fees")
    assert [found[name] for name in shown] == ["long", "2", "110", "20", "200", "0.1", "crypto", "0.4"]
    assert (found["exchange"], found["closed_at"]) == ("binance", None)
    assert found["num"] >= 1
    assert found["opened_at"] == found["updated_at"] == "2026-01-01T12:00:00Z"


async def test_before_a_price_is_seen_a_position_has_gained_nothing(owner: Any) -> None:
    await owner.hear(owner.fill(2, 100))
    (found,) = await listed(owner, "/positions")
    assert (found["mark_price"], found["unrealized_pnl"], found["return_on_margin"]) == ("100", "0", "0")


async def test_a_short_position_gains_when_the_price_falls(owner: Any) -> None:
    await owner.hear(owner.fill(-2, 100))
    await owner.close(90)
    (found,) = await listed(owner, "/positions", side="short")
    assert (found["side"], found["unrealized_pnl"], found["return_on_margin"]) == ("short", "20", "0.1")
    assert await listed(owner, "/positions", side="long") == []


async def test_positions_filter_by_account_and_bot(owner: Any) -> None:
    first, bots = owner.account_id, [uuid4(), uuid4()]
    await owner.hear(*(owner.fill(1, 100, bot_id=bot) for bot in (*bots, None)))
    await owner.open()
    await owner.hear(owner.fill(5, 100))
    assert [p["quantity"] for p in await listed(owner, "/positions", account_id=owner.account_id)] == ["5"]
    assert len(await listed(owner, "/positions", account_id=[first, owner.account_id])) == 4
    assert {p["bot_id"] for p in await listed(owner, "/positions", bot_id=bots)} == {str(bot) for bot in bots}


async def test_a_closed_position_shows_what_was_paid_and_got(owner: Any) -> None:
    await owner.hear(owner.fill(1, 100, "0.1"), owner.fill(3, 200, "0.6"), owner.fill(-2, 210), owner.fill(-2, 230, 1))
    (found,) = await listed(owner, "/positions/closed")
    names = ("side", "size", "entry_price", "exit_price", "pnl", "fee", "net_pnl")
    assert [found[name] for name in names] == ["long", "4", "175", "220", "180", "1.7", "178.3"]


async def test_closed_positions_come_in_pages_by_account_symbol_and_time(owner: Any) -> None:
    for hours, price in enumerate((110, 120, 130)):
        at = NOON + timedelta(hours=hours)
        await owner.hear(owner.fill(1, 100, filled_at=at), owner.fill(-1, price, filled_at=at))
    first = owner.account_id
    await owner.open()
    await owner.hear(owner.fill(1, 10, symbol="ETH/USDT"), owner.fill(-1, 11, symbol="ETH/USDT"))
    page = (await owner.ask("/positions/closed", account_id=first, limit=1, offset=1)).value()
    assert ([p["exit_price"] for p in page["items"]], page["total"]) == (["120"], 3)
    assert [p["exit_price"] for p in await listed(owner, "/positions/closed", symbol="ethusdt")] == ["11"]
    hour = {"since": (NOON + timedelta(hours=1)).isoformat(), "until": (NOON + timedelta(hours=2)).isoformat()}
    assert [p["exit_price"] for p in await listed(owner, "/positions/closed", **hour)] == ["120"]


async def test_a_trade_tells_what_it_made_after_its_fee_in_any_currency(owner: Any) -> None:
    await owner.hear(owner.fill(1, 100, "0.1"), owner.fill(1, 100, "0.01", fee_currency="BTC"))
    await owner.hear(
        owner.fill(-1, 110, "0.2"), owner.fill("-0.5", 120, 2, fee_currency="BNB"), owner.fill("-0.1", 120)
    )
    found = [
        (t["side"], t["fee_currency"], t["fee_in_quote"], t["profit_loss"]) for t in await listed(owner, "/trades")
    ]
    assert found == [
        ("sell", None, "0", "2"),
        ("sell", "BNB", "0", "10"),
        ("sell", "USDT", "0.2", "9.8"),
        ("buy", "BTC", "1", "-1"),
        ("buy", "USDT", "0.1", "-0.1"),
    ]


async def test_trades_filter_by_account_bot_side_and_time(owner: Any) -> None:
    bot, first = uuid4(), owner.account_id
    await owner.hear(owner.fill(1, 100, bot_id=bot), owner.fill(-1, 100, filled_at=NOON + timedelta(hours=1)))
    await owner.open()
    await owner.hear(owner.fill(1, 100))
    for query, total in (
        ({"account_id": first}, 2),
        ({"bot_id": bot}, 1),
        ({"side": "sell"}, 1),
        ({"since": (NOON + timedelta(minutes=1)).isoformat()}, 1),
        ({"until": (NOON + timedelta(minutes=1)).isoformat()}, 2),
        ({"account_id": uuid4()}, 0),
    ):
        assert (await owner.ask("/trades", **query)).value()["total"] == total, query


@pytest.mark.parametrize("path", ["/positions/closed", "/positions", "/trades"])
async def test_nobody_sees_the_accounts_of_others(owner: Any, new_owner: Any, path: str) -> None:
    other = await new_owner()
    await other.hear(other.fill(2, 100), other.fill(-1, 110), other.fill(-1, 110), other.fill(1, 100))
    assert await listed(other, path)
    assert await listed(owner, path, account_id=other.account_id) == []


async def test_the_sum_of_trades_is_the_result_of_the_position(owner: Any) -> None:
    for quantity, price, fee in ((3, 100, "0.3"), (-1, 90, "0.09"), (2, 95, "0.19"), (-4, 120, "0.48")):
        await owner.hear(owner.fill(quantity, price, fee))
    made = sum(Decimal(t["profit_loss"]) for t in await listed(owner, "/trades"))
    assert [Decimal(p["net_pnl"]) for p in await listed(owner, "/positions/closed")] == [
        pytest.approx(made, abs=Decimal("1e-15"))
    ]
