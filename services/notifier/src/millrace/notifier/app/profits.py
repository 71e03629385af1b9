"""What a user's fills earned. The portfolio books a fill while we hear of it, so it is asked until it has."""

import asyncio
from collections.abc import Collection, Iterable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import structlog

from millrace.common.auth.principal import Principal
from millrace.common.kernel.errors import Code, MillraceError
from millrace.notifier.app.ports import Facts
from millrace.notifier.domain.hub import Entry

log = structlog.get_logger()

WAITS = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0)
"""Seconds before each question to a service that hears of something when we do."""
_UNKNOWN = Decimal("NaN")


class Profits:
    """Fills in `Entry.profit`; one for all streams of a user, so that each fill is asked for once."""

    def __init__(self, facts: Facts, user: Principal) -> None:
        self._facts = facts
        self._user = user
        self._lock = asyncio.Lock()

    def lacks(self, entry: Entry, channels: Collection[str]) -> bool:
        """Whether it is a fill of which that is not known yet."""
        return lacking(entry)

    async def complete(self, entries: Iterable[Entry], channels: Collection[str]) -> None:
        """Find what is missing, or give it up after some five seconds. Raises UNAVAILABLE if nobody can be asked."""
        async with self._lock:
            await self._find([entry for entry in entries if lacking(entry)])

    async def _find(self, fills: list[Entry]) -> None:
        away: MillraceError | None = None
        for wait in WAITS if fills else ():
            await asyncio.sleep(wait)
            try:
                await self._ask([entry for entry in fills if lacking(entry)])
                away = None
            except MillraceError as problem:
                away = problem
            if not any(map(lacking, fills)):
                return
        if away:
            raise MillraceError(Code.UNAVAILABLE, "the portfolio cannot be read at the moment") from away
        for entry in filter(lacking, fills):  # its trades do not show it either
            log.warning("a fill is not booked", fill=entry.body["fill_id"])
            entry.profit = _UNKNOWN

    async def _ask(self, fills: list[Entry]) -> None:
        since = min(datetime.fromisoformat(entry.body["filled_at"]) for entry in fills)
        found = await self._facts.profits(self._user, since, {UUID(entry.body["fill_id"]) for entry in fills})
        for entry in fills:
            entry.profit = found.get(UUID(entry.body["fill_id"]))


def lacking(entry: Entry) -> bool:
    """Whether it is a fill of which that is not known yet."""
    return entry.profit is None and entry.kind == "fill_booked"
