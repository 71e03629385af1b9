"""Orders and equity in the words of contract crypto."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from millrace.common.auth.principal import Principal
from millrace.common.events.portfolio import EquityMarked
from millrace.common.events.trading import OrderState, OrderType, OrderUpdated, Side
from services.notifier.tests import facts

AT = datetime(2026, 1, 1, tzinfo=UTC)


async def test_a_portfolio_update_names_the_open_positions_of_all_accounts(start_post: Any) -> None:
    post = await start_post("portfolio", "risk")
    user = await post.user()
    rand: dict[str, Any] = {"account_id": uuid4(), "exchange": "luno"}
    await post.stand.hear(facts.opened(user), facts.opened(user).model_copy(update={**rand, "currency": "ZAR"}))
    bought = facts.fill(user, "0.01", "600000", symbol="BTC/ZAR", fee_currency="ZAR", **rand)
    await post.stand.hear(facts.fill(user, "0.5", "100"), bought)
    principal = Principal(user.id, "user", "trader")
    balance = (await post.stand.ask("portfolio", "GET", "/balance", principal, query={"currency": "USDT"})).value()
    async with post.socket(user, channels=["portfolio_updates"]) as socket:
        await socket.ready()
        await post.stand.hear(marked(user))
        data = (await socket.next())["data"]
    assert sorted(data["positions"], key=lambda held: held["symbol"]) == [
        {"symbol": "BTCUSDT", "side": "LONG", "size": "0.5", "unrealized_pnl": "0.00"},
        {"symbol": "BTCZAR", "side": "LONG", "size": "0.01", "unrealized_pnl": "0.00"},
    ]
    told = (data["total_balance"], data["available_balance"], data["unrealized_pnl"])
    assert told[1:] == ("9950.00", "0.00"), "all that the user has, not what one account is marked with"
    assert Decimal(told[0]) == round(Decimal(balance["margin_balance"]), 2)


async def test_a_client_comes_back_when_nobody_can_say_what_the_user_has(start_post: Any) -> None:
    post = await start_post()
    user = await post.user()
    async with post.socket(user, channels=["trading_updates"]) as socket:
        await socket.ready()
        await post.stand.hear(marked(user))
        await post.stand.hear(updated(user, "1", "1"))
        assert (await socket.next())["type"] == "trading_update", "who does not follow the portfolio needs no balance"
    async with post.socket(user, channels=["portfolio_updates"]) as socket:
        await socket.ready()
        await post.stand.hear(marked(user))
        assert (await socket.next())["close"] == 1013


async def test_the_average_price_of_a_fill_keeps_its_digits(start_post: Any) -> None:
    post = await start_post()
    user = await post.user()
    async with post.socket(user, channels=["trading_updates"]) as socket:
        await socket.ready()
        await post.stand.hear(updated(user, "0", "0"))
        none = (await socket.next())["data"]
        await post.stand.hear(updated(user, "3", "0.000030000000000000"))
        three = (await socket.next())["data"]
    assert (none["executed_quantity"], none["avg_price"]) == ("0", "0.00")
    assert (three["executed_quantity"], three["avg_price"]) == ("3", "0.00001")


def marked(user: Any) -> EquityMarked:
    """The user's account at market."""
    amounts = dict.fromkeys(("cash", "unrealized_pnl", "day_pnl", "peak"), Decimal(1))
    return EquityMarked(
        user_id=user.id,
        account_id=uuid4(),
        currency="USDT",
        equity=Decimal("10000.50"),
        drawdown=Decimal("0E-18"),
        marked_at=AT,
        **amounts,
    )


def updated(user: Any, quantity: str, notional: str) -> OrderUpdated:
    """An order of the user's, of which `quantity` was filled for `notional`."""
    facts: dict[str, Any] = {name: uuid4() for name in ("account_id", "order_id", "intent_id")}
    facts |= dict.fromkeys(("client_order_id", "source", "origin"), "test")
    return OrderUpdated(
        **facts,
        user_id=user.id,
        exchange="binance",
        symbol="BTC/USDT",
        side=Side.BUY,
        order_type=OrderType.MARKET,
        quantity=Decimal(5),
        requested_at=AT,
        updated_at=AT,
        state=OrderState.OPEN,
        filled_quantity=Decimal(quantity),
        filled_notional=Decimal(notional),
        fees=Decimal(0),
        version=1,
    )
