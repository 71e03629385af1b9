"""Orders and equity in the words of contract crypto."""

from collections.abc import Collection
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from millrace.common.auth.principal import Principal
from millrace.common.events.portfolio import EquityMarked
from millrace.common.events.trading import OrderRequested, OrderState, OrderType, OrderUpdated, Side
from millrace.contracts.canonical.accounts import Funds
from millrace.notifier.app.totals import Totals
from millrace.notifier.domain.hub import Entry
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


async def test_a_portfolio_update_tells_when_an_order_only_holds_funds_and_lets_them_go(start_post: Any) -> None:
    post = await start_post("portfolio", "risk")
    user = await post.user()
    await post.stand.hear(facts.opened(user))
    order = limit(user)
    async with post.socket(user, channels=["portfolio_updates"]) as socket:
        await socket.ready()
        told = []
        await post.stand.hear(order)
        for version, state in ((2, OrderState.OPEN), (3, OrderState.UNKNOWN), (4, OrderState.CANCELLED)):
            await post.stand.hear(became(order, state, version))
            if state is not OrderState.UNKNOWN:  # of which the funds stay where they are
                told.append((await socket.next())["data"])
        await socket.ready()
    assert [data["available_balance"] for data in told] == ["9799.60", "10000.00"]
    assert {data["total_balance"] for data in told} == {"10000.00"}
    assert told[0]["timestamp"] == "2026-01-01T00:00:00Z"


class Books:
    """Hears of an order's end later than we do: at the third question."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.asked: list[str] = []

    async def holding(self, user: Principal, orders: Collection[UUID]) -> set[UUID]:
        self.asked.append("holding")
        self.times -= 1
        return set(orders) if self.times >= 0 else set()

    async def funds(self, user: Principal) -> Funds:
        self.asked.append("funds")
        return Funds(equity=Decimal(1), available=Decimal(1), unrealized_pnl=Decimal(0))


@pytest.mark.parametrize(
    ("state", "times", "asked"),
    [
        (OrderState.OPEN, 0, ["funds"]),
        (OrderState.CANCELLED, 0, ["holding", "funds"]),
        (OrderState.EXPIRED, 2, ["holding", "holding", "holding", "funds"]),
        (OrderState.REJECTED, 99, ["holding"] * 3 + ["funds"]),
        (OrderState.FILLED, 0, []),
        (OrderState.REFUSED, 0, []),
    ],
)
async def test_the_balance_is_asked_for_when_risk_has_let_go(
    state: OrderState, times: int, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("millrace.notifier.app.totals.WAITS", (0.0, 0.0, 0.0))
    books: Any = Books(times)
    user = Principal(uuid4(), "user", "trader")
    body = became(limit(SimpleNamespace(id=user.user_id)), state, 2).model_dump(mode="json")
    entry = Entry(1, "order_updated", body, AT.isoformat())
    await Totals(books, user).complete([entry], ["portfolio_updates"])
    assert books.asked == asked
    assert (entry.funds is not None) == bool(asked)


def limit(user: Any) -> OrderRequested:
    """A wish to buy 0.01 bitcoin at 20,000 on the user's account, which takes 200.40 with room for fees."""
    ids: dict[str, Any] = {"order_id": uuid4(), "intent_id": uuid4(), "user_id": user.id}
    ids |= {"account_id": facts.account_of(user), "client_order_id": "c", "source": "api", "origin": "crypto"}
    terms: dict[str, Any] = {"exchange": "binance", "symbol": "BTC/USDT", "side": Side.BUY, "requested_at": AT}
    price = Decimal(20_000)
    terms |= {"order_type": OrderType.LIMIT, "quantity": Decimal("0.01"), "price": price, "reference_price": price}
    return OrderRequested(**ids, **terms)


def became(order: OrderRequested, state: OrderState, version: int) -> OrderUpdated:
    """What became of it, without a fill."""
    same = {name: getattr(order, name) for name in OrderUpdated.model_fields if hasattr(order, name)}
    none = dict.fromkeys(("filled_quantity", "filled_notional", "fees"), Decimal(0))
    return OrderUpdated(**same, **none, state=state, version=version, updated_at=AT)


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
