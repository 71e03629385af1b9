"""Limits that were changed are judged at once: what is held or lost already may be above them."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from millrace.common.db.work import Work
from millrace.common.kernel.ids import new_id
from millrace.risk.app.page import told
from millrace.risk.app.ports import Alerts, Books

_ACCOUNTS = "select account_id from books where user_id = $1"


class Judge:
    """Asks a user's books how near their limits are now."""

    def __init__(self, books: Books, alerts: Alerts) -> None:
        self._books = books
        self._alerts = alerts

    async def hold(self, work: Work, user_id: UUID) -> list[UUID]:
        """Let decisions on the user's accounts wait until the transaction ends; which they are.

        Comes before anything is changed: decisions lock books first, and note what they saw of limits afterwards.
        """
        accounts = [row["account_id"] for row in await work.connection.fetch(_ACCOUNTS, user_id)]
        await self._books.load(work, accounts, ())
        return accounts

    async def judge(self, work: Work, accounts: Collection[UUID], kinds: Collection[str], now: datetime) -> None:
        """Tell of what is near the limits of these kinds, as the next news of the accounts would have."""
        raised, seen = [], {}
        for account_id, book in sorted((await self._books.load(work, accounts, ())).items()):
            for kind in sorted(kinds):
                book.judge(kind, now)
            if book.watch.changed:
                seen[account_id] = book
                raised += told(book, account_id, new_id(), now)
        await self._books.save(work, seen)
        if raised:
            await self._alerts.add(work, raised)
        for alert in raised:
            work.emit(alert, at=now)
