"""Amounts are told in one currency, and read back from it."""

from decimal import Decimal

import pytest

from millrace.common.kernel.conversion import Conversion, conversion
from millrace.common.kernel.errors import Code, MillraceError

RAND = Conversion("ZAR", {"USDT": Decimal("17.5")})


@pytest.mark.parametrize(
    ("amount", "source", "worth"),
    [("10", "USDT", "175"), ("-0.1", "USDT", "-1.75"), ("10", "ZAR", "10"), ("10", "XYZ", "0")],
)
def test_what_has_a_rate_is_converted_and_the_rest_counts_nothing(amount: str, source: str, worth: str) -> None:
    assert RAND.worth(Decimal(amount), source) == Decimal(worth)


@pytest.mark.parametrize(
    ("source", "kept", "worth"),
    [
        ("USDT", {"ZAR": "16", "EUR": "0.9"}, "160"),
        ("USDT", {"EUR": "0.9"}, "175"),
        ("USDT", {}, "175"),
        ("XYZ", {"ZAR": "0.0000123"}, "0.000123"),
        ("ZAR", {"ZAR": "2"}, "10"),
    ],
)
def test_what_is_past_keeps_the_rate_it_was_booked_with(source: str, kept: dict[str, str], worth: str) -> None:
    assert RAND.booked(Decimal(10), source, kept) == Decimal(worth)


@pytest.mark.parametrize("amount", ["1000", "0.01", "123456789.12", "0"])
def test_what_was_said_in_one_currency_is_shown_again_as_it_was(amount: str) -> None:
    assert RAND.worth(RAND.back(Decimal(amount), "USDT"), "USDT") == Decimal(amount)
    assert RAND.back(Decimal(amount), "ZAR") == Decimal(amount)


def test_nothing_is_made_up_where_there_is_no_rate() -> None:
    with pytest.raises(MillraceError, match="no price of XYZ in ZAR") as refused:
        RAND.back(Decimal(1), "XYZ")
    assert refused.value.code is Code.UNAVAILABLE


def test_it_is_read_as_the_portfolio_tells_it() -> None:
    assert conversion({"currency": "ZAR", "rates": {"USDT": "17.5"}}) == RAND
