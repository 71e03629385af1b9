"""Sends approved orders and books what venues report.

Sending happens after the commit that says SUBMITTING. Whatever goes wrong from then on leaves the order SUBMITTING or
UNKNOWN, with its reservation; reconciliation asks the venue by client order id.
Booking reads the venue's reports after a watermark that moves in the same transaction: each is booked once.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from millrace.common.db.work import Work, Works
from millrace.common.events.trading import TERMINAL, FillBooked, OrderState
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.ids import derive_id
from millrace.common.kernel.money import times
from millrace.execution.app.leases import Fenced, Leases
from millrace.execution.app.orders import change, tell
from millrace.execution.app.ports import Orders, Venue, VenueOrder, VenueReport
from millrace.execution.domain.states import after_fill

log = structlog.get_logger()

_BATCH = 500
_UNDER_WAY = "select * from orders where state in ('submitting', 'unknown') and account_id = any($1::uuid[])"
_ENDINGS = {
    "refused": OrderState.REJECTED,
    "cancelled": OrderState.CANCELLED,
    "expired": OrderState.EXPIRED,
    "accepted": OrderState.OPEN,
}


class Sender:
    """The last steps before and the first after a venue."""

    def __init__(
        self, works: Works, orders: Orders, venue: Venue, leases: Leases, clock: Clock, deadline: timedelta
    ) -> None:
        self.deadline = deadline
        self._works = works
        self._orders = orders
        self._venue = venue
        self._leases = leases
        self._clock = clock
        self._queue: dict[str, VenueOrder] = {}
        self._cancels: dict[str, VenueOrder] = {}
        self._news = asyncio.Event()
        self._waiting: dict[UUID, asyncio.Future[dict[str, Any]]] = {}
        self._endings: dict[UUID, list[asyncio.Future[dict[str, Any]]]] = {}
        self._tasks: set[asyncio.Future[Any]] = set()
        self.busy = False

    def epoch(self, account_id: UUID) -> int:
        """The epoch this process writes under for an account."""
        return self._leases.epoch(account_id)

    def enqueue(self, row: dict[str, Any]) -> None:
        """Send this order next. Its SUBMITTING state is committed."""
        self.busy = True
        self._queue[row["client_order_id"]] = venue_order(row)
        self._news.set()
        self.decided(row["order_id"], row)

    def cancel(self, row: dict[str, Any]) -> None:
        """Ask the venue to cancel this order next."""
        self.busy = True
        self._cancels[row["client_order_id"]] = venue_order(row)
        self._news.set()

    def book_soon(self) -> None:
        """The venue has something to say."""
        self.busy = True
        self._news.set()

    def decided(self, order_id: UUID, row: dict[str, Any]) -> None:
        """Whoever waits for the decision on this order gets the row."""
        future = self._waiting.pop(order_id, None)
        if future is not None and not future.done():
            future.set_result(row)

    def decision(self, order_id: UUID) -> "asyncio.Future[dict[str, Any]]":
        """Resolves with the order's row once risk has answered."""
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[order_id] = future
        return future

    def forget(self, order_id: UUID) -> None:
        """Nobody waits any more."""
        self._waiting.pop(order_id, None)

    def ended(self, order_id: UUID) -> "asyncio.Future[dict[str, Any]]":
        """Resolves with the order's row once it is in a terminal state."""
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._endings.setdefault(order_id, []).append(future)
        return future

    def _tell_ended(self, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            if OrderState(row["state"]) in TERMINAL:
                for future in self._endings.pop(row["order_id"], ()):
                    if not future.done():
                        future.set_result(row)

    async def run(self) -> None:
        """Send and book for ever."""
        while True:
            self._news.clear()
            try:
                await self._send()
                await self.book()
            except Fenced as fenced:
                # whoever owns the account finds the order SUBMITTING and sends it
                log.info("another process owns the account", reason=str(fenced))
                self._leases.soon()
            except Exception as problem:
                # outcome unknown: the rows say SUBMITTING, and reconciliation resolves them
                log.warning("sending was interrupted", error=repr(problem))
                await asyncio.sleep(0.2)
                await self.resolve()
                continue
            self.busy = bool(self._queue or self._cancels)
            if not self.busy and not self._news.is_set():
                try:
                    async with asyncio.timeout(1.0):
                        await self._news.wait()
                except TimeoutError:
                    continue

    async def _send(self) -> None:
        while self._queue:
            orders = [self._queue.pop(key) for key in list(self._queue)[:_BATCH]]
            await self._venue.submit(orders)
        if self._cancels:
            cancels, self._cancels = list(self._cancels.values()), {}
            await self._venue.cancel(cancels, self._clock.now())

    async def book(self) -> int:
        """Book what the venue has reported since the watermark; returns how many reports."""
        total = 0
        while True:
            async with self._works.begin() as work:
                mark = await work.connection.fetchval("select seq from watermarks where venue = 'paper' for update")
                reports = await self._venue.reports(mark, _BATCH)
                if not reports:
                    return total
                rows = await book_reports(work, reports, self._orders)
                work.after_commit(partial(self._tell_ended, rows))
                await work.connection.execute("update watermarks set seq = $1 where venue = 'paper'", reports[-1].seq)
            total += len(reports)

    async def resolve(self) -> None:
        """Settle the orders whose sending was interrupted: what the venue has not seen is sent again, once more under
        the same client order id and only while this process owns the account."""
        async with self._works.begin() as work:
            rows = await work.connection.fetch(_UNDER_WAY, self._leases.accounts())
        if not rows:
            return
        seen = await self._venue.known([row["client_order_id"] for row in rows])
        for row in rows:
            if row["client_order_id"] not in seen and row["client_order_id"] not in self._queue:
                self.enqueue({**row, "epoch": self.epoch(row["account_id"])})
        self.book_soon()

    def cancel_scope(self, scope: str, target: str) -> None:
        """Cancel everything that rests in a scope, soon."""
        self._spawn(lambda: self._cancel_scope(scope, target))

    async def _cancel_scope(self, scope: str, target: str) -> None:
        column = {"user": "user_id", "account": "account_id", "bot": "bot_id"}.get(scope)
        where = f"and {column} = $1::uuid" if column else ""
        query = f"select * from orders where state in ('open', 'partially_filled', 'unknown') {where}"  # noqa: S608
        async with self._works.begin() as work:
            rows = await work.connection.fetch(query, *([target] if column else []))
        for row in rows:
            self.cancel({**row, "epoch": self.epoch(row["account_id"])})

    def _spawn(self, action: Callable[[], Any]) -> None:
        task = asyncio.ensure_future(action())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def book_reports(work: Work, reports: list[VenueReport], orders: Orders) -> list[dict[str, Any]]:
    """Apply reports in order: fills by venue trade id, once; states never backwards."""
    rows = await orders.locked_by_client(work, list({r.client_order_id for r in reports}))
    fills = [_fill(rows[r.client_order_id], r) for r in reports if r.kind == "filled" and r.client_order_id in rows]
    fresh = await orders.add_fills(work, fills) if fills else set()
    by_trade = {fill["trade_id"]: fill for fill in fills}
    for report in reports:
        row = rows.get(report.client_order_id)
        if row is None:
            log.error("the venue reports an order that is not ours", client_order_id=report.client_order_id)
        elif report.kind == "filled":
            if report.trade_id in fresh:
                _book_fill(work, row, by_trade[report.trade_id], report)
        elif report.kind in _ENDINGS and not (report.kind == "refused" and report.reason == "UNKNOWN_ORDER"):
            change(work, row, _ENDINGS[report.kind], report.at, reason=report.reason)
    await orders.update(work, list(rows.values()))
    return list(rows.values())


def _fill(row: dict[str, Any], report: VenueReport) -> dict[str, Any]:
    assert report.price is not None
    assert report.quantity is not None
    return {
        "fill_id": derive_id(report.at, "fill", row["account_id"], report.trade_id),
        "order_id": row["order_id"],
        "account_id": row["account_id"],
        "user_id": row["user_id"],
        "trade_id": report.trade_id,
        "price": report.price,
        "quantity": report.quantity,
        "notional": times(report.price, report.quantity),
        "fee": report.fee,
        "fee_currency": row["symbol"].split("/")[1],
        "liquidity": report.liquidity,
        "filled_at": report.at,
    }


def _book_fill(work: Work, row: dict[str, Any], fill: dict[str, Any], report: VenueReport) -> None:
    row["filled_quantity"] += fill["quantity"]
    row["filled_notional"] += fill["notional"]
    row["fees"] += fill["fee"]
    state = after_fill(OrderState(row["state"]), row["quantity"], row["filled_quantity"])
    row.update(state=state.value, version=row["version"] + 1, updated_at=report.at)
    event = FillBooked(
        **fill,
        bot_id=row["bot_id"],
        origin=row["origin"],
        exchange=row["exchange"],
        symbol=row["symbol"],
        side=row["side"],
    )
    work.emit(event, at=report.at, event_id=fill["fill_id"], correlation=row["correlation"])
    tell(work, row, report.at)


def venue_order(row: dict[str, Any]) -> VenueOrder:
    """The part of an order that goes to the venue."""
    return VenueOrder(**{name: row[name] for name in VenueOrder.__slots__})
