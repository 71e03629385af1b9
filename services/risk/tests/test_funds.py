"""Funds as risk knows them, and moves between accounts of one user."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from millrace.common.events.trading import OrderState


async def move(owner: Any, source: Any, target: Any, amount: str, transfer: Any = None, currency: str = "USDT") -> Any:
    ends = {"from_account_id": str(source), "to_account_id": str(target)}
    asked = {"transfer_id": str(transfer or uuid4()), **ends, "currency": currency, "amount": amount}
    return await owner.stand.ask("risk", "POST", "/funds/moves", owner.user, json=asked)


async def funds(owner: Any) -> dict[str, tuple[str, str, str]]:
    """Total, reserved and free by account."""
    items = (await owner.stand.ask("risk", "GET", "/funds", owner.user)).value()["items"]
    return {i["account_id"]: (i["total"], i["reserved"], i["free"]) for i in items}


async def holding(owner: Any, *orders: Any) -> set[str]:
    """Which orders hold something."""
    query = {"order_id": [str(order.order_id) for order in orders]}
    return set((await owner.stand.ask("risk", "GET", "/funds/holding", owner.user, query=query)).value()["items"])


async def test_an_order_holds_funds_from_its_approval_to_its_end(owner: Any, new_owner: Any) -> None:
    first, second, unheard = (owner.order() for _ in range(3))
    await owner.hear(first, second)
    both = {str(first.order_id), str(second.order_id)}
    assert await holding(owner, first, second, unheard) == both
    assert await holding(await new_owner(), first) == set(), "they are nobody else's to ask for"
    await owner.hear(owner.update(first, OrderState.OPEN, 2))
    assert await holding(owner, first, second) == both
    await owner.hear(owner.update(first, OrderState.CANCELLED, 3))
    assert await holding(owner, first, second) == {str(second.order_id)}
    assert (await owner.stand.ask("risk", "GET", "/funds/holding", owner.user)).status == 422


@pytest.fixture
async def accounts(owner: Any) -> tuple[Any, Any]:
    """Two accounts of 10,000, the first with an order of 200.40."""
    await owner.hear(owner.order())
    first, owner.account_id = owner.account_id, uuid4()
    await owner.open()
    return first, owner.account_id


async def test_what_is_free_moves_and_what_is_reserved_stays(owner: Any, accounts: Any) -> None:
    first, second = accounts
    assert (await move(owner, first, second, "9799.7")).status == 400
    answer = await move(owner, first, second, "9799.6")
    assert answer.value()["moved"] is True
    assert await funds(owner) == {str(first): ("200.4", "200.4", "0"), str(second): ("19799.6", "0", "19799.6")}
    refused = await move(owner, first, second, "0.01")
    assert (refused.status, refused.json()["error"]["code"]) == (400, "INSUFFICIENT_BALANCE")


async def test_a_transfer_moves_once_and_a_refused_one_may_come_again(owner: Any, accounts: Any) -> None:
    first, second = accounts
    transfer = uuid4()
    assert (await move(owner, first, second, "20000", transfer)).status == 400
    answers = await asyncio.gather(*(move(owner, first, second, "100", transfer) for _ in range(5)))
    assert sorted(answer.value()["moved"] for answer in answers) == [False] * 4 + [True]
    assert (await funds(owner))[str(second)][0] == "10100"


async def test_opposite_moves_at_once_keep_the_sum(owner: Any, accounts: Any) -> None:
    first, second = accounts
    both = [(first, second), (second, first)]
    answers = await asyncio.gather(*(move(owner, *both[n % 2], "7") for n in range(20)))
    assert {answer.status for answer in answers} == {200}
    assert sum(Decimal(total) for total, _, _ in (await funds(owner)).values()) == 20_000


async def test_nobody_moves_the_funds_of_others(owner: Any, new_owner: Any) -> None:
    other = await new_owner()
    for ends in ((owner.account_id, other.account_id), (other.account_id, owner.account_id)):
        assert (await move(owner, *ends, "1")).status == 404
    assert list(await funds(owner)) == [str(owner.account_id)]


async def test_moved_funds_can_be_spent_where_they_are_now(owner: Any, accounts: Any) -> None:
    first, second = accounts
    await move(owner, first, second, "9000")
    big = owner.order(quantity=Decimal("0.9"))
    await owner.hear(big)
    owner.account_id = first
    await owner.hear(owner.order(quantity=Decimal("0.05")))
    assert owner.answers() == ["approved", "balance"]
    owner.account_id = second
    assert owner.answers() == ["approved"]
