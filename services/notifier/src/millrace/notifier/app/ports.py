"""What the notifier asks the other services, each time in the name of the user it is about."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, Protocol
from uuid import UUID

from millrace.common.auth.principal import Principal
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical.accounts import Funds
from millrace.contracts.canonical.performance import Overview
from millrace.contracts.canonical.trading import Trade
from millrace.notifier.domain.hub import Entry


class Place(NamedTuple):
    """A pair at an exchange, in our spelling."""

    exchange: str
    symbol: str


class Facts(Protocol):
    """All raise UNAVAILABLE when a service cannot answer, and the services' own errors."""

    async def number(self, user: Principal) -> int:
        """The user's number."""
        ...

    async def overview(self, user: Principal) -> Overview:
        """The user's totals, in the user's currency."""
        ...

    async def trades(self, user: Principal, limit: int) -> Sequence[Trade]:
        """The newest trades, newest first, with what they earned in the user's currency."""
        ...

    async def profits(self, user: Principal, since: datetime, fills: set[UUID]) -> dict[UUID, Decimal]:
        """What the fills since then earned after fees, in the user's currency, as far as they are booked already."""
        ...

    async def funds(self, user: Principal) -> Funds:
        """What the user has in all, with the open positions."""
        ...

    async def holding(self, user: Principal, orders: Collection[UUID]) -> set[UUID]:
        """Which of these orders still hold funds by risk's books, which hear of an order's end when we do."""
        ...

    async def place(self, user: Principal, exchange: str | None, symbol: str) -> Place:
        """The market that is meant; without an exchange that of the feed. Raises INVALID_SYMBOL, NOT_FOUND."""
        ...


class Missing(Protocol):
    """What entries of the log do not say themselves, and is found out before `channels` tell of them."""

    def lacks(self, entry: Entry, channels: Collection[str]) -> bool:
        """Whether something of it is not known yet."""
        ...

    async def complete(self, entries: Iterable[Entry], channels: Collection[str]) -> None:
        """Find it out. Raises UNAVAILABLE if nobody can be asked."""
        ...


class Nobody:
    """Where there are no other services."""

    async def number(self, user: Principal) -> int:
        raise _alone()

    async def overview(self, user: Principal) -> Overview:
        raise _alone()

    async def trades(self, user: Principal, limit: int) -> Sequence[Trade]:
        raise _alone()

    async def profits(self, user: Principal, since: datetime, fills: set[UUID]) -> dict[UUID, Decimal]:
        raise _alone()

    async def funds(self, user: Principal) -> Funds:
        raise _alone()

    async def holding(self, user: Principal, orders: Collection[UUID]) -> set[UUID]:
        raise _alone()

    async def place(self, user: Principal, exchange: str | None, symbol: str) -> Place:
        raise _alone()


def _alone() -> MillraceError:
    return MillraceError(Code.UNAVAILABLE, "there is nobody to ask")
