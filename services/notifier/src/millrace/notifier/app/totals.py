"""What a user has in all, for contract crypto's clients: a mark is of one account, and they are told of everything."""

import asyncio
from collections.abc import Collection, Iterable

from millrace.common.auth.principal import Principal
from millrace.notifier.app.ports import Facts
from millrace.notifier.domain.hub import Entry

_CHANNEL = "portfolio_updates"


class Totals:
    """Fills in `Entry.funds`, as a balance that is asked for now says; one for all streams of a user."""

    def __init__(self, facts: Facts, user: Principal) -> None:
        self._facts = facts
        self._user = user
        self._lock = asyncio.Lock()

    def lacks(self, entry: Entry, channels: Collection[str]) -> bool:
        """Whether it is a mark that one of `channels` shows, and what the user has is not known yet."""
        return entry.kind == "equity_marked" and entry.funds is None and _CHANNEL in channels

    async def complete(self, entries: Iterable[Entry], channels: Collection[str]) -> None:
        """Find what is missing, once for all. Raises UNAVAILABLE if nobody can be asked."""
        async with self._lock:
            if marks := [entry for entry in entries if self.lacks(entry, channels)]:
                funds = await self._facts.funds(self._user)
                for entry in marks:
                    entry.funds = funds
