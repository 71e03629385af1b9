"""How much is traded: never more than meant, never more than held."""

from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.common.kernel.errors import MillraceError
from millrace.common.kernel.instruments import instrument
from millrace.execution.domain.sizing import Holding, closable, risked, shares

BTC = instrument("binance", "BTC/USDT")
ACCOUNT, BOT = uuid4(), uuid4()
AMOUNTS = st.decimals("0", "1000", places=5)


def held(
    quantity: str | Decimal, bot: UUID | None = None, selling: str = "0", spare: str | Decimal = "9999"
) -> Holding:
    """What somebody holds."""
    return Holding(ACCOUNT, "binance", "BTC/USDT", bot, *(Decimal(str(n)) for n in (quantity, selling, spare)))


@given(AMOUNTS, st.decimals("0.0001", "1", places=4), st.decimals("1", "100", places=1))
def test_a_share_of_equity_is_never_worth_more_than_it(equity: Decimal, part: Decimal, leverage: Decimal) -> None:
    quantity = risked(equity, part, leverage, Decimal("19999.99"), BTC)
    assert quantity % BTC.step_size == 0
    meant = equity * part * leverage
    assert meant - BTC.step_size * 20_000 < quantity * Decimal("19999.99") <= meant


@given(st.lists(AMOUNTS, max_size=5), AMOUNTS, st.none() | AMOUNTS)
def test_no_more_is_sold_than_is_held_spare_and_asked_for(
    amounts: list[Decimal], spare: Decimal, most: Decimal | None
) -> None:
    holdings = [held(amount, uuid4(), spare=spare) for amount in amounts]
    found = shares(holdings, most)
    assert all(0 < share <= one.quantity for one, share in found)
    sold = sum((share for _, share in found), Decimal(0))
    bounds = [sum(amounts, Decimal(0)), spare, *([] if most is None else [most])]
    assert sold == (min(bounds) if holdings else 0)


def test_what_belongs_to_no_bot_is_sold_first() -> None:
    found = closable([held("1", BOT), held("2")], Decimal("2.5"))
    assert [(one.bot_id, share) for one, share in found] == [(None, Decimal(2)), (BOT, Decimal("0.5"))]


@pytest.mark.parametrize(
    ("holdings", "quantity", "code"),
    [
        ([], None, "NOT_FOUND"),
        ([held("1", selling="1")], None, "INVALID_STATE"),
        ([held("1", spare="0")], None, "INVALID_STATE"),
        ([held("1", spare="-1")], Decimal(1), "INVALID_STATE"),
        ([held("1"), held("1", BOT)], Decimal("2.1"), "INVALID_QUANTITY"),
    ],
)
def test_what_cannot_be_closed_is_an_error(holdings: list[Holding], quantity: Decimal | None, code: str) -> None:
    with pytest.raises(MillraceError) as problem:
        closable(holdings, quantity)
    assert problem.value.code.value == code
