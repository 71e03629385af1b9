"""Each rule, at its edge."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from millrace.risk.config import RiskSettings
from millrace.risk.domain.book import Balance, Book, Exposure
from millrace.risk.domain.limits import Level, Limit, effective
from millrace.risk.domain.orders import Progress, Reservation, Terms

NOW = datetime(2024, 1, 1, tzinfo=UTC)
BUY = Terms("BTC/USDT", "BTC", "USDT", True, Decimal(1), Decimal(100), Decimal(100), limited=True)
SELL = replace(BUY, buying=False)


@pytest.fixture
def book() -> Book:
    """A thousand dollars, two bitcoin, no limit near."""
    limits = effective(RiskSettings(), [])
    funds = {"USDT": Balance(Decimal(1000)), "BTC": Balance(Decimal(2))}
    return Book(user_id=uuid4(), limits=limits, tokens_at=NOW, tokens=10, balances=funds)


def rule(book: Book, terms: Terms) -> str | None:
    found = book.breach(terms, NOW)
    return found.rule if found else None


def reserve(book: Book, terms: Terms = BUY) -> Reservation:
    return book.reserve(uuid4(), uuid4(), terms, NOW)


def test_an_order_that_fits_is_approved_and_its_funds_are_reserved(book: Book) -> None:
    assert rule(book, BUY) is None
    held = reserve(book)
    assert (held.currency, held.amount) == ("USDT", Decimal("100.2"))
    assert book.balances["USDT"].free == Decimal("899.8")
    assert (book.open_orders, book.tokens) == (1, 9)


def test_a_market_order_reserves_room_for_slippage(book: Book) -> None:
    assert book.needed(replace(BUY, limited=False)) == ("USDT", Decimal("101.2"))


def test_a_stop_below_the_market_can_cost_what_the_market_does(book: Book) -> None:
    stop = replace(BUY, price=Decimal(60), limited=False)
    assert book.needed(stop) == ("USDT", Decimal("101.2"))
    book.limits = replace(book.limits, position=Limit(Decimal(99)))
    assert rule(book, stop) == "position_value"


def test_an_order_beyond_the_free_funds_is_refused_with_the_numbers(book: Book) -> None:
    found = book.breach(replace(BUY, quantity=Decimal(10)), NOW)
    assert found is not None
    assert (found.rule, found.limit, found.current) == ("balance", Decimal(1000), Decimal(1002))
    assert found.message == "needs 1002 USDT, 1000 are free"


def test_a_refusal_writes_amounts_without_needless_zeros(book: Book) -> None:
    padded = replace(SELL, quantity=Decimal("3.500000000000000000"), price=Decimal("100.00"), reduce_only=True)
    book.balances["BTC"].total = Decimal("2.000000000000000000")
    found = book.breach(padded, NOW)
    assert found is not None
    assert found.message == "reduce-only: 3.5 BTC asked, 2 can be reduced"
    away = book.breach(replace(BUY, price=Decimal("500.0"), reference=Decimal("100.00")), NOW)
    assert away is not None
    assert away.message == "price 500 is 400.0% above the market's 100"


def _position(book: Book) -> None:
    book.limits = replace(book.limits, position=Limit(Decimal(99)))


def _day(book: Book) -> None:
    book.mark(Decimal("-612.50"), Decimal(0), NOW)
    book.limits = replace(book.limits, daily_loss=Limit(Decimal("500.00")))


def _drawdown(book: Book) -> None:
    book.mark(Decimal(0), Decimal("0.2567"), NOW)
    book.limits = replace(book.limits, drawdown=Limit(Decimal("0.2")))


def _open(book: Book) -> None:
    book.open_orders = 7
    book.limits = replace(book.limits, open_orders=Limit(Decimal(7)))


@pytest.mark.parametrize(
    ("reach", "told"),
    [
        (_position, "the BTC/USDT position would be worth 100; the limit is 99"),
        (_day, "the day has lost 612.5; the limit is 500"),
        (_drawdown, "the drawdown is 25.67%; the limit is 20.00%"),
        (_open, "7 orders are open; the limit is 7"),
    ],
    ids=["position", "day", "drawdown", "open"],
)
def test_a_refusal_tells_what_is_and_what_may_be(book: Book, reach: Callable[[Book], None], told: str) -> None:
    reach(book)
    found = book.breach(BUY, NOW)
    assert found is not None
    assert found.message == told


def test_nobody_sells_more_than_they_hold(book: Book) -> None:
    assert rule(book, replace(SELL, quantity=Decimal(2))) is None
    assert rule(book, replace(SELL, quantity=Decimal("2.00001"))) == "balance"


def test_the_position_limit_counts_what_is_held_and_what_is_being_bought(book: Book) -> None:
    book.limits = replace(book.limits, position=Limit(Decimal(300)))
    book.exposures["BTC/USDT"] = Exposure(Decimal(1), Decimal(100), Decimal(100))
    assert rule(book, BUY) is None
    assert rule(book, replace(BUY, quantity=Decimal("1.00001"))) == "position_value"
    assert rule(book, SELL) is None


def test_a_reached_loss_or_drawdown_stops_buying_but_not_selling(book: Book) -> None:
    book.mark(-book.limits.daily_loss.value, Decimal(0), NOW)
    assert (rule(book, BUY), rule(book, SELL)) == ("daily_loss", None)
    book.mark(Decimal(0), book.limits.drawdown.value, NOW)
    assert (rule(book, BUY), rule(book, SELL)) == ("drawdown", None)


def test_a_price_far_from_the_market_is_refused(book: Book) -> None:
    assert rule(book, replace(BUY, price=Decimal(150))) is None
    assert rule(book, replace(BUY, price=Decimal(151))) == "price_collar"
    assert rule(book, replace(SELL, price=Decimal(50))) is None
    assert rule(book, replace(SELL, price=Decimal(49))) == "price_collar"


def test_a_price_that_only_rests_may_be_as_far_from_the_market_as_it_likes(book: Book) -> None:
    for price in ("0.01", "49", "99"):
        assert rule(book, replace(BUY, price=Decimal(price))) is None
    for price in ("101", "151", "9e19"):
        assert rule(book, replace(SELL, price=Decimal(price))) is None


def test_the_order_rate_is_a_bucket_that_refills_and_never_stops_an_exit(book: Book) -> None:
    book.tokens = 1
    reserve(book)
    assert (rule(book, BUY), rule(book, SELL)) == ("order_rate", None)
    assert book.breach(BUY, NOW + timedelta(seconds=0.02)) is None
    book.tokens = 0.5
    reserve(book, SELL)
    assert book.tokens == 0


def test_bots_whose_market_ran_ahead_of_the_clock_do_not_use_up_the_rate_of_later_orders(book: Book) -> None:
    book.tokens = 1
    book.reserve(uuid4(), uuid4(), BUY, NOW + timedelta(hours=1))
    book.tokens = 0
    assert rule(book, BUY) is None
    reserve(book)
    assert (book.tokens_at, book.tokens) == (NOW, book.limits.orders_burst - 1)


def test_orders_that_come_a_little_out_of_turn_win_no_tokens(book: Book) -> None:
    book.tokens = 1
    reserve(book)
    for seconds in (-1, 0) * 10:
        at = NOW + timedelta(seconds=seconds)
        assert book.breach(BUY, at) is not None
        book.reserve(uuid4(), uuid4(), SELL, at)
    assert (book.tokens_at, book.tokens) == (NOW, 0)


def test_too_many_open_orders_stop_entries_but_not_exits(book: Book) -> None:
    book.open_orders = int(book.limits.open_orders.value)
    assert (rule(book, BUY), rule(book, SELL)) == ("open_orders", None)


def test_a_reduce_only_order_may_not_exceed_what_is_free_to_be_sold(book: Book) -> None:
    exit_all = replace(SELL, quantity=Decimal(2), reduce_only=True)
    assert rule(book, exit_all) is None
    reserve(book, SELL)
    found = book.breach(exit_all, NOW)
    assert found is not None
    assert (found.rule, found.limit, found.current) == ("reduce_only", Decimal(1), Decimal(2))
    assert rule(book, replace(BUY, reduce_only=True)) == "reduce_only"


def test_a_bid_below_the_market_does_not_make_what_is_held_look_cheap(book: Book) -> None:
    book.limits = replace(book.limits, position=Limit(Decimal(300)))
    book.exposures["BTC/USDT"] = Exposure(Decimal("2.5"), Decimal(100))
    assert rule(book, replace(BUY, price=Decimal(60))) == "position_value"


def test_a_new_day_begins_without_a_loss_before_anything_is_marked(book: Book) -> None:
    midnight = NOW + timedelta(days=1)
    book.mark(-book.limits.daily_loss.value, Decimal(0), NOW + timedelta(hours=12))
    assert book.breach(BUY, midnight) is not None
    assert book.breach(BUY, midnight + timedelta(microseconds=1)) is None


def test_an_older_mark_changes_nothing(book: Book) -> None:
    assert book.mark(Decimal(-5), Decimal("0.1"), NOW)
    assert not book.mark(Decimal(0), Decimal(0), NOW - timedelta(seconds=1))
    assert (book.day_pnl, book.drawdown) == (Decimal(-5), Decimal("0.1"))


def progress(version: int, quantity: str, notional: str, *, ended: bool, buying: bool = True) -> Progress:
    amounts = (Decimal(quantity), Decimal(notional), Decimal("0.1") * bool(Decimal(quantity)))
    return Progress("BTC/USDT", "BTC", "USDT", buying, version, *amounts, ended)


def test_a_filled_buy_moves_funds_and_releases_what_it_did_not_need(book: Book) -> None:
    held = reserve(book)
    assert book.settle(held, progress(3, "1", "99", ended=True))
    assert (book.balances["USDT"].total, book.balances["USDT"].reserved) == (Decimal("900.9"), Decimal(0))
    assert (book.balances["BTC"].total, book.open_orders) == (Decimal(3), 0)
    assert book.exposures["BTC/USDT"] == Exposure(Decimal(1), Decimal(99), Decimal(0))


def test_an_older_version_after_a_newer_one_changes_nothing(book: Book) -> None:
    held = reserve(book)
    book.settle(held, progress(5, "0.6", "60", ended=False))
    before = (replace(book.balances["USDT"]), replace(book.exposures["BTC/USDT"]))
    assert not book.settle(held, progress(4, "0.3", "30", ended=False))
    assert not book.settle(held, progress(5, "0.6", "60", ended=False))
    assert (book.balances["USDT"], book.exposures["BTC/USDT"]) == before


def test_a_fill_that_is_told_after_the_end_is_booked_too(book: Book) -> None:
    held = reserve(book)
    book.settle(held, progress(3, "0", "0", ended=True))
    assert book.settle(held, progress(4, "1", "100", ended=True))
    assert (book.balances["USDT"].total, book.balances["BTC"].total) == (Decimal("899.9"), Decimal(3))
    assert (book.balances["USDT"].reserved, book.open_orders) == (Decimal(0), 0)


def test_an_order_sent_without_a_reservation_is_booked_and_counts_no_open_order(book: Book) -> None:
    held = Reservation(uuid4(), "BTC/USDT", False, "BTC", NOW)
    assert book.settle(held, progress(4, "1", "100", ended=True, buying=False))
    assert (book.balances["USDT"].total, book.balances["BTC"].total) == (Decimal("1099.9"), Decimal(1))
    assert (book.balances["BTC"].reserved, book.open_orders) == (Decimal(0), 0)


def test_each_threshold_is_told_once_when_it_is_crossed(book: Book) -> None:
    book.limits = replace(book.limits, daily_loss=Limit(Decimal(100), Decimal(50), Decimal(90)))
    for lost in (10, 50, 60, 89, 90, 95, 100, 120, 70, 95):
        book.mark(Decimal(-lost), Decimal(0), NOW)
    told = [(alert.level, alert.current, alert.severity) for alert in book.watch.alerts]
    assert told == [
        (Level.WARNING, 50, "warning"),
        (Level.CRITICAL, 90, "critical"),
        (Level.REACHED, 100, "critical"),
        (Level.CRITICAL, 95, "critical"),
    ]


def test_a_refusing_limit_is_told_once_until_it_lets_an_order_pass_again(book: Book) -> None:
    book.limits = replace(book.limits, position=Limit(Decimal(150)))
    big = replace(BUY, quantity=Decimal(2))
    assert [rule(book, big) for _ in range(3)] == ["position_value"] * 3
    assert [a.action for a in book.watch.alerts] == ["order_refused"]
    reserve(book)
    rule(book, big)
    assert [a.action for a in book.watch.alerts] == ["order_refused"] * 2


def test_a_refusal_for_lack_of_funds_is_no_alert(book: Book) -> None:
    assert rule(book, replace(BUY, quantity=Decimal(10))) == "balance"
    assert book.watch.alerts == []


def test_a_thrown_switch_refuses_everything(book: Book) -> None:
    book.stopped = "stopped by the user (user)"
    assert (rule(book, BUY), rule(book, SELL)) == ("kill_switch", "kill_switch")


def test_a_bots_switch_refuses_that_bot_alone(book: Book) -> None:
    bot = uuid4()
    book.stopped_bots = {bot: "runaway (bot)"}
    assert rule(book, replace(BUY, bot=bot)) == "kill_switch"
    assert (rule(book, BUY), rule(book, replace(BUY, bot=uuid4()))) == (None, None)


def test_a_users_limit_narrows_the_systems_and_never_widens_it() -> None:
    system = RiskSettings()
    percents = {"warning_threshold": Decimal(60), "critical_threshold": Decimal(90)}
    rows = [
        {"limit_type": kind, "symbol": symbol, "limit_value": Decimal(value)} | percents
        for kind, symbol, value in (
            ("daily_loss", None, 5),
            ("drawdown", None, 9),
            ("position_value", "BTC/USDT", 7),
            ("position_value", "BTC/USDT", 8),
        )
    ]
    limits = effective(system, rows)
    assert (limits.daily_loss.value, limits.daily_loss.warning) == (Decimal(5), Decimal(60))
    assert limits.drawdown.value == system.max_drawdown
    assert limits.position_value("BTC/USDT").value == 7
    assert limits.position_value("ETH/USDT").value == system.max_position_value
