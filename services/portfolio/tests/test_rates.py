"""Conversions by the prices of the markets."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.portfolio.domain.rates import SETTING, Price, Rates

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SET = Price(SETTING, "USDT", "ZAR", Decimal(17))


def price(source: str, pair: str, value: object, minutes: int = 0) -> Price:
    base, quote = pair.split("/")
    return Price(source, base, quote, Decimal(str(value)), NOON + timedelta(minutes=minutes))


MARKET = [
    price("binance", "BTC/USDT", 50_000, 1),
    price("binance", "ETH/USDT", 2_500),
    price("luno", "BTC/ZAR", 900_000, 2),
]


def test_a_dollar_is_worth_what_bitcoin_costs_there_by_what_it_costs_here() -> None:
    found = Rates(MARKET, [SET]).rate("USDT", "ZAR")
    assert found is not None
    assert (found.factor, found.source, found.at) == (18, "binance BTC/USDT, luno BTC/ZAR", NOON + timedelta(minutes=1))


def test_without_a_market_the_setting_counts_and_says_so() -> None:
    rates = Rates(MARKET[:2], [SET])
    found = rates.rate("ETH", "ZAR")
    assert found is not None
    assert (found.factor, found.source, found.at) == (42_500, "binance ETH/USDT, setting USDT/ZAR", NOON)


def test_a_direct_price_goes_before_a_chain() -> None:
    found = Rates([*MARKET, price("luno", "ETH/ZAR", 44_000)], [SET]).rate("ETH", "ZAR")
    assert found is not None
    assert (found.factor, found.source) == (44_000, "luno ETH/ZAR")


def test_of_several_markets_the_newest_price_counts() -> None:
    found = Rates([price("a", "BTC/USDT", 1), price("b", "BTC/USDT", 2, 5), price("c", "BTC/USDT", 3, 1)])
    assert found.worth(Decimal(1), "BTC", "USDT") == 2


@pytest.mark.parametrize(("source", "target"), [("XYZ", "ZAR"), ("ZAR", "XYZ")])
def test_what_no_price_leads_to_has_no_rate(source: str, target: str) -> None:
    rates = Rates(MARKET, [SET])
    assert rates.rate(source, target) is None
    assert rates.worth(Decimal(1), source, target) is None


def test_a_price_of_nothing_is_none() -> None:
    assert Rates([price("a", "BTC/USDT", 0)]).rate("BTC", "USDT") is None


def test_a_currency_is_worth_itself() -> None:
    found = Rates([]).rate("ZAR", "ZAR")
    assert found is not None
    assert (found.factor, found.source, found.at) == (1, "", None)


@given(st.lists(st.decimals(min_value="0.01", max_value="100000", places=2), min_size=3, max_size=3))
def test_there_and_back_again_is_nearly_the_same(values: list[Decimal]) -> None:
    names = ("A/B", "B/C", "C/D")
    rates = Rates([price("x", pair, value) for pair, value in zip(names, values, strict=True)])
    there, back = rates.rate("A", "D"), rates.rate("D", "A")
    assert there is not None
    assert back is not None
    assert there.factor * back.factor == pytest.approx(
        Decimal(1), abs=there.factor * Decimal("1e-17") + Decimal("1e-9")
    )
