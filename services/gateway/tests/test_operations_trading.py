"""Orders, trades and positions: which question each puts, and what it makes of the answer."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from millrace.common.events.trading import OrderState, OrderType, Side, TimeInForce
from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.contracts.canonical import trading
from millrace.contracts.canonical.frame import ById
from millrace.contracts.names import Contract
from millrace.gateway.app.operations import HANDLERS
from services.gateway.tests import rows
from services.gateway.tests.fakes import INTENT, NOW, ONE, THREE, TWO, Services, asking

ORDER = f"/orders/{ONE}"
CLOSE = f"execution POST /accounts/{TWO}/close-position"
END = f"execution POST /accounts/{TWO}/terminate"


async def do(operation: str, services: Services, wish: Any, **changes: Any) -> Any:
    return await HANDLERS[operation](asking(services, **changes), wish)


def wish(**changes: Any) -> trading.PlaceOrder:
    given = {"symbol": "BTC/USDT", "spelling": "BTCUSD", "side": Side.BUY, "order_type": OrderType.LIMIT}
    more = {"quantity": Decimal("0.5"), "price": Decimal(60000), "origin": Contract.CRYPTO}
    return trading.PlaceOrder(**given | more | changes)


PLAIN = {
    "symbol": "BTCUSD",
    "side": "buy",
    "order_type": "limit",
    "quantity": Decimal("0.5"),
    "price": Decimal(60000),
    "stop_price": None,
    "time_in_force": "gtc",
    "client_ref": None,
    "intent_id": None,
    "origin": "crypto",
}


async def test_an_order_goes_out_as_it_was_spelled_and_comes_back_in_full() -> None:
    services = Services({"execution POST /orders": rows.order()})
    found = await do("orders.place", services, wish())
    assert services.last["json"] == PLAIN
    assert (str(found.id), found.status, found.client_ref) == (ONE, OrderState.OPEN, "mine")
    assert (found.quantity, found.filled_quantity, found.fees) == (Decimal("0.5"), Decimal("0.1"), Decimal(6))
    assert (found.spelling, found.origin, found.placed_at) == ("BTCUSD", Contract.CRYPTO, NOW)


@pytest.mark.parametrize(
    ("given", "more"),
    [
        ({"exchange": "luno"}, {"exchange": "luno"}),
        ({"account_id": UUID(TWO)}, {"account_id": UUID(TWO)}),
        ({"client_ref": "c"}, {"client_ref": "c"}),
        ({"time_in_force": TimeInForce.IOC}, {"time_in_force": "ioc"}),
        ({"strategy_id": 17}, {"strategy_id": THREE}),
        ({"bot_id": 3}, {"bot_id": ONE, "account_id": TWO, "exchange": "binance"}),
        ({"bot_id": 3, "exchange": "luno"}, {"bot_id": ONE, "account_id": TWO, "exchange": "luno"}),
    ],
)
async def test_what_an_order_names_is_found_first(given: dict[str, Any], more: dict[str, Any]) -> None:
    services = Services({"execution POST /orders": rows.order(), "bots GET /bots/3": rows.bot()})
    services.answers["bots GET /strategies/17"] = {"id": THREE}
    await do("orders.place", services, wish(**given), intent=INTENT)
    assert services.last["json"] == {**PLAIN, "intent_id": INTENT, **more}


@pytest.mark.parametrize("given", [{"bot_id": 3}, {"strategy_id": 3}])
async def test_an_order_for_what_is_not_there_is_not_placed(given: dict[str, Any]) -> None:
    absent = not_found("bot")
    services = Services({"bots GET /bots/3": absent, "bots GET /strategies/3": absent})
    with pytest.raises(MillraceError) as refused:
        await do("orders.place", services, wish(**given))
    assert refused.value is absent
    assert len(services.calls) == 1


async def test_a_refusal_of_an_order_keeps_its_code() -> None:
    poor = MillraceError(Code.INSUFFICIENT_BALANCE, "not enough USDT", fields={"quantity": "is too much"})
    with pytest.raises(MillraceError) as refused:
        await do("orders.place", Services({"execution POST /orders": poor}), wish())
    assert refused.value is poor


@pytest.mark.parametrize(
    ("given", "query"),
    [
        ({}, {}),
        ({"symbol": "BTC/USDT"}, {"symbol": "BTC/USDT"}),
        ({"symbol": "BTC/USD"}, {"symbol": "BTC/USDT"}),
        ({"symbol": "DOGE/EUR"}, {"symbol": "DOGE/EUR"}),
        ({"statuses": (OrderState.OPEN, OrderState.FILLED)}, {"state": ["open", "filled"]}),
        ({"bot_id": 3}, {"bot_id": UUID(ONE)}),
        ({"bot_id": UUID(TWO)}, {"bot_id": UUID(TWO)}),  # it may be deleted: what it ordered is there
        ({"bot_id": 4}, {"bot_id": UUID(int=0)}),
        ({"start": NOW, "end": NOW}, {"since": NOW.isoformat(), "until": NOW.isoformat()}),
        ({"limit": 5000, "offset": 7}, {"limit": 1000, "offset": 7}),
    ],
)
async def test_orders_are_listed_as_asked(given: dict[str, Any], query: dict[str, Any]) -> None:
    services = Services({"execution GET /orders": rows.page(rows.order(), total=9), "bots GET /bots/3": rows.bot()})
    services.answers["bots GET /bots/4"] = not_found("bot")
    found = await do("orders.list", services, trading.ListOrders(**given))
    always = dict.fromkeys(("bot_id", "symbol", "state", "since", "until")) | {"limit": 50, "offset": 0}
    assert services.last["query"] == {**always, **query}
    assert (found.total, str(found.items[0].id)) == (9, ONE)


@pytest.mark.parametrize(
    ("state", "cancelled", "reason"),
    [
        ("cancelled", True, None),
        ("open", True, None),
        ("filled", False, "the order is filled"),
        ("expired", False, "the order is expired"),
        ("rejected", False, "the order is rejected"),
    ],
)
async def test_what_became_of_a_wish_to_cancel_is_told(state: str, cancelled: bool, reason: str | None) -> None:
    services = Services({f"execution DELETE {ORDER}": rows.order(state=state)})
    found = await do("orders.cancel", services, trading.CancelOrder(id=UUID(ONE)))
    assert (found.cancelled, found.reason, found.at) == (cancelled, reason, NOW)
    assert (found.order.status.value, found.origin) == (state, Contract.CRYPTO)


async def test_an_order_that_has_ended_is_told_with_the_reason() -> None:
    late = MillraceError(Code.ORDER_NOT_CANCELABLE, "the order is filled already")
    services = Services({f"execution DELETE {ORDER}": late, f"execution GET {ORDER}": rows.order(state="filled")})
    found = await do("orders.cancel", services, trading.CancelOrder(id=UUID(ONE)))
    assert (found.cancelled, found.reason) == (False, "the order is filled already")
    assert found.order.status is OrderState.FILLED


@pytest.mark.parametrize("refusal", [not_found("order"), MillraceError(Code.UNAVAILABLE, "away")], ids=str)
@pytest.mark.parametrize(
    ("operation", "asked"), [("orders.cancel", trading.CancelOrder(id=UUID(ONE))), ("orders.get", ById(id=UUID(ONE)))]
)
async def test_other_refusals_are_passed_on(operation: str, asked: Any, refusal: MillraceError) -> None:
    services = Services({f"execution DELETE {ORDER}": refusal, f"execution GET {ORDER}": refusal})
    with pytest.raises(MillraceError) as refused:
        await do(operation, services, asked)
    assert refused.value is refusal
    assert len(services.calls) == 1


async def test_trades_are_told_with_what_they_earned() -> None:
    services = Services({"portfolio GET /trades": rows.page(rows.trade(), total=3), "bots GET /bots/3": rows.bot()})
    found = await do("trades.list", services, trading.ListTrades(bot_id=3, limit=2000))
    assert services.last["query"] == {"bot_id": UUID(ONE), "limit": 1000, "offset": 0}
    (trade,) = found.items
    assert (trade.profit, trade.side, trade.quantity, trade.at) == (2, Side.SELL, Decimal("0.5"), NOW)


async def test_an_open_position_is_told_at_market() -> None:
    services = Services({"portfolio GET /positions": rows.page(rows.position(), total=4)})
    found = await do("positions.list", services, trading.ListPositions(symbol="BTC/USD", side="short"))
    assert services.last["query"] == {"symbol": "BTC/USDT", "side": "short", "limit": 50, "offset": 0}
    (held,) = found.items
    assert (held.quantity, held.entry_price, held.mark_price) == (Decimal("0.5"), 60000, 61000)
    assert (held.pnl, held.margin, held.is_open, held.fees) == (500, 30000, True, 1)
    assert held.return_on_margin == Decimal("0.02")
    assert round(held.return_on_cost, 6) == Decimal("0.016667")
    assert (found.total, held.origin, held.spelling) == (4, Contract.CRYPTO, None)


@pytest.mark.parametrize("status", ["open", "closed"])
async def test_positions_of_one_symbol_are_told_as_it_was_spelt(status: Any) -> None:
    found = {
        "portfolio GET /positions": rows.page(rows.position()),
        "portfolio GET /positions/closed": rows.page(rows.closed_position()),
    }
    wish = trading.ListPositions(symbol="BTC/USD", spelling="BTC-USD", status=status)
    (held,) = (await do("positions.list", Services(found), wish)).items
    assert (held.symbol, held.spelling) == ("BTC/USDT", "BTC-USD")


@pytest.mark.parametrize(("size", "entry", "share"), [("0.5", "60000", Decimal("0.1")), ("0", "60000", Decimal(0))])
async def test_a_closed_one_is_told_with_what_it_brought(size: str, entry: str, share: Decimal) -> None:
    row = rows.closed_position(size=size, entry_price=entry)
    services = Services({"portfolio GET /positions/closed": rows.page(row)})
    (held,) = (await do("positions.list", services, trading.ListPositions(status="closed"))).items
    assert (held.is_open, held.pnl, held.exit_price, held.fees) == (False, 3000, 66000, 30)
    assert held.return_on_cost == held.return_on_margin == share


async def test_open_ones_come_before_closed_ones_over_all_pages() -> None:
    services = Services({"portfolio GET /positions": rows.page(rows.position(), rows.position(), total=2)})
    services.answers["portfolio GET /positions/closed"] = rows.page(rows.closed_position(), total=10)
    found = await do("positions.list", services, trading.ListPositions(status="all", limit=5))
    assert services.last["query"] == {"symbol": None, "limit": 3, "offset": 0}
    assert ([held.is_open for held in found.items], found.total) == ([True, True, False], 12)
    services.answers["portfolio GET /positions"] = rows.page(total=2)
    await do("positions.list", services, trading.ListPositions(status="all", limit=5, offset=5))
    assert services.last["query"] == {"symbol": None, "limit": 5, "offset": 3}


async def test_a_page_that_open_ones_fill_says_how_many_there_are_in_all() -> None:
    services = Services({"portfolio GET /positions": rows.page(rows.position(), rows.position(), total=2)})
    services.answers["portfolio GET /positions/closed"] = rows.page(rows.closed_position(), total=10)
    found = await do("positions.list", services, trading.ListPositions(status="all", limit=2))
    assert ([held.is_open for held in found.items], found.total, found.has_more) == ([True, True], 12, True)


async def test_those_of_an_account_are_of_the_callers_own() -> None:
    asked = trading.ListPositions(status="closed", account_id=UUID(TWO))
    services = Services({f"execution GET /accounts/{TWO}": rows.account(TWO)})
    services.answers["portfolio GET /positions/closed"] = rows.page()
    await do("positions.list", services, asked)
    assert services.last["query"]["account_id"] == UUID(TWO)
    absent = not_found("account")
    services = Services({f"execution GET /accounts/{TWO}": absent})
    with pytest.raises(MillraceError) as refused:
        await do("positions.list", services, asked)
    assert refused.value is absent


async def test_closed_ones_of_one_side_alone() -> None:
    both = rows.page(rows.closed_position(), rows.closed_position(side="short"))
    services = Services({"portfolio GET /positions/closed": both})
    found = await do("positions.list", services, trading.ListPositions(status="closed", side="short"))
    assert [held.side for held in found.items] == ["short"]


def closing(**changes: Any) -> trading.ClosePosition:
    given = {"account_id": UUID(TWO), "symbol": "BTC/USDT", "spelling": "BTCUSDT"}
    return trading.ClosePosition(**given | changes)


async def test_a_position_is_closed_by_an_order() -> None:
    services = Services({CLOSE: rows.execution(rows.leg(0, TWO), kind="close")})
    found = await do("positions.close", services, closing(), intent=INTENT)
    assert services.last["json"] == {"symbol": "BTCUSDT", "order_type": "market", "intent_id": INTENT}
    assert str(found.id) == ONE


async def test_a_position_that_cannot_be_closed_says_why() -> None:
    services = Services({CLOSE: rows.execution(rows.failed(0, TWO, "INVALID_STATE", "no price"), kind="close")})
    with pytest.raises(MillraceError, match="no price") as refused:
        await do("positions.close", services, closing())
    assert refused.value.code is Code.INVALID_STATE
    services = Services({CLOSE: rows.execution(kind="close")})
    with pytest.raises(MillraceError, match="holds no BTC/USDT") as refused:
        await do("positions.close", services, closing())
    assert refused.value.code is Code.INVALID_STATE


async def test_ending_all_of_an_account_counts_and_tells_what_stayed() -> None:
    legs = (rows.leg(0, TWO), rows.failed(1, TWO, message="no price"))
    services = Services({END: rows.execution(*legs, kind="terminate")})
    found = await do("accounts.terminate", services, ById(id=UUID(TWO)), intent=INTENT)
    assert services.last["json"] == {"intent_id": INTENT}
    assert (found.count, found.accounts, found.errors) == (1, None, ("no price",))


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        ("orders.get", ById(id=1)),
        ("orders.cancel", trading.CancelOrder(id=1)),
        ("orders.place", wish(account_id=1)),
        ("positions.close", closing(account_id=1)),
        ("positions.list", trading.ListPositions(account_id=1)),
    ],
)
async def test_orders_and_accounts_have_no_numbers(operation: str, asked: Any) -> None:
    services = Services()
    with pytest.raises(MillraceError) as refused:
        await do(operation, services, asked)
    assert (refused.value.code, services.calls) == (Code.NOT_FOUND, [])
