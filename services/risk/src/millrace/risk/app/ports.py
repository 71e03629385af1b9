"""What the handlers need from storage."""

from decimal import Decimal
from typing import Protocol
from uuid import UUID

from millrace.common.db.work import Work
from millrace.common.events.trading import AccountOpened, OrderRequested, OrderUpdated
from millrace.risk.domain.book import Book, Terms


class Books(Protocol):
    """The accounts' books."""

    async def open(self, work: Work, account: AccountOpened) -> None:
        """Start a book with the account's first funds."""
        ...

    async def of(self, work: Work, user_id: UUID, account_id: UUID, bot_id: UUID | None) -> Book | None:
        """An account's book, locked until the transaction ends; None when there is no such account."""
        ...

    async def reserve(
        self, work: Work, order: OrderRequested, approval_id: UUID, terms: Terms, currency: str, amount: Decimal
    ) -> bool:
        """Take the capacity in one conditional statement; False when it is not there after all."""
        ...

    async def settle(self, work: Work, order: OrderUpdated) -> None:
        """Apply the cumulative fills of an order; release what is left when it has ended."""
        ...

    async def mark(self, work: Work, account_id: UUID, equity: Decimal, day_pnl: Decimal, drawdown: Decimal) -> None:
        """Note the account's value and losses."""
        ...


class Switches(Protocol):
    """Kill switches."""

    async def set(self, work: Work, scope: str, target: str, user_id: UUID | None, active: bool, reason: str) -> bool:
        """Throw or release one; False when it already was so."""
        ...
