"""What the handlers need from storage."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from millrace.common.auth.principal import Principal
from millrace.common.db.work import Work
from millrace.common.events.market import CandleClosed
from millrace.common.events.message import Message
from millrace.common.events.trading import AccountOpened, FillBooked
from millrace.portfolio.domain.ledger import Leg
from millrace.portfolio.domain.position import Position


class Page(Protocol):
    """What one unit of work writes: gathered while messages are applied, written once at its end."""

    async def open(self, account: AccountOpened, at: datetime) -> None:
        """Add an account."""
        ...

    async def close(self, account_id: UUID, at: datetime) -> None:
        """Note that the owner deleted an account."""
        ...

    def post(
        self,
        transaction_id: UUID,
        account_id: UUID,
        user_id: UUID,
        kind: str,
        ref: str,
        message: Message[Any],
        legs: Sequence[Leg],
    ) -> None:
        """Add a ledger transaction."""
        ...

    async def position(self, fill: FillBooked) -> Position:
        """The open position that a fill belongs to, locked; a new one when there is none."""
        ...

    def trade(self, fill: FillBooked, position: Position, realised: Decimal) -> None:
        """Add the fill to the trade history and tell of the position."""
        ...

    def closed(self, position: Position) -> None:
        """The position is closed: the next fill opens a new one."""
        ...


class Books(Protocol):
    """The ledger and what is derived from it."""

    async def page(self, work: Work) -> Page:
        """The page of this unit of work."""
        ...

    async def mark(self, work: Work, message: Message[CandleClosed]) -> None:
        """Value accounts at a candle's close; those of one instant together, before the next fill or at the end."""
        ...


class Funds(Protocol):
    """What risk keeps of the accounts' funds."""

    async def reserved(self, user: Principal) -> dict[tuple[UUID, str], Decimal]:
        """What is promised to open orders, by account and currency. Raises UNAVAILABLE when risk does not answer."""
        ...

    async def move(self, transfer: Mapping[str, Any]) -> None:
        """Take the transfer's amount from what is free of one account, and give it to the other, once.

        Raises INSUFFICIENT_BALANCE, NOT_FOUND for an account that risk does not know (yet), UNAVAILABLE.
        """
        ...


class Vaults(Protocol):
    """The ledger's side of a move between two accounts of one user."""

    async def move(self, work: Work, transfer: Mapping[str, Any], now: datetime) -> dict[UUID, Decimal]:
        """Post the balanced legs; the new totals of both accounts."""
        ...
