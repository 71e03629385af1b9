"""One user with a paper account and a market, and the words other services would say about orders."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from millrace.common.auth.approvals import Approvals
from millrace.common.auth.principal import Principal
from millrace.common.events.market import PriceSeen
from millrace.common.events.risk import OrderApproved, OrderRefused
from millrace.common.events.trading import AccountOpened, OrderRequested, OrderUpdated
from millrace.common.events.users import UserRegistered
from millrace.common.kernel.clock import SystemClock
from millrace.common.kernel.ids import new_id
from millrace.common.testing.service import Stand
from millrace.common.web.client import Answer

CLOCK = SystemClock()
MARKET = {"symbol": "BTCUSDT", "side": "buy", "order_type": "market", "quantity": "0.01"}
LIMIT = {**MARKET, "order_type": "limit", "price": "20000"}


@dataclass(slots=True)
class Desk:
    """The execution service on a stand, and one of its users."""

    stand: Stand
    user: Principal
    account_id: UUID

    def price(self, price: str, symbol: str = "BTC/USDT", exchange: str = "binance") -> None:
        """A trade is seen in the market."""
        seen = PriceSeen(exchange=exchange, symbol=symbol, price=Decimal(price), quantity=Decimal(1), at=CLOCK.now())
        self.stand.bus.broadcast(seen.topic, self.stand.envelope(seen))

    async def place(self, terms: dict[str, Any], user: Principal | None = None) -> Answer:
        """The answer to a request for an order."""
        return await self.stand.ask("execution", "POST", "/orders", user or self.user, json=terms)

    async def placed(self, **terms: Any) -> OrderRequested:
        """An order that waits for risk."""
        answer = await self.place({**LIMIT, **terms})
        assert answer.status == 201, answer.body
        await self.stand.rest()
        return self.stand.said(OrderRequested)[-1]

    def approval(self, order: OrderRequested, **changes: Any) -> OrderApproved:
        """What risk says when it agrees."""
        approval_id, expires_at = new_id(), CLOCK.now() + timedelta(seconds=30)
        signature = Approvals(self.stand.host.keys().approval).sign(order, approval_id, expires_at)
        said = {"approval_id": approval_id, "expires_at": expires_at, "signature": signature}
        return OrderApproved(**_of(order), **{**said, **changes})

    async def approve(self, order: OrderRequested) -> None:
        """Risk agrees, and all that follows has happened."""
        await self.stand.hear(self.approval(order))

    async def opened(self, **terms: Any) -> OrderRequested:
        """An order that was approved and sent."""
        order = await self.placed(**terms)
        await self.approve(order)
        return order

    async def refuse(self, order: OrderRequested) -> None:
        """Risk says no."""
        await self.stand.hear(OrderRefused(**_of(order), rule="balance", message="needs more"))

    async def state(self, order: OrderRequested) -> str:
        """The order as the API shows it."""
        answer = await self.stand.ask("execution", "GET", f"/orders/{order.order_id}", self.user)
        return str(answer.value()["state"])

    def states(self, order: OrderRequested) -> list[str]:
        """Every state the service told of, in order."""
        return [u.state.value for u in self.stand.said(OrderUpdated) if u.order_id == order.order_id]


def _of(order: OrderRequested) -> dict[str, UUID]:
    return {"user_id": order.user_id, "account_id": order.account_id, "order_id": order.order_id}


async def user_of(stand: Stand) -> tuple[Principal, UUID]:
    """A new user and the paper account that execution opens."""
    user = Principal(uuid4(), "trader", "trader")
    await stand.hear(UserRegistered(user_id=user.user_id, username="trader", role="trader", origin="test"))
    opened = [a for a in stand.said(AccountOpened) if (a.user_id, a.exchange) == (user.user_id, "binance")]
    return user, opened[0].account_id
