"""What an order book gives, to whom, and for how long."""

from decimal import Decimal

import pytest

from libs.venue.tests.trading import PAIR, after, bar, order, show, told, trade
from millrace.venue.market import Market

BIDS = {"100": "1", "99.5": "2", "98": "3"}
ASKS = {"101": "1", "101.5": "2", "103": "3"}


@pytest.fixture
def market() -> Market:
    """A market with three levels on each side, 100 / 101."""
    found = Market(PAIR)
    show(found, BIDS, ASKS)
    return found


def test_a_market_order_takes_level_by_level_with_a_fill_and_a_fee_for_each(market: Market) -> None:
    _, *fills = market.submit(order(quantity="2.5"))
    assert told(fills) == ["filled 1.0 at 101.0 taker", "filled 1.5 at 101.5 taker"]
    assert [(f.trade_id, f.fee) for f in fills] == [("a-1", Decimal("0.202")), ("a-2", Decimal("0.3045"))]


def test_a_seller_takes_the_bids_from_the_highest_down(market: Market) -> None:
    assert told(market.submit(order(side="sell", quantity="3.5")))[1:] == [
        "filled 1.0 at 100.0 taker",
        "filled 2.0 at 99.5 taker",
        "filled 0.5 at 98.0 taker",
    ]


def test_what_the_visible_book_cannot_give_to_a_market_order_expires(market: Market) -> None:
    trade(market, "101")
    reports = told(market.submit(order(quantity="7")))
    assert reports[-2:] == ["filled 3.0 at 103.0 taker", "expired BOOK_EXHAUSTED"]
    assert market.resting() == []
    assert told(market.submit(order("b"))) == ["accepted", "expired BOOK_EXHAUSTED"]


def test_the_rest_of_an_ioc_limit_expires(market: Market) -> None:
    reports = told(market.submit(order(quantity="5", price="101.5", time_in_force="ioc")))
    assert reports[1:] == ["filled 1.0 at 101.0 taker", "filled 2.0 at 101.5 taker", "expired BOOK_EXHAUSTED"]
    assert told(market.submit(order("b", price="100.5", time_in_force="ioc")))[1:] == ["expired NOT_MARKETABLE"]


def test_fill_or_kill_takes_all_of_it_or_nothing(market: Market) -> None:
    assert told(market.submit(order(quantity="3.1", price="101.5", time_in_force="fok"))) == [
        "accepted",
        "expired BOOK_EXHAUSTED",
    ]
    assert told(market.submit(order("b", quantity="3", price="101.5", time_in_force="fok")))[1:] == [
        "filled 1.0 at 101.0 taker",
        "filled 2.0 at 101.5 taker",
    ]
    assert told(market.submit(order("c", quantity="3.1", time_in_force="fok")))[1:] == ["expired BOOK_EXHAUSTED"]


def test_the_rest_of_a_good_till_cancelled_limit_rests_and_is_made_at_its_own_price(market: Market) -> None:
    reports = told(market.submit(order(quantity="5", price="101")))
    assert reports == ["accepted", "filled 1.0 at 101.0 taker"]
    assert told(show(market, BIDS, {"100.5": "1.5", "101": "0.5", "102": "9"}, at=1)) == ["filled 2.0 at 101.0 maker"]
    filled = show(market, BIDS, {"100": "9"}, at=2)
    assert told(filled) == ["filled 2.0 at 101.0 maker"]
    assert (filled[0].trade_id, filled[0].fee, filled[0].at) == ("a-3", Decimal("0.202"), after(2))
    assert market.resting() == []


def test_what_was_taken_is_not_there_again_until_the_level_changes(market: Market) -> None:
    market.submit(order(quantity="1.4"))
    show(market, BIDS, ASKS, at=1)
    assert told(market.submit(order("b", quantity="2", at=1)))[1:] == [
        "filled 1.6 at 101.5 taker",
        "filled 0.4 at 103.0 taker",
    ]
    show(market, BIDS, {"101": "1.1", "101.5": "2"}, at=2)
    assert told(market.submit(order("c", quantity="2", at=2)))[1:] == [
        "filled 1.1 at 101.0 taker",
        "expired BOOK_EXHAUSTED",
    ]


def test_a_level_that_was_gone_and_came_back_is_fresh(market: Market) -> None:
    market.submit(order())
    show(market, BIDS, {"101.5": "2"}, at=1)
    show(market, BIDS, ASKS, at=2)
    assert told(market.submit(order("b", at=2)))[1:] == ["filled 1.0 at 101.0 taker"]


def test_a_book_seen_again_or_late_changes_nothing(market: Market) -> None:
    show(market, BIDS, ASKS, at=2, number=7)
    market.submit(order())
    for at, number in ((2, 7), (2, 6), (1, 8)):
        before = market.state
        assert show(market, {"1": "1"}, {"100": "9"}, at=at, number=number) == []
        assert market.state == before


def test_makers_are_served_by_price_then_time_then_id(market: Market) -> None:
    for name, price, at in (("d", "99", 2), ("c", "99.5", 2), ("b", "99.5", 2), ("a", "99.5", 1), ("e", "99.5", 3)):
        market.submit(order(name, price=price, at=at))
    reports = show(market, {"90": "1"}, {"99": "3.5"}, at=3)
    assert [(r.client_order_id, str(r.quantity)) for r in reports] == [
        ("a", "1.0"),
        ("b", "1.0"),
        ("c", "1.0"),
        ("e", "0.5"),
    ]


def test_a_book_from_before_an_order_arrived_does_not_make_it(market: Market) -> None:
    market.submit(order(price="100", at=5))
    assert show(market, {"90": "1"}, {"99": "9"}, at=4) == []
    assert told(show(market, {"90": "1"}, {"99": "8"}, at=5)) == ["filled 1.0 at 100.0 maker"]


def test_a_trade_beyond_the_limit_makes_it_as_far_as_it_goes_and_one_at_the_limit_does_not(market: Market) -> None:
    market.submit(order("b", quantity="2", price="99"))
    market.submit(order("s", side="sell", quantity="2", price="102"))
    assert trade(market, "99", at=1) == []
    assert told(trade(market, "98.5", "1.2", at=2)) == ["filled 1.2 at 99.0 maker"]
    assert told(trade(market, "102.5", "9", at=3)) == ["filled 2.0 at 102.0 maker"]


def test_the_lots_of_one_trade_go_round_once(market: Market) -> None:
    for name, price in (("a", "99"), ("b", "99.5")):
        market.submit(order(name, quantity="2", price=price))
    reports = trade(market, "98", "3", at=1)
    assert [(r.client_order_id, str(r.quantity)) for r in reports] == [("b", "2.0"), ("a", "1.0")]


@pytest.mark.parametrize(
    ("kind", "side", "stop", "quiet", "touching", "paid"),
    [
        ("stop_loss", "sell", "99", "99.5", "99", "100.0"),
        ("stop_loss", "buy", "102", "101.5", "102", "101.0"),
        ("take_profit", "sell", "102", "101.5", "102.5", "100.0"),
        ("take_profit", "buy", "99", "99.5", "98.5", "101.0"),
    ],
)
def test_a_stop_waits_for_a_trade_and_takes_from_the_book(
    market: Market, kind: str, side: str, stop: str, quiet: str, touching: str, paid: str
) -> None:
    assert told(market.submit(order(side=side, order_type=kind, stop_price=stop))) == ["accepted"]
    assert show(market, BIDS, ASKS, at=1) == []
    assert trade(market, quiet, at=1) == []
    assert told(trade(market, touching, at=2)) == ["triggered", f"filled 1.0 at {paid} taker"]
    assert market.resting() == []


def test_a_stop_that_is_touched_when_it_comes_says_so_and_fills(market: Market) -> None:
    trade(market, "99")
    assert told(market.submit(order(side="sell", order_type="stop_loss", stop_price="99.5"))) == [
        "accepted",
        "triggered",
        "filled 1.0 at 100.0 taker",
    ]


def test_fill_or_kill_of_a_stop_counts_from_the_trigger(market: Market) -> None:
    stop = order(side="sell", quantity="7", order_type="stop_loss", stop_price="99", time_in_force="fok")
    assert told(market.submit(stop)) == ["accepted"]
    assert told(trade(market, "99", at=1)) == ["triggered", "expired BOOK_EXHAUSTED"]


def test_a_cancelled_order_keeps_its_fills_and_gets_no_more(market: Market) -> None:
    assert told(market.submit(order(quantity="3", price="101")))[1:] == ["filled 1.0 at 101.0 taker"]
    assert told(market.cancel("a", after(1))) == ["cancelled CLIENT"]
    assert show(market, BIDS, {"100": "9"}, at=2) == []


def test_post_only_looks_at_what_is_left_of_the_other_side(market: Market) -> None:
    assert told(market.submit(order(price="101", post_only=True))) == ["refused WOULD_TAKE"]
    assert told(market.submit(order(side="sell", price="100", post_only=True))) == ["refused WOULD_TAKE"]
    assert told(market.submit(order("b", price="100.5", post_only=True))) == ["accepted"]
    market.submit(order("c"))
    assert told(market.submit(order("d", price="101", post_only=True))) == ["accepted"]


def test_a_book_that_is_too_old_gives_way_to_the_last_price(market: Market) -> None:
    trade(market, "105", at=10)
    assert told(market.submit(order(at=10)))[1:] == ["filled 1.0 at 101.0 taker"]
    trade(market, "106", at=10.001)
    assert told(market.submit(order("b", quantity="50", at=10)))[1:] == ["filled 50.0 at 106.0 taker"]


def test_an_order_that_is_much_newer_than_the_book_meets_the_last_price(market: Market) -> None:
    trade(market, "105", at=1)
    assert told(market.submit(order(at=11)))[1:] == ["filled 1.0 at 105.0 taker"]
    assert told(market.submit(order("b", at=2)))[1:] == ["filled 1.0 at 101.0 taker"]


def test_while_the_book_is_fresh_a_bar_triggers_stops_and_makes_nothing(market: Market) -> None:
    market.submit(order("limit", price="99"))
    market.submit(order("stop", side="sell", order_type="stop_loss", stop_price="98"))
    show(market, BIDS, ASKS, at=59)
    assert told(market.on_bar(bar(0, "100", "100", "97", "98"))) == ["triggered", "filled 1.0 at 100.0 taker"]
    assert market.price == 98
    reports = market.on_bar(bar(60, "98", "99", "97", "98"))
    assert told(reports) == ["filled 1.0 at 98.0 maker"]


def test_a_book_without_trades_is_a_market_for_the_side_that_it_shows() -> None:
    market = Market(PAIR)
    show(market, {}, {"101": "1"})
    assert told(market.submit(order(side="sell"))) == ["refused NO_MARKET"]
    assert told(market.submit(order()))[1:] == ["filled 1.0 at 101.0 taker"]


def test_off_grid_levels_are_read_to_the_takers_disadvantage() -> None:
    market = Market(PAIR)
    show(market, {"100.4": "1.19", "0": "1", "99": "0"}, {"101.1": "0.99", "-5": "3"})
    assert told(market.submit(order(quantity="1")))[1:] == ["filled 0.9 at 101.5 taker", "expired BOOK_EXHAUSTED"]
    assert told(market.submit(order("b", side="sell", quantity="1.1")))[1:] == ["filled 1.1 at 100.0 taker"]


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"quantity": "0.15"}, "LOT_STEP"),
        ({"quantity": "-1"}, "LOT_STEP"),
        ({"quantity": "1000.1"}, "MAX_QUANTITY"),
        ({"price": "100.2"}, "PRICE_TICK"),
        ({"order_type": "limit"}, "PRICE_REQUIRED"),
        ({"order_type": "take_profit"}, "STOP_PRICE_REQUIRED"),
        ({"quantity": "0.1", "price": "49.5"}, "MIN_NOTIONAL"),
    ],
)
def test_filters_come_before_the_book(market: Market, terms: dict[str, str], reason: str) -> None:
    before = market.state
    assert told(market.submit(order(**{"quantity": "1", **terms}))) == [f"refused {reason}"]
    assert market.state == before


def test_the_least_and_the_greatest_allowed_are_accepted(market: Market) -> None:
    assert told(market.submit(order(quantity="0.1", price="50"))) == ["accepted"]
    assert told(market.submit(order("b", quantity="1000", price="50"))) == ["accepted"]
