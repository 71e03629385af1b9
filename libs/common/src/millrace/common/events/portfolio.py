"""What users have."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from millrace.common.events.message import Amount, Event


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
    total: Amount
    cause: str


class PositionChanged(_PortfolioEvent):
    """A position after a fill. `quantity` is signed base; zero when closed. Prices in quote currency."""

    type: ClassVar[str] = "portfolio.position_changed.v1"
    position_id: UUID
    bot_id: UUID | None = None
    exchange: str
    symbol: str
    quantity: Amount
    entry_price: Amount
    realized_pnl: Amount
    fees: Amount
    origin: str
    opened_at: datetime
    updated_at: datetime


class MarkedPosition(BaseModel):
    """An open position at market. `quantity` is signed base, `unrealized_pnl` in quote currency."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    symbol: str
    quantity: Amount
    unrealized_pnl: Amount


class EquityMarked(_PortfolioEvent):
    """An account valued at market, in `currency`. `drawdown` is a fraction of the peak, 0 or more.

    `positions` are those open at that instant, at the prices the account is valued at.
    """

    type: ClassVar[str] = "portfolio.equity_marked.v1"
    currency: str
    equity: Amount
    cash: Amount
    unrealized_pnl: Amount
    day_pnl: Amount
    peak: Amount
    drawdown: Amount
    marked_at: datetime
    positions: tuple[MarkedPosition, ...] = ()
