"""The paper venue: libs/venue's markets with books of their own in PostgreSQL.

It behaves as an exchange would: it keeps what it accepted, knows client order ids for ever, and tells its story as
numbered reports. Every write is fenced by the lease, and one task writes at a time.

Prices and order books are heard at once and for nothing, unless an order that rests is moved by them: then the reports
are written in the next turn. Memory must never know more than the database about orders: after a failed turn it is
thrown away and rebuilt from the rows. What was heard of the market since the last fill is lossy and may be lost then.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal

import structlog

from millrace.common.db.database import RETRYABLE, Connection, Database
from millrace.common.kernel.instruments import INSTRUMENTS, instrument
from millrace.common.kernel.market import Candle
from millrace.execution.adapters import paper_rows
from millrace.execution.adapters.paper_rows import Key
from millrace.execution.app.leases import Leases
from millrace.execution.app.ports import VenueOrder, VenueReport
from millrace.venue.market import Levels, Market
from millrace.venue.orders import NewOrder, Report

log = structlog.get_logger()

_HEARD_LIMIT = 10_000
# A turn whose connection was cut may still commit at the server: what comes after it waits until that is decided.
_LOCK = "(select pg_advisory_xact_lock(hashtext('turns of the paper venue of ' || current_schema)))"
_IN_TURN = f"select {_LOCK}"
_Heard = Callable[[Market], list[Report]]


class PaperVenue:
    """All paper accounts' exchange. `news` is called when there are new reports."""

    def __init__(self, database: Database, leases: Leases, slippage_ticks: int = 0) -> None:
        self.news: Callable[[], None] = lambda: None
        self._database = database
        self._leases = leases
        self._slippage = slippage_ticks
        self._markets: dict[Key, Market] = {}
        self._stale = True
        self._turn = asyncio.Lock()
        self._heard: deque[tuple[Key, _Heard]] = deque(maxlen=_HEARD_LIMIT)
        self._said: list[tuple[Market, Report]] = []
        self._due = asyncio.Event()

    @property
    def busy(self) -> bool:
        """Whether something is under way that is not written yet."""
        return self._turn.locked() or bool(self._said)

    def price(self, exchange: str, symbol: str) -> Decimal | None:
        """The market's last price, if it has been seen."""
        market = self._markets.get((exchange, symbol))
        return market.price if market else None

    def on_price(
        self, exchange: str, symbol: str, price: Decimal, quantity: Decimal = Decimal(0), at: datetime | None = None
    ) -> None:
        """A trade was seen in the market, of `quantity` at the instant `at` where these are known; what is placed from
        now on meets this price."""
        if (exchange, symbol) in INSTRUMENTS and price > 0:
            self._hear((exchange, symbol), lambda market: _traded(market, price, quantity, at))

    def on_book(
        self, exchange: str, symbol: str, bids: Levels, asks: Levels, at: datetime, last_update_id: int
    ) -> None:
        """The market's order book was seen; takers get what it shows."""
        if (exchange, symbol) in INSTRUMENTS:
            self._hear((exchange, symbol), lambda market: market.on_book(bids, asks, at, last_update_id))

    async def load(self) -> None:
        """Rebuild every market from what is stored."""
        async with self._turn:
            await self._database.fetch(_IN_TURN)
            async with self._database.transaction() as connection:
                await self._restore(connection)
            self._catch_up()

    async def run(self) -> None:
        """Write for ever what prices and books have done to the orders at rest. Raises `Fenced` when another leads."""
        while True:
            await self._due.wait()
            self._due.clear()
            try:
                async with self._in_turn(()):
                    pass
            except RETRYABLE as problem:
                log.warning("what the market did to the orders at rest is not written yet", error=repr(problem))

    async def submit(self, orders: Sequence[VenueOrder]) -> None:
        async with self._in_turn(orders) as connection:
            fresh = await paper_rows.place(connection, orders)
            for order in orders:
                if order.client_order_id in fresh:
                    fresh.remove(order.client_order_id)
                    market = self._market((order.exchange, order.symbol))
                    self._say(market, market.submit(_new(order)))

    async def cancel(self, orders: Sequence[VenueOrder], at: datetime) -> None:
        async with self._in_turn(orders):
            for order in orders:
                market = self._market((order.exchange, order.symbol))
                self._say(market, market.cancel(order.client_order_id, at))

    async def on_candles(self, candles: Iterable[Candle]) -> None:
        """Closed bars: match what rests against them. A bar seen before changes nothing."""
        bars = [bar for bar in candles if (bar.exchange, bar.symbol) in INSTRUMENTS]
        if not bars:
            return
        async with self._in_turn(()) as connection:
            moved = {}
            for bar in bars:
                market = self._market((bar.exchange, bar.symbol))
                before = market.state.bar_at
                self._say(market, market.on_bar(bar))
                if market.state.bar_at != before:
                    moved[bar.exchange, bar.symbol] = market
            await paper_rows.store_markets(connection, moved)

    async def known(self, client_order_ids: Sequence[str]) -> set[str]:
        await self._database.fetch(_IN_TURN)
        return await paper_rows.known(self._database, client_order_ids)

    async def reports(self, after: int, limit: int) -> list[VenueReport]:
        return await paper_rows.reports(self._database, after, limit)

    @asynccontextmanager
    async def _in_turn(self, orders: Sequence[VenueOrder]) -> AsyncIterator[Connection]:
        """A fenced transaction on up-to-date markets; what was said in it is written at its end."""
        async with self._turn:
            try:
                async with self._database.transaction() as connection:
                    if orders:
                        await self._leases.check(connection, [(o.account_id, o.epoch) for o in orders], _LOCK)
                    else:
                        await self._leases.hold(connection)
                        await connection.execute(_IN_TURN)
                    if self._stale:
                        await self._restore(connection)
                    self._catch_up()
                    yield connection
                    await self._store(connection)
            except BaseException:
                self._stale = True
                self._said = []
                raise
            told, self._said = bool(self._said), []
            self._catch_up()
        if told:
            self.news()

    async def _restore(self, connection: Connection) -> None:
        prices = {key: market.price for key, market in self._markets.items()}
        self._markets, self._said = {}, []
        await paper_rows.restore(connection, self._market)
        for key, price in prices.items():
            if price is not None:
                self._market(key).on_price(price)
        self._stale = False

    async def _store(self, connection: Connection) -> None:
        if not self._said:
            return
        books = {report.client_order_id: market for market, report in self._said}
        await paper_rows.store_reports(connection, [report for _, report in self._said], books)
        drawn = {_key(m): m for m, report in self._said if report.kind == "filled" and m.state.book is not None}
        await paper_rows.store_markets(connection, drawn)

    def _hear(self, key: Key, heard: _Heard) -> None:
        self._heard.append((key, heard))
        if self._stale:
            self._due.set()
        elif not self._turn.locked():
            self._catch_up()

    def _catch_up(self) -> None:
        while self._heard:
            key, heard = self._heard.popleft()
            market = self._market(key)
            self._say(market, heard(market))
        if self._said:
            self._due.set()

    def _say(self, market: Market, reports: Iterable[Report]) -> None:
        self._said += [(market, report) for report in reports]

    def _market(self, key: Key) -> Market:
        if key not in self._markets:
            self._markets[key] = Market(instrument(*key), slippage_ticks=self._slippage)
        return self._markets[key]


def _key(market: Market) -> Key:
    return market.instrument.exchange, market.instrument.symbol


def _traded(market: Market, price: Decimal, quantity: Decimal, at: datetime | None) -> list[Report]:
    if at is None:
        market.on_price(price)
        return []
    return market.on_trade(price, quantity, at)


def _new(order: VenueOrder) -> NewOrder:
    return NewOrder(
        client_order_id=order.client_order_id,
        account=str(order.account_id),
        side=order.side,
        order_type=order.order_type,
        quantity=order.quantity,
        at=order.signed_at,
        price=order.price,
        stop_price=order.stop_price,
        time_in_force=order.time_in_force,
    )
