"""Each fill is booked once, and everything derived from the fills adds up."""

from decimal import Decimal
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from millrace.common.events.portfolio import BalanceChanged, PositionChanged
from millrace.common.events.trading import FillBooked

TOLERANCE = Decimal("1e-12")
lots = st.integers(-300, 300).filter(bool).map(lambda n: Decimal(n) / 1000)
prices = st.integers(1, 9_999_999).map(lambda n: Decimal(n) / 100)
fees = st.integers(0, 1000).map(lambda n: Decimal(n) / 10_000)
bots = st.sampled_from([None, uuid4(), uuid4()])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fills=st.lists(st.tuples(lots, prices, fees, bots), min_size=1, max_size=25), cut=st.integers(0, 25))
async def test_any_sequence_of_fills_adds_up(new_owner: Any, fills: list[Any], cut: int) -> None:
    owner = await new_owner()
    events = [owner.fill(quantity, price, fee, bot_id=bot) for quantity, price, fee, bot in fills]
    await owner.hear(*events[:cut])
    await owner.hear(*events[cut:])
    rows, account = owner.stand.rows, owner.account_id
    sums = "select currency, sum(amount) as amount from entries where account_id = $1 group by transaction_id, currency"
    assert all(row["amount"] == 0 for row in await rows("portfolio", sums, account))
    cash = "select currency, sum(amount) as total from entries where account_id = $1 and book = 'cash' group by 1"
    booked = {row["currency"]: row["total"] for row in await rows("portfolio", cash, account)}
    assert await owner.balances() == booked
    held = "select bot_id, sum(quantity) as quantity from positions where account_id = $1 group by 1"
    for row in await rows("portfolio", held, account):
        assert row["quantity"] == sum(q for q, _, _, bot in fills if bot == row["bot_id"])
    last = fills[-1][1]
    worth = "sum(realized_pnl + quantity * ($2 - entry_price)) as pnl, sum(fees) as fees"
    results = f"select {worth} from positions where account_id = $1"
    found = (await rows("portfolio", results, account, last))[0]
    equity = booked["USDT"] + booked["BTC"] * last
    assert abs(found["pnl"] - found["fees"] - (equity - 10_000)) < TOLERANCE
    assert found["fees"] == sum(fee for _, _, fee, _ in fills)


async def test_a_fill_that_is_delivered_twice_is_booked_once(owner: Any) -> None:
    fill = owner.fill(1, 100, "0.1")
    envelope = owner.stand.envelope(fill, event_id=fill.fill_id)
    await owner.stand.deliver((FillBooked.topic, envelope), (FillBooked.topic, envelope))
    await owner.stand.deliver((FillBooked.topic, envelope))
    assert await owner.balances() == {"USDT": Decimal("9899.9"), "BTC": 1}
    assert len(await owner.stand.rows("portfolio", "select 1 from trades")) == 1


async def test_the_order_of_fills_changes_no_balance_and_no_quantity(new_owner: Any) -> None:
    for order in permutations([(1, 100), (2, 130), (-3, 110)]):
        owner = await new_owner()
        for quantity, price in order:
            await owner.hear(owner.fill(quantity, price))
        assert await owner.balances() == {"USDT": 9970, "BTC": 0}, order
        query = "select sum(realized_pnl) as pnl from positions where account_id = $1"
        found = await owner.stand.rows("portfolio", query, owner.account_id)
        assert abs(found[0]["pnl"] + 30) < TOLERANCE, order


async def test_a_closed_position_stays_closed_and_the_next_fill_opens_another(owner: Any) -> None:
    await owner.hear(owner.fill(1, 100), owner.fill(-1, 110), owner.fill(2, 120))
    query = "select quantity, realized_pnl, closed_at is null as open from positions order by quantity"
    assert await owner.stand.rows("portfolio", query) == [
        {"quantity": 0, "realized_pnl": 10, "open": False},
        {"quantity": 2, "realized_pnl": 0, "open": True},
    ]


async def test_a_fee_in_base_currency_is_taken_from_what_was_bought(owner: Any) -> None:
    await owner.hear(owner.fill(1, 100, "0.01", fee_currency="BTC"))
    assert await owner.balances() == {"USDT": 9900, "BTC": Decimal("0.99")}
    position = (await owner.ask("/positions")).value()["items"][0]
    assert (position["quantity"], position["fees"]) == ("1", "1")


async def test_each_fill_tells_of_balances_and_position(owner: Any) -> None:
    await owner.hear(owner.fill(2, 100))
    await owner.hear(owner.fill(-1, 150))
    totals = [(b.currency, b.total) for b in owner.stand.said(BalanceChanged)]
    assert totals == [("USDT", 10_000), ("BTC", 2), ("USDT", 9800), ("BTC", 1), ("USDT", 9950)]
    assert [(p.quantity, p.entry_price, p.realized_pnl) for p in owner.stand.said(PositionChanged)] == [
        (2, 100, 0),
        (1, 100, 50),
    ]


async def test_positions_of_several_symbols_and_bots_are_kept_apart(owner: Any) -> None:
    bot = uuid4()
    eth = {"symbol": "ETH/USDT"}
    await owner.hear(owner.fill(1, 100), owner.fill(2, 100, bot_id=bot), owner.fill(3, 10, **eth))
    assert await owner.balances() == {"USDT": 9670, "BTC": 3, "ETH": 3}
    items = (await owner.ask("/positions")).value()["items"]
    assert {(i["symbol"], i["bot_id"], i["quantity"]) for i in items} == {
        ("BTC/USDT", None, "1"),
        ("BTC/USDT", str(bot), "2"),
        ("ETH/USDT", None, "3"),
    }


@pytest.mark.parametrize("amount", [Decimal("0.000000000000000001"), Decimal("99999999.123456789012345678")])
async def test_amounts_keep_all_their_places(owner: Any, amount: Decimal) -> None:
    await owner.hear(owner.fill(amount, 1, notional=amount))
    assert (await owner.balances())["BTC"] == amount
