"""Sends approved orders, books what the venue reports, and settles what was interrupted.

An order is SUBMITTING, committed, with its deadline, before anything is sent. From then on an error is no failure:
the order is UNKNOWN, keeps its reservation, and the venue is asked by client order id. What the venue has never seen
is sent again under the same id while its deadline lasts, and ends EXPIRED after it; it ends CANCELLED where its owner
or a kill switch does not want it any more.
One task does all of it in turn, so that asking the venue never overlaps sending to it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from millrace.common.db.database import RETRYABLE
from millrace.common.db.work import Fenced, Work, Works
from millrace.common.events.trading import OrderState
from millrace.common.kernel.clock import Clock
from millrace.common.telemetry import metrics
from millrace.execution.app.booking import book_reports
from millrace.execution.app.leases import Leases
from millrace.execution.app.orders import change, move
from millrace.execution.app.ports import Orders, Venue, VenueOrder
from millrace.execution.app.waiting import Waiting

log = structlog.get_logger()

_BATCH = 500
_UNSETTLED = """
select * from orders where state in ('submitting', 'unknown')
  or (cancel_requested_at is not null and state in ('open', 'partially_filled'))
order by num
"""
_SENDING = frozenset({OrderState.SUBMITTING, OrderState.UNKNOWN})
_MARK = "select seq from watermarks where venue = 'paper'"
_MOVE = "update watermarks set seq = $2 where venue = 'paper' and seq = $1"
_PARK = "insert into parked_reports (seq, error, parked_at) values ($1, $2, $3)"


class Overtaken(RuntimeError):
    """The watermark is not where it was read: a commit whose answer was lost came after all. It is read anew."""


_PASSING: tuple[type[Exception], ...] = (*RETRYABLE, Fenced, Overtaken)


class Sender:
    """The last steps before and the first after a venue. `waiting` hears of every change."""

    def __init__(
        self,
        works: Works,
        orders: Orders,
        venue: Venue,
        leases: Leases,
        clock: Clock,
        *,
        deadline: timedelta,
        resolve_seconds: float,
    ) -> None:
        self.waiting = Waiting()
        self._works = works
        self._orders = orders
        self._venue = venue
        self._leases = leases
        self._clock = clock
        self._deadline = deadline
        self._resolve_seconds = resolve_seconds
        self._queue: dict[str, VenueOrder] = {}
        self._cancels: dict[str, VenueOrder] = {}
        self._news = asyncio.Event()
        self._unsettled = True
        self._mark: int | None = None  # the last report that is booked; None where it must be read anew
        self.busy = False

    def ready(self, work: Work, row: dict[str, Any], at: datetime | None = None) -> None:
        """Make an approved order SUBMITTING, with its deadline; it is sent once that is committed.

        Nobody is told: for the others it is still on its way, and the venue's answer will come of it.
        """
        now = self._clock.now()
        row.update(signed_at=now, deadline=now + self._deadline, epoch=self._leases.epoch)
        move(row, OrderState.SUBMITTING, at or now)
        work.after_commit(partial(self.enqueue, row))

    def enqueue(self, row: dict[str, Any]) -> None:
        """Send this order next. Its SUBMITTING state is committed."""
        self._queue[row["client_order_id"]] = self._venue_order(row)
        self.book_soon()

    def cancel(self, row: dict[str, Any]) -> None:
        """End this order next, at the venue or before it goes there. The request is committed."""
        if self._queue.pop(row["client_order_id"], None):
            self._unsettled = True
        else:
            self._cancels[row["client_order_id"]] = self._venue_order(row)
        self.book_soon()

    def book_soon(self) -> None:
        """The venue has something to say."""
        self.busy = True
        self._news.set()

    def _venue_order(self, row: dict[str, Any]) -> VenueOrder:
        terms = {name: row[name] for name in VenueOrder.__slots__ if name != "epoch"}
        return VenueOrder(**terms, epoch=self._leases.epoch)

    async def run(self) -> None:
        """Send, book and settle for ever. Raises `Fenced` when another process leads."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            self._news.clear()
            if self._unsettled or loop.time() >= due:
                due = loop.time() + self._resolve_seconds
                self._unsettled = False
                self._unsettled = not await self._tried(self.resolve) or self._unsettled
            self._unsettled = not await self._tried(self._turn) or self._unsettled
            self.busy = bool(self._queue or self._cancels or self._unsettled or self._news.is_set())
            if self._unsettled:
                await asyncio.sleep(0.2)
            elif not self.busy:
                await self._wait(due - loop.time())

    async def _tried(self, action: Any) -> bool:
        try:
            await action()
        except Fenced:
            raise
        except Exception as problem:
            log.warning("orders under way are not settled yet", error=repr(problem))
            return False
        return True

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(max(seconds, 0.01)):
                await self._news.wait()
        except TimeoutError:
            return

    async def _turn(self) -> None:
        await self._send()
        self._news.clear()  # what the venue has said so far is booked now; what is queued meanwhile is not forgotten
        await self.book()

    async def _send(self) -> None:
        while self._queue:
            orders = [self._queue.pop(key) for key in list(self._queue)[:_BATCH]]
            try:
                await self._venue.submit(orders)
            except Fenced:
                raise
            except Exception as problem:
                await self._doubt(orders, problem)
                raise
        if self._cancels:
            cancels, self._cancels = list(self._cancels.values()), {}
            await self._venue.cancel(cancels, self._clock.now())

    async def _doubt(self, orders: list[VenueOrder], problem: Exception) -> None:
        """Whether the venue has these orders is not known; it will be asked."""
        reason = f"the venue's answer was lost: {type(problem).__name__}"
        async with self._works.begin() as work:
            rows = await self._orders.locked_by_client(work, [o.client_order_id for o in orders])
            for row in rows.values():
                change(work, row, OrderState.UNKNOWN, self._clock.now(), reason=reason)
            await self._orders.update(work, list(rows.values()))

    async def book(self) -> int:
        """Book what the venue has reported since the watermark; returns how many reports.

        The watermark moves in the transaction that books, so each report is booked once. One that cannot be booked is
        parked and does not hold up the others.
        """
        total = 0
        while True:
            try:
                booked = await self._book(_BATCH)
            except _PASSING:
                raise
            except Exception as problem:
                log.warning("booking one by one", error=repr(problem))
                booked = await self._book_singly()
            total += booked
            if booked < _BATCH:
                return total

    async def _book(self, limit: int) -> int:
        if reports := await self._venue.reports(await self._marked(), limit):
            async with self._moving(reports[-1].seq) as work:
                rows = await book_reports(work, reports, self._orders)
                work.after_commit(partial(self.waiting.ended, rows))
        return len(reports)

    async def _marked(self) -> int:
        if self._mark is None:
            self._mark = int((await self._works.database.fetch(_MARK))[0]["seq"])
        return self._mark

    @asynccontextmanager
    async def _moving(self, seq: int) -> AsyncIterator[Work]:
        """A unit of work that moves the watermark to this report, from where it is known to be."""
        before, self._mark = self._mark, None
        async with self._works.begin() as work:
            if await work.connection.execute(_MOVE, before, seq) != "UPDATE 1":
                raise Overtaken("what the venue reported is booked already")
            yield work
        self._mark = seq

    async def _book_singly(self) -> int:
        for count in range(_BATCH):
            try:
                if not await self._book(1):
                    return count
            except _PASSING:
                raise
            except Exception as problem:
                await self._park(repr(problem))
        return _BATCH

    async def _park(self, error: str) -> None:
        """Go past the next report, which cannot be booked, and keep note of it; a start tries it again."""
        (report,) = await self._venue.reports(await self._marked(), 1)
        async with self._moving(report.seq) as work:
            await work.connection.execute(_PARK, report.seq, error, self._clock.now())
        metrics.REPORTS_PARKED.inc()
        log.error("a report of the venue cannot be booked", seq=report.seq, kind=report.kind, error=error)

    async def retry_parked(self) -> None:
        """Book the parked reports that can be booked by now."""
        for row in await self._works.database.fetch("select seq from parked_reports order by seq"):
            try:
                async with self._works.begin() as work:
                    await book_reports(work, await self._venue.reports(row["seq"] - 1, 1), self._orders)
                    await work.connection.execute("delete from parked_reports where seq = $1", row["seq"])
            except _PASSING:
                raise
            except Exception as problem:
                log.error("a report of the venue cannot be booked yet", seq=row["seq"], error=repr(problem))

    async def resolve(self) -> None:
        """Settle what was interrupted: orders that may not have been sent, and cancellations that may not have been."""
        async with self._works.begin() as work:
            rows = [dict(row) for row in await work.connection.fetch(_UNSETTLED)]
        if not rows:
            return
        seen = await self._venue.known([row["client_order_id"] for row in rows])
        unsent = []
        for row in rows:
            if row["client_order_id"] not in seen:
                if row["client_order_id"] not in self._queue:
                    unsent.append(row["order_id"])
            elif row["cancel_requested_at"] is not None:
                self.cancel(row)
        if unsent:
            await self._send_or_end(unsent)
        self.book_soon()

    async def _send_or_end(self, order_ids: list[Any]) -> None:
        """The venue has never seen these: send those that are still wanted and in time, end the others."""
        now = self._clock.now()
        async with self._works.begin() as work:
            rows = list((await self._orders.locked(work, order_ids)).values())
            for row in rows:
                if OrderState(row["state"]) not in _SENDING:
                    continue
                if halt := await self._orders.halted(work, row):
                    change(work, row, OrderState.CANCELLED, now, reason=f"kill switch: {halt}")
                elif row["cancel_requested_at"] is not None:
                    change(work, row, OrderState.CANCELLED, now, reason="CLIENT")
                elif now > row["deadline"]:
                    change(work, row, OrderState.EXPIRED, now, reason="it could not be sent in time")
                else:
                    work.after_commit(partial(self.enqueue, row))
            await self._orders.update(work, rows)
            work.after_commit(partial(self.waiting.ended, rows))
