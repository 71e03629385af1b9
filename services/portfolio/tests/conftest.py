"""The portfolio service on a stand, with one account of 10,000 USDT."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from millrace.common.auth.principal import Principal
from millrace.common.events.market import CandleClosed
from millrace.common.events.portfolio import EquityMarked
from millrace.common.events.trading import AccountOpened, FillBooked, Side
from millrace.common.kernel.ids import new_id
from millrace.common.testing.service import Stand, StartService

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
BAR = timedelta(minutes=5)


class Owner:
    """One user with accounts, and what the other services say of them."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.user = Principal(uuid4(), "owner", "trader")
        self.account_id = uuid4()

    async def open(self, funds: str = "10000", at: datetime = NOON) -> UUID:
        """Another account opens; what follows is of this one."""
        self.account_id = uuid4()
        account = {"name": "Paper", "exchange": "binance", "mode": "paper", "currency": "USDT"}
        ids = {"user_id": self.user.user_id, "account_id": self.account_id}
        await self.stand.hear(AccountOpened(initial_balance=Decimal(funds), **ids, **account), at=at)
        return self.account_id

    def fill(self, quantity: object, price: object, fee: object = 0, **changes: Any) -> FillBooked:
        """A fill of `quantity` BTC, sold when negative."""
        signed, paid = Decimal(str(quantity)), Decimal(str(price))
        facts: dict[str, Any] = {
            "user_id": self.user.user_id,
            "account_id": self.account_id,
            "fill_id": new_id(),
            "order_id": new_id(),
            "trade_id": uuid4().hex,
            "origin": "test",
            "exchange": "binance",
            "symbol": "BTC/USDT",
            "side": Side.BUY if signed > 0 else Side.SELL,
            "price": paid,
            "quantity": abs(signed),
            "notional": abs(signed) * paid,
            "fee": Decimal(str(fee)),
            "fee_currency": "USDT",
            "liquidity": "taker",
            "filled_at": NOON,
        }
        return FillBooked(**{**facts, **changes})

    async def hear(self, *events: Any) -> None:
        """The service hears events."""
        await self.stand.hear(*events, at=NOON)

    async def close(
        self, price: object, bars: int = 1, symbol: str = "BTC/USDT", timeframe: str = "5m", exchange: str = "binance"
    ) -> None:
        """A candle closes, `bars` after noon."""
        at, amount = NOON + bars * BAR, Decimal(str(price))
        prices = {"open": amount, "high": amount, "low": amount, "close": amount, "volume": Decimal(1)}
        event = CandleClosed(exchange=exchange, symbol=symbol, timeframe=timeframe, opened_at=at - BAR, **prices)
        await self.stand.hear(event, at=at)

    def marks(self) -> list[EquityMarked]:
        """How the account was valued, in order."""
        return [mark for mark in self.stand.said(EquityMarked) if mark.account_id == self.account_id]

    async def balances(self) -> dict[str, Decimal]:
        """What the account holds."""
        query = "select currency, total from balances where account_id = $1"
        return {row["currency"]: row["total"] for row in await self.stand.rows("portfolio", query, self.account_id)}

    async def ask(self, path: str, **query: Any) -> Any:
        """The service's answer to this owner."""
        return await self.stand.ask("portfolio", "GET", path, self.user, query=query)


NewOwner = Callable[[], Awaitable[Owner]]


@pytest.fixture
async def stand(start_service: StartService) -> Stand:
    """The portfolio service alone."""
    return await start_service("portfolio")


@pytest.fixture
def new_owner(stand: Stand) -> NewOwner:
    """Makes users with an account each."""

    async def create() -> Owner:
        owner = Owner(stand)
        await owner.open()
        return owner

    return create


@pytest.fixture
async def owner(new_owner: NewOwner) -> Owner:
    """One of them."""
    return await new_owner()
