"""Amounts come in exactly, stay exact, and go out plainly; everything else is refused."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from decimal import ROUND_DOWN, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.money import LIMIT, SCALE, divided, floor_to, parse_amount, plain, scaled, times

AMOUNTS = st.decimals(-LIMIT + 1, LIMIT - 1, allow_nan=False, allow_infinity=False, places=18)
STEPS = st.sampled_from([Decimal(s) for s in ("1e-18", "0.00001", "0.0001", "0.01", "0.5", "1", "10", "7")])


@given(AMOUNTS)
def test_an_amount_survives_being_written_and_read(amount: Decimal) -> None:
    text = plain(amount)
    assert parse_amount(text) == amount
    assert plain(parse_amount(text)) == text
    assert "e" not in text.lower()
    assert not ("." in text and text.endswith("0"))


@given(AMOUNTS, STEPS)
def test_rounding_down_gives_the_nearest_multiple_towards_zero(amount: Decimal, step: Decimal) -> None:
    floored = floor_to(amount, step)
    with localcontext(prec=80):
        assert floored == (amount / step).to_integral_value(ROUND_DOWN) * step
        assert abs(floored) <= abs(amount) < abs(floored) + step
    assert floor_to(floored, step) == floored


@given(AMOUNTS, AMOUNTS)
def test_products_and_quotients_are_exact_up_to_half_of_the_last_place(a: Decimal, b: Decimal) -> None:
    with localcontext(prec=120):
        assert abs(times(a, b) - a * b) <= SCALE / 2
        if abs(b) >= SCALE * 10**6:
            assert abs(divided(a, b) - a / b) <= SCALE / 2


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("1.50", "1.5"),
        (" 7 ", "7"),
        ("+5", "5"),
        ("-0", "0"),
        ("1e3", "1000"),
        ("1E-18", "0.000000000000000001"),
        (0.1, "0.1"),
        (3, "3"),
        (Decimal("2.500"), "2.5"),
        ("99999999999999999999.999999999999999999", "99999999999999999999.999999999999999999"),
    ],
)
def test_every_usual_spelling_is_read(given: object, meant: str) -> None:
    assert plain(parse_amount(given)) == meant


@pytest.mark.parametrize(
    "given",
    [
        *("", " ", "abc", "1,5", "1.2.3", "0x10", "1_000", "١٢", "½", "1e", "--1", "1 000", "\x00", "9" * 61),
        *("NaN", "sNaN", "nan123", "Infinity", "-inf", float("nan"), float("inf"), Decimal("NaN"), Decimal("Infinity")),
        *(
            "1e20",
            "100000000000000000000",
            "1e999999",
            "1e-19",
            "0.0000000000000000001",
            1e21,
            10**20,
            pytest.param(10**5000, id="a very long integer"),
            -(10**20),
        ),
        *(None, True, False, [], {}, b"1", object()),
    ],
)
def test_what_is_no_amount_is_refused_with_the_field_that_held_it(given: object) -> None:
    with pytest.raises(MillraceError) as refused:
        parse_amount(given, "quantity")
    assert refused.value.code is Code.VALIDATION_ERROR
    assert set(refused.value.fields) == {"quantity"}


@pytest.mark.parametrize("given", ["0e-999999999", "0e999999999", "-0e-999999999", Decimal("0e-99999")])
def test_a_zero_with_a_monstrous_exponent_is_a_plain_zero_and_is_never_written_out(given: object) -> None:
    tracemalloc.start()
    try:
        assert plain(parse_amount(given)) == "0"
        assert plain(Decimal("0e-99999999")) == "0"
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


@given(st.text() | st.integers() | st.floats() | st.decimals() | st.booleans() | st.none() | st.binary())
def test_anything_is_either_an_amount_that_can_be_stored_or_refused(given: object) -> None:
    try:
        amount = parse_amount(given)
    except MillraceError:
        return
    assert amount == scaled(amount)
    assert abs(amount) < LIMIT


@pytest.mark.parametrize("where", ["here", "in a thread"])
def test_a_minus_and_a_sum_lose_no_digit_that_is_stored(where: str) -> None:
    amount = Decimal("99999999999999999999.123456789012345678")

    def nothing() -> Decimal:
        return -amount + amount

    with ThreadPoolExecutor(1) as pool:
        left = nothing() if where == "here" else pool.submit(nothing).result()
    assert left == 0
