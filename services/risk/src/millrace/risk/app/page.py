"""The messages of one unit of work, decided together: one reading and one writing, however many orders."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Any
from uuid import UUID

from millrace.common.db.work import Work
from millrace.common.events.message import Event, Message
from millrace.common.events.risk import RiskAlertRaised
from millrace.common.kernel.ids import derive_id
from millrace.common.kernel.money import LIMIT
from millrace.risk.app.ports import Alerts, Books
from millrace.risk.domain.book import Book

Decide = Callable[[Work, Message[Any], Book | None], None]


class Page:
    """Gathers messages and applies them, in order, before the work commits."""

    def __init__(self, work: Work, books: Books, alerts: Alerts, decide: Mapping[type[Event], Decide]) -> None:
        self._work = work
        self._books = books
        self._alerts = alerts
        self._decide = decide
        self._messages: list[Message[Any]] = []

    def add(self, message: Message[Any]) -> None:
        """Apply this message, after those before it."""
        self._messages.append(message)

    async def apply(self) -> None:
        """Read the books under their locks, decide, and write them."""
        events = [message.event for message in self._messages]
        orders = {event.order_id for event in events if hasattr(event, "order_id")}
        books = await self._books.load(self._work, {event.account_id for event in events}, orders)
        raised: list[RiskAlertRaised] = []
        with localcontext(prec=60):
            for message in self._messages:
                book = books.get(message.event.account_id)
                self._decide[type(message.event)](self._work, message, book)
                news = told(book, message.event.account_id, message.id, message.at) if book else []
                for alert in news:
                    self._work.emit(alert, message)
                raised += news
        await self._books.save(self._work, books)
        if raised:
            await self._alerts.add(self._work, raised)


def told(book: Book, account_id: UUID, cause: UUID, at: datetime) -> list[RiskAlertRaised]:
    """What a book has to tell since it was last asked; ids derive from the `cause`."""
    alerts, book.watch.alerts = book.watch.alerts, []
    return [
        RiskAlertRaised(
            alert_id=derive_id(at, "alert", cause, alert.kind, alert.symbol, alert.level),
            user_id=book.user_id,
            account_id=account_id,
            alert_type=alert.kind,
            severity=alert.severity,
            message=alert.message,
            symbol=alert.symbol or None,
            current_value=_storable(alert.current),
            limit_value=_storable(alert.limit),
            action_taken=alert.action,
            triggered_at=at,
        )
        for alert in alerts
    ]


def _storable(amount: Decimal | None) -> Decimal | None:
    """Nothing for what fits no column: an absurd order must not keep other messages from being applied."""
    return amount if amount is not None and abs(amount) < LIMIT else None


class Pages:
    """One page for each unit of work."""

    def __init__(self, books: Books, alerts: Alerts, decide: Mapping[type[Event], Decide]) -> None:
        self._books = books
        self._alerts = alerts
        self._decide = decide

    async def hear(self, work: Work, message: Message[Any]) -> None:
        """Handler of every message that changes a book."""
        page: Page | None = work.cache.get(Page)
        if page is None:
            page = work.cache[Page] = Page(work, self._books, self._alerts, self._decide)
            work.before_flush(page.apply)
        page.add(message)
