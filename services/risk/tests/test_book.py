"""Each rule, at its edge."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from millrace.risk.config import RiskSettings
from millrace.risk.domain.book import Balance, Book, Exposure, Terms
from millrace.risk.domain.limits import effective

NOW = datetime(2024, 1, 1, tzinfo=UTC)
BUY = Terms("BTC/USDT", "BTC", "USDT", True, Decimal(1), Decimal(100), Decimal(100), limited=True)
SELL = replace(BUY, buying=False)


@pytest.fixture
def book() -> Book:
    """A thousand dollars, two bitcoin, no limit near."""
    limits = effective(RiskSettings(), [])
    funds = {"USDT": Balance(Decimal(1000)), "BTC": Balance(Decimal(2))}
    return Book(limits=limits, tokens_at=NOW, tokens=10, balances=funds)


def rule(book: Book, terms: Terms) -> str | None:
    found = book.breach(terms, NOW)
    return found.rule if found else None


def test_an_order_that_fits_is_approved_and_its_funds_are_reserved(book: Book) -> None:
    assert rule(book, BUY) is None
    assert book.reserve(BUY, NOW) == ("USDT", Decimal("100.2"))
    assert book.balances["USDT"].free == Decimal("899.8")
    assert (book.open_orders, book.tokens) == (1, 9)


def test_a_market_order_reserves_room_for_slippage(book: Book) -> None:
    assert book.needed(replace(BUY, limited=False)) == ("USDT", Decimal("101.2"))


def test_an_order_beyond_the_free_funds_is_refused_with_the_numbers(book: Book) -> None:
    found = book.breach(replace(BUY, quantity=Decimal(10)), NOW)
    assert found is not None
    assert (found.rule, found.limit, found.current) == ("balance", Decimal(1000), Decimal(1002))


def test_nobody_sells_more_than_they_hold(book: Book) -> None:
    assert rule(book, replace(SELL, quantity=Decimal(2))) is None
    assert rule(book, replace(SELL, quantity=Decimal("2.00001"))) == "balance"


def test_the_position_limit_counts_what_is_held_and_what_is_being_bought(book: Book) -> None:
    book.limits = replace(book.limits, position=Decimal(300))
    book.exposures["BTC/USDT"] = Exposure(Decimal(1), Decimal(100), Decimal(100))
    assert rule(book, BUY) is None
    assert rule(book, replace(BUY, quantity=Decimal("1.00001"))) == "position_value"
    assert rule(book, SELL) is None


def test_a_reached_loss_or_drawdown_stops_buying_but_not_selling(book: Book) -> None:
    book.day_pnl = -book.limits.daily_loss
    assert (rule(book, BUY), rule(book, SELL)) == ("daily_loss", None)
    book.day_pnl, book.drawdown = Decimal(0), book.limits.drawdown
    assert (rule(book, BUY), rule(book, SELL)) == ("drawdown", None)


def test_a_price_far_from_the_market_is_refused(book: Book) -> None:
    assert rule(book, replace(BUY, price=Decimal(50))) is None
    assert rule(book, replace(BUY, price=Decimal(49))) == "price_collar"


def test_the_order_rate_is_a_bucket_that_refills(book: Book) -> None:
    book.tokens = 1
    book.reserve(BUY, NOW)
    assert rule(book, BUY) == "order_rate"
    assert book.breach(BUY, NOW + timedelta(seconds=0.02)) is None


def test_too_many_open_orders_are_refused(book: Book) -> None:
    book.open_orders = book.limits.open_orders
    assert rule(book, SELL) == "open_orders"


def test_a_thrown_switch_refuses_everything(book: Book) -> None:
    book.halted = "stopped by the user (user)"
    assert (rule(book, BUY), rule(book, SELL)) == ("kill_switch", "kill_switch")


def test_a_users_limit_narrows_the_systems_and_never_widens_it() -> None:
    system = RiskSettings()
    rows = [
        {"limit_type": "daily_loss", "symbol": None, "limit_value": Decimal(5)},
        {"limit_type": "drawdown", "symbol": None, "limit_value": Decimal(9)},
        {"limit_type": "position_value", "symbol": "BTC/USDT", "limit_value": Decimal(7)},
    ]
    limits = effective(system, rows)
    assert (limits.daily_loss, limits.drawdown) == (Decimal(5), system.max_drawdown)
    assert limits.position_value("BTC/USDT") == 7
    assert limits.position_value("ETH/USDT") == system.max_position_value
