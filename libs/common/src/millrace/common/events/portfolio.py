"""What users have."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from millrace.common.events.message import Event


class _PortfolioEvent(Event):
    topic: ClassVar[str] = "portfolio.v1"
    user_id: UUID
    account_id: UUID

    @property
    def key(self) -> str:
        return str(self.account_id)


class BalanceChanged(_PortfolioEvent):
    """An account holds `total` of `currency` after ledger transaction `cause`."""

    type: ClassVar[str] = "portfolio.balance_changed.v1"
    currency: str
    total: Decimal
    cause: str


class PositionChanged(_PortfolioEvent):
    """A position after a fill. `quantity` is signed base; zero when closed. Prices in quote currency."""

    type: ClassVar[str] = "portfolio.position_changed.v1"
    position_id: UUID
    bot_id: UUID | None = None
    exchange: str
    symbol: str
    quantity: Decimal
    entry_price: Decimal
    realized_pnl: Decimal
    fees: Decimal
    origin: str
    opened_at: datetime
    updated_at: datetime


class EquityMarked(_PortfolioEvent):
    """An account valued at market, in `currency`. `drawdown` is a fraction of the peak, 0 or more."""

    type: ClassVar[str] = "portfolio.equity_marked.v1"
    currency: str
    equity: Decimal
    cash: Decimal
    unrealized_pnl: Decimal
    day_pnl: Decimal
    peak: Decimal
    drawdown: Decimal
    marked_at: datetime
