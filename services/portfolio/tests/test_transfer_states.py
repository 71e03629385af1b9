"""The life of a transfer as a table: every step from every state, and which of them move paper money."""

from decimal import Decimal
from itertools import product
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.common.kernel.errors import Code, MillraceError
from millrace.portfolio.domain import ledger
from millrace.portfolio.domain.transfers import End, State, Verb, after, legs, moves_money

LEADS = {
    ("requested", "approve"): "approved",
    ("requested", "reject"): "rejected",
    ("requested", "cancel"): "cancelled",
    ("approved", "complete"): "completed",
    ("approved", "fail"): "failed",
    ("approved", "cancel"): "cancelled",
}
STEPS = list(product(get_args(State), get_args(Verb)))
PAPER = End("binance", "paper", "USDT")


@pytest.mark.parametrize(("state", "verb"), STEPS)
def test_a_recorded_transfer_takes_the_steps_of_the_table_alone(state: State, verb: Verb) -> None:
    if (state, verb) in LEADS:
        assert after(state, verb, moving=False) == LEADS[state, verb]
        return
    with pytest.raises(MillraceError) as refused:
        after(state, verb, moving=False)
    assert (refused.value.code, refused.value.details) == (Code.INVALID_STATE, {"status": state})
    assert f"a {state} transfer knows no {verb}" in refused.value.message


@pytest.mark.parametrize("verb", get_args(Verb))
def test_money_under_way_ends_by_itself(verb: Verb) -> None:
    with pytest.raises(MillraceError, match="it ends by itself") as refused:
        after("approved", verb, moving=True)
    assert refused.value.code is Code.INVALID_STATE


@pytest.mark.parametrize(("verb", "state"), [("approve", "approved"), ("reject", "rejected"), ("cancel", "cancelled")])
def test_before_it_moves_paper_money_waits_like_any_other(verb: Verb, state: State) -> None:
    assert after("requested", verb, moving=True) == state


@given(st.lists(st.sampled_from(get_args(Verb)), max_size=6), st.booleans())
def test_no_way_leads_out_of_an_end(verbs: list[Verb], moving: bool) -> None:
    state, ended = "requested", False
    for verb in verbs:
        try:
            state = after(state, verb, moving=moving)
        except MillraceError:
            continue
        assert not ended
        ended = state not in ("requested", "approved")


@pytest.mark.parametrize(
    ("source", "target", "currency", "moves"),
    [
        (PAPER, End("luno", "paper", "USDT"), "USDT", True),
        (PAPER, PAPER, "ZAR", False),
        (PAPER, End("luno", "paper", "ZAR"), "USDT", False),
        (End("luno", "paper", "ZAR"), PAPER, "USDT", False),
        (PAPER, End("luno"), "USDT", False),
        (End("luno"), PAPER, "USDT", False),
        (End("luno"), End("luno"), "USDT", False),
        (End("luno", "live", "USDT"), End("binance", "live", "USDT"), "USDT", False),
    ],
)
def test_only_paper_accounts_of_the_currency_move_money(source: End, target: End, currency: str, moves: bool) -> None:
    assert moves_money(source, target, currency) is moves


@pytest.mark.parametrize("modes", [("paper", "live"), ("live", "paper")])
def test_paper_money_never_becomes_real_nor_the_other_way(modes: tuple[str, str]) -> None:
    with pytest.raises(MillraceError) as refused:
        moves_money(*(End("binance", mode, "USDT") for mode in modes), "USDT")
    fields: Any = refused.value.fields
    assert (refused.value.code, set(fields)) == (Code.VALIDATION_ERROR, {"to_account_id"})


@given(st.decimals("0.000000000000000001", "1000000000", places=18))
def test_the_legs_of_a_move_are_cash_and_sum_to_nothing(amount: Decimal) -> None:
    out, into = legs("USDT", amount)
    assert ledger.sums([out, into]) == {"USDT": 0}
    assert (out.amount, into.amount, out.book, into.book) == (-amount, amount, "cash", "cash")
