"""What the handlers need from storage."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from millrace.common.db.work import Work
from millrace.common.events.trading import AccountOpened, OrderUpdated
from millrace.common.kernel.market import Candle

Row = dict[str, Any]


class NonDecision(NamedTuple):
    """Why a bot did nothing. `reason` is one of few, to be counted; `detail` has the numbers of this time."""

    bot_id: UUID
    user_id: UUID
    reason: str
    values: Mapping[str, float] = {}
    detail: str | None = None


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

    async def follow(self, work: Work, order: OrderUpdated, *, own: bool, ended: bool) -> bool:
        """Apply an order's cumulative fills to its bot's position; the end of its own order frees the bot to act.

        What it bought for an alert with a take-profit is watched from now on, on whatever account.

        False, and nothing changed, when the order is not of the owner's own bot or a newer version is known.
        """
        ...

    async def stop_all(self, work: Work, user_id: UUID, reason: str, at: datetime) -> list[Row]:
        """Stop every running bot of a user; the bots that were stopped.

        Nothing is left by which more could be ordered: no mode but the first, no secret for alerts, no target.
        """
        ...

    async def close_account(self, work: Work, user_id: UUID, account_id: UUID, reason: str, at: datetime) -> list[Row]:
        """Stop every running bot on an account that is closed; the bots that were stopped.

        Without any open account left, the user's mode is `testing` again.
        """
        ...

    async def measure(self, work: Work, runs: Collection[tuple[UUID, UUID]], candle: Candle) -> dict[Any, Decimal]:
        """By (user, strategy) how far a strategy's run has fallen from its best, as a fraction of what it was worth."""
        ...

    async def stop(self, work: Work, reasons: Mapping[UUID, str], at: datetime) -> list[Row]:
        """Stop these bots and keep why; the bots that were stopped."""
        ...

    async def coming(self, work: Work, exchange: str, symbol: str, timeframe: str, opened_at: datetime) -> list[Row]:
        """The active bots of a market that have not seen the candle of `opened_at`, as far as runners read them.

        Nothing is locked.
        """
        ...

    async def due(self, work: Work, exchange: str, symbol: str, timeframe: str, opened_at: datetime) -> list[Row]:
        """The active bots of a market that have not seen the candle of `opened_at` or a later one, locked.

        Oldest first, with their account's equity, its free cash (what other entries under way have not committed)
        and whether an order of theirs is `live`.
        """
        ...

    async def stepped(self, work: Work, rows: Sequence[Row], candle: Candle) -> None:
        """Note that bots have seen a candle and its price, where their memory begins, and what they wait for."""
        ...

    async def skipped(self, work: Work, skips: Sequence[NonDecision], at: datetime) -> None:
        """Count the reasons for doing nothing."""
        ...
