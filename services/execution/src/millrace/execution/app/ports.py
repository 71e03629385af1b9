"""What the execution service needs from storage and venues."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from millrace.common.auth.principal import Principal
from millrace.common.db.work import Work
from millrace.common.events.trading import AccountOpened
from millrace.execution.domain.exchanges import Credentials

Row = Mapping[str, Any]

DISABLED = "disabled"  # the scope of a halt for a user who may do nothing any more; no kill switch names it


@dataclass(frozen=True, slots=True)
class Halt:
    """A scope that is stopped, and why. It reaches nobody but its user, except where it is global and has none."""

    scope: str
    target: str
    user_id: UUID | None
    reason: str


@dataclass(frozen=True, slots=True)
class VenueOrder:
    """What goes to a venue: an approved order with the instant it was signed and the epoch it is sent under."""

    client_order_id: str
    account_id: UUID
    epoch: int
    exchange: str
    symbol: str
    side: str
    order_type: str
    quantity: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    time_in_force: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class VenueReport:
    """What a venue says about one of our orders; `seq` orders the reports of a venue."""

    seq: int
    client_order_id: str
    kind: str
    at: datetime
    reason: str | None = None
    trade_id: str | None = None
    price: Decimal | None = None
    quantity: Decimal | None = None
    fee: Decimal | None = None
    liquidity: str | None = None


class Venue(Protocol):
    """Where orders are sent. An exception from `submit` or `cancel` leaves the outcome unknown, never failed."""

    async def submit(self, orders: Sequence[VenueOrder]) -> None:
        """Send orders; their fate arrives as reports. A client order id the venue has seen is not placed again."""
        ...

    async def cancel(self, orders: Sequence[VenueOrder], at: datetime) -> None:
        """Ask for cancellation; the answer arrives as reports."""
        ...

    async def known(self, client_order_ids: Sequence[str]) -> set[str]:
        """Which of these the venue has seen."""
        ...

    async def reports(self, after: int, limit: int) -> list[VenueReport]:
        """The reports after a watermark, in order."""
        ...


class Orders(Protocol):
    """Accounts, orders, fills and halts."""

    async def open(self, work: Work, account: AccountOpened, at: datetime, *, owner: str, epoch: int) -> None:
        """Add an account, owned by the process that leads."""
        ...

    async def expect(self, work: Work, intents: Sequence[tuple[UUID, UUID, int]]) -> None:
        """Read at once what `account` and `insert` will be asked for these (user, intent, leg)."""
        ...

    async def account(self, work: Work, user_id: UUID, account_id: UUID | None, exchange: str) -> Row | None:
        """The user's account at the exchange: the one named, if it is there, or else the first that takes orders."""
        ...

    async def insert(self, work: Work, row: Row) -> bool:
        """Add an order; False when its intent and leg, or its owner's own id for it, exist already."""
        ...

    async def locked(self, work: Work, order_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
        """Orders by id, locked until the transaction ends."""
        ...

    async def locked_by_client(self, work: Work, client_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Orders by client order id, locked until the transaction ends."""
        ...

    async def waiting_exits(self, work: Work, before: datetime) -> Sequence[Row]:
        """The reduce-only sales that arrived here before an instant and that risk has not answered."""
        ...

    async def waiting_exit(self, work: Work, order_id: UUID) -> dict[str, Any] | None:
        """One of them, locked; None when it waits no more, or somebody else has it in hand."""
        ...

    async def covers(self, work: Work, sale: Row) -> bool:
        """Whether the account holds what the sale sells and no other sale is selling it: then it is set aside.

        To the end of the unit of work, nobody else is answered for this account.
        """
        ...

    async def entries(self, work: Work, order: Row) -> Sequence[Row]:
        """The newest buys that make up what the order's bot still has of the pair, `kept` from each."""
        ...

    async def live(self, work: Work, halt: Halt) -> list[dict[str, Any]]:
        """The orders in a halt's scope that have not ended, locked until the transaction ends."""
        ...

    async def update(self, work: Work, rows: Sequence[Row]) -> None:
        """Write back the changing columns of orders, when the unit of work ends."""
        ...

    async def halt(self, work: Work, halt: Halt, at: datetime) -> None:
        """Remember that a scope is stopped."""
        ...

    async def resume(self, work: Work, halt: Halt) -> None:
        """Forget it."""
        ...

    async def halted(self, work: Work, order: Row) -> str | None:
        """Why this order must not be sent; None when no kill switch stops it."""
        ...

    async def add_fills(self, work: Work, fills: Sequence[Row]) -> set[str]:
        """Add fills; returns the trade ids that were new."""
        ...


class KeysRefused(Exception):
    """An exchange does not accept keys; the text says so without them."""


class Exchanges(Protocol):
    """Accounts at real exchanges."""

    async def balances(
        self, exchange: str, credentials: Credentials, *, testnet: bool, account_type: str, options: Mapping[str, Any]
    ) -> dict[str, Decimal]:
        """What the keys' owner has there, by asset.

        Raises `KeysRefused`, and UNAVAILABLE where the exchange cannot be asked.
        """
        ...


class Seals(Protocol):
    """Keeps keys unreadable at rest."""

    def seal(self, credentials: Credentials, tenant: UUID, account_id: UUID) -> tuple[bytes, bytes]:
        """What is stored of them: a wrapped data key, and the keys sealed under it."""
        ...

    def open(self, wrapped: bytes, sealed: bytes, tenant: UUID, account_id: UUID) -> Credentials:
        """The keys again. Raises INVALID_STATE when they cannot be opened."""
        ...


class Others(Protocol):
    """What other services know of a user; UNAVAILABLE when they do not answer."""

    async def funds(self, user: Principal) -> Mapping[UUID, Row]:
        """By account: `currency`, `equity` in it, and `balances` by asset."""
        ...

    async def bots_on(self, user: Principal, account_id: UUID) -> Sequence[str]:
        """The names of the bots that trade on an account."""
        ...
