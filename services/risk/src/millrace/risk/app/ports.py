"""What the handlers need from storage."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from millrace.common.db.work import Work
from millrace.common.events.risk import RiskAlertRaised
from millrace.common.events.trading import AccountOpened
from millrace.risk.domain.book import Book


class Books(Protocol):
    """The accounts' books."""

    async def open(self, work: Work, account: AccountOpened, limits: Mapping[str, UUID], at: datetime) -> None:
        """Start a book with the account's first funds; its owner gets the system's `limits`, ids by kind."""
        ...

    async def load(self, work: Work, accounts: Collection[UUID], orders: Collection[UUID]) -> dict[UUID, Book]:
        """The books of `accounts` that exist, with the reservations of `orders`, locked until the transaction ends."""
        ...

    async def save(self, work: Work, books: Mapping[UUID, Book]) -> None:
        """Write what has changed."""
        ...


class Alerts(Protocol):
    """What owners were told."""

    async def add(self, work: Work, alerts: Sequence[RiskAlertRaised]) -> None:
        """Keep alerts."""
        ...


class Switches(Protocol):
    """Kill switches."""

    async def set(
        self, work: Work, scope: str, target: str, user_id: UUID | None, active: bool, reason: str, at: datetime
    ) -> bool:
        """Throw or release one; False when it already was so.

        Waits for the decisions under way: an approval that is committed later has seen the switch.
        """
        ...
