"""What the handlers need from storage."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from millrace.common.db.work import Work
from millrace.common.events.trading import AccountOpened, OrderUpdated
from millrace.strategy.port import Skip

Row = dict[str, Any]


class Bots(Protocol):
    """Bots and what they know."""

    async def open_account(self, work: Work, account: AccountOpened) -> None:
        """Add an account."""
        ...

    async def set_cash(self, work: Work, account_id: UUID, currency: str, total: Decimal) -> None:
        """Note what the account holds of its own currency."""
        ...

    async def set_equity(self, work: Work, account_id: UUID, equity: Decimal) -> None:
        """Note what the account is worth."""
        ...

    async def follow(self, work: Work, order: OrderUpdated, *, ended: bool) -> None:
        """Apply an order's cumulative fills to its bot's position."""
        ...

    async def stop_all(self, work: Work, user_id: UUID) -> None:
        """Stop every bot of a user."""
        ...

    async def running(self, work: Work, exchange: str, symbol: str, timeframe: str) -> list[Row]:
        """The active bots of a market with their account's cash and equity, oldest first, locked."""
        ...

    async def stepped(self, work: Work, rows: Sequence[Row], opened_at: datetime) -> None:
        """Note that bots have seen a candle, and what they wait for."""
        ...

    async def skipped(self, work: Work, skips: Sequence[tuple[Row, Skip]], at: datetime) -> None:
        """Count the reasons for doing nothing."""
        ...
