"""The risk service on a stand, with one account of 10,000 USDT."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from millrace.common.auth.principal import Principal
from millrace.common.events.portfolio import EquityMarked
from millrace.common.events.risk import OrderApproved, OrderRefused, RiskAlertRaised
from millrace.common.events.trading import AccountOpened, OrderRequested, OrderState, OrderType, OrderUpdated, Side
from millrace.common.kernel.ids import new_id
from millrace.common.testing.service import Stand, StartService

AT = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Owner:
    """One user with one account, and what the other services say of them."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.user = Principal(uuid4(), "owner", "trader")
        self.account_id = uuid4()
        self.at = AT

    async def open(self, funds: str = "10000") -> None:
        """The account opens."""
        account = {"name": "Paper", "exchange": "binance", "mode": "paper", "currency": "USDT"}
        opened = AccountOpened(
            user_id=self.user.user_id, account_id=self.account_id, initial_balance=Decimal(funds), **account
        )
        await self.hear(opened)

    async def hear(self, *events: Any) -> None:
        """The service hears events, a second after the last ones."""
        self.at += timedelta(seconds=1)
        await self.stand.hear(*events, at=self.at)

    def order(self, **changes: Any) -> OrderRequested:
        """A buy of 0.01 BTC at 20,000 USDT."""
        terms: dict[str, Any] = {
            "order_id": new_id(),
            "user_id": self.user.user_id,
            "account_id": self.account_id,
            "intent_id": new_id(),
            "client_order_id": uuid4().hex,
            "source": "api",
            "origin": "test",
            "exchange": "binance",
            "symbol": "BTC/USDT",
            "side": Side.BUY,
            "order_type": OrderType.LIMIT,
            "quantity": Decimal("0.01"),
            "price": Decimal(20_000),
            "reference_price": Decimal(20_000),
            "requested_at": AT,
        }
        return OrderRequested(**{**terms, **changes})

    def update(self, order: OrderRequested, state: OrderState, version: int, filled: str = "0") -> OrderUpdated:
        """How far an order has come; filled at its price, with fees of a tenth of a percent."""
        facts = {name: getattr(order, name) for name in OrderUpdated.model_fields if hasattr(order, name)}
        notional = Decimal(filled) * (order.price or order.reference_price)
        return OrderUpdated(
            **facts,
            state=state,
            filled_quantity=Decimal(filled),
            filled_notional=notional,
            fees=notional / 1000,
            version=version,
            updated_at=self.at,
        )

    def mark(self, day_pnl: str = "0", drawdown: str = "0") -> EquityMarked:
        """The account valued now."""
        zero = Decimal(0)
        return EquityMarked(
            user_id=self.user.user_id,
            account_id=self.account_id,
            currency="USDT",
            equity=zero,
            cash=zero,
            unrealized_pnl=zero,
            day_pnl=Decimal(day_pnl),
            peak=zero,
            drawdown=Decimal(drawdown),
            marked_at=self.at + timedelta(seconds=1),
        )

    async def limit(self, limit_type: str, value: str, **more: Any) -> dict[str, Any]:
        """Set a limit; its row."""
        asked = {"limit_type": limit_type, "limit_value": value, **more}
        found: dict[str, Any] = (await self.stand.ask("risk", "POST", "/limits", self.user, json=asked)).value()
        return found

    def answers(self) -> list[str]:
        """What the service has said to each request, in order: `approved`, or the rule that refused."""
        said = [m.event for m in self.stand.messages if isinstance(m.event, OrderApproved | OrderRefused)]
        mine = [event for event in said if event.account_id == self.account_id]
        return ["approved" if isinstance(event, OrderApproved) else event.rule for event in mine]

    def alerts(self) -> list[tuple[str, str, str]]:
        """What the owner was told: kind, severity, action."""
        said = [a for a in self.stand.said(RiskAlertRaised) if a.user_id == self.user.user_id]
        return [(a.alert_type, a.severity, a.action_taken) for a in said]

    async def balances(self) -> dict[str, tuple[Decimal, Decimal]]:
        """Total and reserved of each currency."""
        query = "select currency, total, reserved from balances where account_id = $1"
        return {
            r["currency"]: (r["total"], r["reserved"]) for r in await self.stand.rows("risk", query, self.account_id)
        }

    async def open_orders(self) -> int:
        """How many orders count as open."""
        query = "select open_orders from books where account_id = $1"
        found: int = (await self.stand.rows("risk", query, self.account_id))[0]["open_orders"]
        return found


NewOwner = Callable[..., Awaitable[Owner]]


@pytest.fixture
async def stand(start_service: StartService) -> Stand:
    """The risk service alone."""
    return await start_service("risk")


@pytest.fixture
def new_owner(stand: Stand) -> NewOwner:
    """Makes users with an account each."""

    async def create(funds: str = "10000") -> Owner:
        owner = Owner(stand)
        await owner.open(funds)
        return owner

    return create


@pytest.fixture
async def owner(new_owner: NewOwner) -> Owner:
    """One of them."""
    return await new_owner()


@pytest.fixture
def an_id() -> UUID:
    """An id that belongs to nothing."""
    return uuid4()
