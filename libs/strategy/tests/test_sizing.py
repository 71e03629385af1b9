"""Quantities: never more than asked for, never more than can be paid, always a whole number of steps."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.common.kernel.instruments import Instrument, instrument
from millrace.common.kernel.money import ZERO
from millrace.strategy.sizing import (
    CUSHION,
    Sized,
    affordable,
    fixed_quantity,
    fraction_of_equity,
    quote_notional,
    whole_position,
)

BTC = instrument("binance", "BTC/USDT")
ROUNDING = Fraction(1, 10**18)
AMOUNTS = st.decimals("0", "1e12", places=8)
PRICES = st.decimals("0.00000001", "1e7", places=8)
SHARES = st.decimals("0.0001", "1", places=4)
STEPS = st.sampled_from(["1e-18", "0.00001", "0.001", "1", "25"]).map(
    lambda step: replace(BTC, step_size=Decimal(step))
)


def worth(quantity: Decimal, price: Decimal) -> Fraction:
    """The exact product: 28 digits, the default of decimals, are not enough for every case."""
    return Fraction(quantity) * Fraction(price)


def assert_tradable_or_explained(sized: Sized, price: Decimal, pair: Instrument) -> None:
    quantity, reason = sized
    assert (quantity == 0) is (reason is not None)
    assert quantity >= 0
    assert (Fraction(quantity) / Fraction(pair.step_size)).denominator == 1
    if quantity:
        assert worth(quantity, price) >= Fraction(pair.min_notional) - ROUNDING


@given(fraction=SHARES, equity=AMOUNTS, available=AMOUNTS, price=PRICES, pair=STEPS)
def test_a_share_of_equity_is_never_exceeded_and_can_be_paid_with_its_fee(
    fraction: Decimal, equity: Decimal, available: Decimal, price: Decimal, pair: Instrument
) -> None:
    sized = fraction_of_equity(fraction, equity=equity, available=available, price=price, instrument=pair)
    assert_tradable_or_explained(sized, price, pair)
    notional = worth(sized.quantity, price)
    assert notional <= worth(fraction, equity) + ROUNDING
    assert notional * Fraction(1 + pair.taker_fee) <= available


@given(notional=AMOUNTS, available=AMOUNTS, price=PRICES, pair=STEPS)
def test_an_amount_of_quote_currency_is_bought_as_asked_or_not_at_all(
    notional: Decimal, available: Decimal, price: Decimal, pair: Instrument
) -> None:
    sized = quote_notional(notional, available=available, price=price, instrument=pair)
    assert_tradable_or_explained(sized, price, pair)
    assert worth(sized.quantity, price) <= notional
    if sized.quantity:
        assert Fraction(notional) - worth(sized.quantity, price) < worth(pair.step_size, price) + ROUNDING


@given(quantity=AMOUNTS, available=AMOUNTS, price=PRICES, pair=STEPS)
def test_a_fixed_quantity_is_only_floored(
    quantity: Decimal, available: Decimal, price: Decimal, pair: Instrument
) -> None:
    sized = fixed_quantity(quantity, available=available, price=price, instrument=pair)
    assert_tradable_or_explained(sized, price, pair)
    if sized.quantity:
        assert 0 <= Fraction(quantity) - Fraction(sized.quantity) < pair.step_size


@given(position=AMOUNTS, price=PRICES, pair=STEPS)
def test_no_more_is_sold_than_is_held(position: Decimal, price: Decimal, pair: Instrument) -> None:
    sized = whole_position(position, price=price, instrument=pair)
    assert_tradable_or_explained(sized, price, pair)
    assert sized.quantity <= position


@given(small=SHARES, large=SHARES, equity=AMOUNTS, price=PRICES)
def test_a_larger_share_never_buys_less(small: Decimal, large: Decimal, equity: Decimal, price: Decimal) -> None:
    low, high = (
        fraction_of_equity(f, equity=equity, available=equity, price=price, instrument=BTC).quantity
        for f in sorted((small, large))
    )
    assert low <= high


def test_a_tenth_of_ten_thousand_at_thirty_thousand() -> None:
    sized = fraction_of_equity(
        Decimal("0.1"), equity=Decimal(10_000), available=Decimal(10_000), price=Decimal(30_000), instrument=BTC
    )
    assert sized == (Decimal("0.03333"), None)


def test_all_of_the_equity_leaves_room_for_the_fee_and_a_move() -> None:
    paid = affordable(Decimal(10_000), BTC) * (1 + BTC.taker_fee + CUSHION)
    assert Decimal("9999.999999") < paid <= 10_000


def test_a_share_shrinks_to_what_is_free_and_an_amount_is_refused() -> None:
    free = {"available": Decimal(100), "price": Decimal(30_000), "instrument": BTC}
    assert fraction_of_equity(Decimal("0.5"), equity=Decimal(10_000), **free).quantity == Decimal("0.00329")
    refused = quote_notional(Decimal(5_000), **free)
    assert refused == (ZERO, "5000 USDT plus costs is more than the 100 available")
    assert fixed_quantity(Decimal(1), **free).reason == "30000 USDT plus costs is more than the 100 available"


@pytest.mark.parametrize(
    ("quantity", "reason"),
    [
        ("0.000009", "0.000009 BTC is under one step of 0.00001"),
        ("0.0001", "3 USDT is under the minimum order of 5"),
        ("0", "0 BTC is under one step of 0.00001"),
    ],
)
def test_too_little_is_nothing_and_says_why(quantity: str, reason: str) -> None:
    sized = whole_position(Decimal(quantity), price=Decimal(30_000), instrument=BTC)
    assert sized == (ZERO, reason)


@pytest.mark.parametrize("price", [ZERO, Decimal(-1)])
def test_without_a_price_nothing_is_traded(price: Decimal) -> None:
    plenty = Decimal(10**6)
    assert quote_notional(Decimal(10), available=plenty, price=price, instrument=BTC).reason == "there is no price"
    assert whole_position(Decimal(10), price=price, instrument=BTC).reason == "there is no price"


def test_an_account_in_debt_buys_nothing() -> None:
    sized = fraction_of_equity(
        Decimal(1), equity=Decimal(-50), available=Decimal(-50), price=Decimal(30_000), instrument=BTC
    )
    assert sized.quantity == 0
