"""What a user has in all, for contract crypto's clients: a mark is of one account, and they are told of everything."""

import asyncio
from collections.abc import Collection, Iterable
from uuid import UUID

import structlog

from millrace.common.auth.principal import Principal
from millrace.common.events.trading import OrderState
from millrace.notifier.app.ports import Facts
from millrace.notifier.app.profits import WAITS
from millrace.notifier.domain.hub import Entry

log = structlog.get_logger()

_CHANNEL = "portfolio_updates"
_LETS_GO = {OrderState.CANCELLED, OrderState.EXPIRED, OrderState.REJECTED}
_MOVES_FUNDS = {OrderState.OPEN, *_LETS_GO}  # a fill is told by the mark that comes of it


class Totals:
    """Fills in `Entry.funds`, as a balance that is asked for now says; one for all streams of a user."""

    def __init__(self, facts: Facts, user: Principal) -> None:
        self._facts = facts
        self._user = user
        self._lock = asyncio.Lock()

    def lacks(self, entry: Entry, channels: Collection[str]) -> bool:
        """Whether one of `channels` shows it, and what the user has is not known yet.

        Shown are marks, and orders that have come to hold funds or have let go of them.
        """
        if entry.funds is not None or _CHANNEL not in channels:
            return False
        return entry.kind == "equity_marked" or (entry.kind == "order_updated" and entry.body["state"] in _MOVES_FUNDS)

    async def complete(self, entries: Iterable[Entry], channels: Collection[str]) -> None:
        """Find what is missing, once for all. Raises UNAVAILABLE if nobody can be asked."""
        async with self._lock:
            if found := [entry for entry in entries if self.lacks(entry, channels)]:
                await self._settled({UUID(e.body["order_id"]) for e in found if e.body.get("state") in _LETS_GO})
                funds = await self._facts.funds(self._user)
                for entry in found:
                    entry.funds = funds

    async def _settled(self, ended: set[UUID]) -> None:
        """Wait until these orders hold nothing any more, for some seconds."""
        for wait in WAITS if ended else ():
            await asyncio.sleep(wait)
            ended = await self._facts.holding(self._user, ended)
            if not ended:
                return
        if ended:  # the balance that is asked for now says the same
            log.warning("orders that have ended still hold funds", orders=[str(order) for order in ended])
