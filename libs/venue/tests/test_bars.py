"""What fills, when, and at which price."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.common.kernel.instruments import instrument
from millrace.common.kernel.market import Candle
from millrace.venue.market import Market
from millrace.venue.orders import NewOrder, Report

START = datetime(2024, 1, 1, tzinfo=UTC)
BTC = instrument("binance", "BTC/USDT")


def bar(number: int, o: str, h: str, lo: str, c: str) -> Candle:
    """The five-minute bar number `number`."""
    prices = (Decimal(p) for p in (o, h, lo, c))
    return Candle("binance", "BTC/USDT", "5m", START + number * timedelta(minutes=5), *prices, Decimal(10))


def order(**terms: Any) -> NewOrder:
    """A market buy of one, unless said otherwise; placed at the close of bar 0."""
    given = {"client_order_id": "a", "account": "x", "side": "buy", "order_type": "market", "quantity": "1"}
    found: dict[str, Any] = {**given, "at": START + timedelta(minutes=5), **terms}
    for name in ("quantity", "price", "stop_price"):
        if found.get(name) is not None:
            found[name] = Decimal(found[name])
    return NewOrder(**found)


@pytest.fixture
def market() -> Market:
    """A market whose last price is 100."""
    found = Market(BTC)
    found.on_bar(bar(0, "99", "101", "98", "100"))
    return found


def kinds(reports: list[Report]) -> list[str]:
    return [r.kind for r in reports]


def test_a_market_order_fills_at_the_last_price_with_the_taker_fee(market: Market) -> None:
    accepted, filled = market.submit(order())
    assert accepted.kind == "accepted"
    assert (filled.price, filled.quantity, filled.fee) == (Decimal(100), Decimal(1), Decimal("0.1"))
    assert (filled.trade_id, filled.liquidity) == ("a-1", "taker")


def test_slippage_worsens_the_price_of_a_taker() -> None:
    market = Market(BTC, slippage_ticks=3)
    market.on_price(Decimal(100))
    assert market.submit(order())[1].price == Decimal("100.03")
    assert market.submit(order(side="sell"))[1].price == Decimal("99.97")


def test_without_a_price_a_market_order_is_refused() -> None:
    assert Market(BTC).submit(order())[0].reason == "NO_MARKET"


def test_a_marketable_limit_never_pays_more_than_its_limit(market: Market) -> None:
    filled = market.submit(order(order_type="limit", price="105"))[1]
    assert filled.price == Decimal(100)


@pytest.mark.parametrize(
    ("side", "price", "low", "high", "paid"),
    [("buy", "95", "94", "99", "95"), ("buy", "95", "96", "99", None), ("sell", "110", "99", "111", "110")],
)
def test_a_resting_limit_fills_when_a_later_bar_reaches_it(
    market: Market, side: str, price: str, low: str, high: str, paid: str | None
) -> None:
    assert kinds(market.submit(order(order_type="limit", side=side, price=price))) == ["accepted"]
    reports = market.on_bar(bar(1, "99", high, low, "99"))
    assert [r.price for r in reports] == ([Decimal(paid)] if paid else [])
    assert all(r.liquidity == "maker" for r in reports)


def test_a_bar_that_gaps_through_a_limit_fills_at_its_open(market: Market) -> None:
    market.submit(order(order_type="limit", price="95"))
    assert market.on_bar(bar(1, "90", "91", "89", "90"))[0].price == Decimal(90)


def test_a_bar_that_was_under_way_when_the_order_came_does_not_fill_it(market: Market) -> None:
    market.submit(order(order_type="limit", price="95", at=START + timedelta(minutes=6)))
    assert market.on_bar(bar(1, "94", "95", "93", "94")) == []
    assert kinds(market.on_bar(bar(2, "94", "95", "93", "94"))) == ["filled"]


def test_a_stop_loss_triggers_and_fills_at_the_stop_or_worse(market: Market) -> None:
    market.submit(order(order_type="stop_loss", side="sell", stop_price="95"))
    triggered, filled = market.on_bar(bar(1, "99", "99", "90", "92"))
    assert (triggered.kind, filled.price) == ("triggered", Decimal(95))
    market.submit(order(client_order_id="b", order_type="stop_loss", side="sell", stop_price="90"))
    market.on_bar(bar(2, "92", "93", "91", "92"))
    assert market.on_bar(bar(3, "85", "86", "84", "85"))[1].price == Decimal(85)


def test_stops_come_before_profits_within_one_bar(market: Market) -> None:
    market.submit(order(client_order_id="profit", order_type="take_profit", side="sell", stop_price="105"))
    market.submit(order(client_order_id="stop", order_type="stop_loss", side="sell", stop_price="95"))
    filled = [r.client_order_id for r in market.on_bar(bar(1, "100", "106", "94", "100")) if r.kind == "filled"]
    assert filled == ["stop", "profit"]


@pytest.mark.parametrize("force", ["ioc", "fok"])
def test_what_must_fill_at_once_expires_otherwise(market: Market, force: str) -> None:
    assert kinds(market.submit(order(order_type="limit", price="95", time_in_force=force))) == ["accepted", "expired"]
    assert market.resting() == []


def test_post_only_is_refused_when_it_would_take(market: Market) -> None:
    assert market.submit(order(order_type="limit", price="100", post_only=True))[0].reason == "WOULD_TAKE"


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"quantity": "0.000001"}, "LOT_STEP"),
        ({"order_type": "limit", "price": "99.999"}, "PRICE_TICK"),
        ({"order_type": "limit"}, "PRICE_REQUIRED"),
        ({"order_type": "stop_loss"}, "STOP_PRICE_REQUIRED"),
        ({"quantity": "0.00001"}, "MIN_NOTIONAL"),
    ],
)
def test_the_filters_refuse_with_a_code(market: Market, terms: dict[str, str], reason: str) -> None:
    assert market.submit(order(**terms))[0].reason == reason


def test_a_cancelled_order_is_gone_and_cannot_be_cancelled_again(market: Market) -> None:
    market.submit(order(order_type="limit", price="95"))
    assert kinds(market.cancel("a", START)) == ["cancelled"]
    assert market.cancel("a", START)[0].reason == "UNKNOWN_ORDER"
    assert market.on_bar(bar(1, "90", "91", "89", "90")) == []


def test_a_live_id_is_refused_a_second_time(market: Market) -> None:
    market.submit(order(order_type="limit", price="95"))
    assert market.submit(order(order_type="limit", price="95"))[0].reason == "DUPLICATE_ORDER"


def test_a_bar_delivered_twice_trades_once(market: Market) -> None:
    market.submit(order(order_type="limit", price="95"))
    assert len(market.on_bar(bar(1, "94", "95", "93", "94"))) == 1
    market.submit(order(client_order_id="b", order_type="limit", price="93", at=START))
    assert market.on_bar(bar(1, "94", "95", "90", "94")) == []


bars = st.lists(st.tuples(*(st.integers(80, 120) for _ in range(4))), min_size=1, max_size=20)
orders = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell"]),
        st.sampled_from(["market", "limit", "stop_loss", "take_profit"]),
        st.integers(1, 50),
        st.integers(80, 120),
        st.sampled_from(["gtc", "ioc", "fok"]),
    ),
    max_size=20,
)


def play(path: list[tuple[int, ...]], wanted: list[tuple[Any, ...]], *, restart: bool) -> list[Report]:
    """Bars and orders in turn; `restart` rebuilds the market from what rests before every bar."""
    market, reports = Market(BTC), []
    for number, prices in enumerate(path):
        o, a, b, c = prices
        shown = bar(number, str(o), str(max(o, a, b, c)), str(min(o, a, b, c)), str(c))
        if restart:
            copy = Market(BTC)
            copy.restore(market.resting(), market.state)
            market = copy
        reports += market.on_bar(shown)
        if number < len(wanted):
            side, kind, quantity, price, force = wanted[number]
            asked = order(client_order_id=str(number), side=side, order_type=kind, quantity=str(quantity))
            terms = {"price": Decimal(price)} if kind == "limit" else {}
            terms |= {"stop_price": Decimal(price)} if kind in ("stop_loss", "take_profit") else {}
            reports += market.submit(replace(asked, at=shown.closed_at, time_in_force=force, **terms))
    return reports


@given(bars, orders)
def test_orders_fill_at_most_once_whole_and_never_worse_than_their_limit(
    path: list[tuple[int, ...]], wanted: list[tuple[Any, ...]]
) -> None:
    reports = play(path, wanted, restart=False)
    filled = [r for r in reports if r.kind == "filled"]
    assert len({r.trade_id for r in filled}) == len(filled)
    assert len({r.client_order_id for r in filled}) == len(filled)
    for report in filled:
        side, kind, quantity, price, _ = wanted[int(report.client_order_id)]
        assert report.quantity == quantity
        assert report.price is not None
        assert report.fee == report.price * quantity / 1000
        if kind == "limit":
            assert report.price <= price if side == "buy" else report.price >= price


@given(bars, orders)
def test_a_restart_between_any_two_bars_changes_nothing(
    path: list[tuple[int, ...]], wanted: list[tuple[Any, ...]]
) -> None:
    assert play(path, wanted, restart=True) == play(path, wanted, restart=False)
