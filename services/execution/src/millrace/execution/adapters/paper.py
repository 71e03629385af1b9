"""The paper venue: libs/venue's markets with books of their own in PostgreSQL.

It behaves as an exchange would: it keeps what it accepted, knows client order ids for ever, and tells its story as
numbered reports. Every write is fenced by the account's epoch. Markets are rebuilt from their rows after a failure,
because memory must never know more than the database.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from millrace.common.db.database import Connection, Database
from millrace.common.kernel.instruments import INSTRUMENTS, instrument
from millrace.common.kernel.market import Candle
from millrace.execution.app.leases import Leases
from millrace.execution.app.ports import VenueOrder, VenueReport
from millrace.venue.market import Market
from millrace.venue.orders import NewOrder, Report, RestingOrder

Key = tuple[str, str]
_Act = Callable[[set[str]], list[Report]]

_SEEN = "select client_order_id from venue_orders where client_order_id = any($1::text[])"
_PLACE = """
insert into venue_orders (client_order_id, account_id, exchange, symbol, placed_at)
select * from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[])
"""
_PLACED = ("client_order_id", "account_id", "exchange", "symbol", "signed_at")
_REST = """
update venue_orders v set resting = n.resting::jsonb from unnest($1::text[], $2::text[]) as n(id, resting)
where v.client_order_id = n.id
"""
_REPORT = """
insert into venue_reports (client_order_id, kind, body, at)
select id, kind, body::jsonb, at from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[])
  with ordinality as n(id, kind, body, at, ord) order by ord
"""
_MARKET = """
insert into venue_markets values ($1, $2, $3, $4)
on conflict (exchange, symbol) do update set price = excluded.price, bar_at = excluded.bar_at
"""
_REPORTS = "select * from venue_reports where seq > $1 order by seq limit $2"


class PaperVenue:
    """All paper accounts' exchange. `news` is called when there are new reports."""

    def __init__(self, database: Database, leases: Leases, slippage_ticks: int = 0) -> None:
        self._database = database
        self._leases = leases
        self._slippage = slippage_ticks
        self._markets: dict[Key, Market] = {}
        self._turn = asyncio.Lock()
        self.news: Callable[[], None] = lambda: None

    def price(self, exchange: str, symbol: str) -> Decimal | None:
        """The market's last price, if it has been seen."""
        market = self._markets.get((exchange, symbol))
        return market.price if market else None

    def on_price(self, exchange: str, symbol: str, price: Decimal) -> None:
        """A trade was seen in the market; what is placed from now on meets this price."""
        if (exchange, symbol) in INSTRUMENTS and price > 0:
            self._market((exchange, symbol)).on_price(price)

    async def load(self) -> None:
        """Rebuild every market from what is stored."""
        async with self._database.transaction() as connection:
            markets = await connection.fetch("select * from venue_markets")
            resting = await connection.fetch("select * from venue_orders where resting is not null order by placed_at")
        self._markets = {}
        stored = {(row["exchange"], row["symbol"]): row for row in markets}
        books: dict[Key, list[RestingOrder]] = {}
        for row in resting:
            books.setdefault((row["exchange"], row["symbol"]), []).append(_resting(row["resting"]))
        for key in {*stored, *books}:
            found = stored.get(key)
            price, bar_at = (found["price"], found["bar_at"]) if found else (None, None)
            self._market(key).restore(books.get(key, []), price, bar_at)

    def _market(self, key: Key) -> Market:
        if key not in self._markets:
            self._markets[key] = Market(instrument(*key), slippage_ticks=self._slippage)
        return self._markets[key]

    async def submit(self, orders: Sequence[VenueOrder]) -> None:
        await self._write(lambda seen: self._place(orders, seen), orders, placing=True)

    async def cancel(self, orders: Sequence[VenueOrder], at: datetime) -> None:
        def cancelled(_: set[str]) -> list[Report]:
            return [r for o in orders for r in self._market((o.exchange, o.symbol)).cancel(o.client_order_id, at)]

        await self._write(cancelled, orders, placing=False)

    def _place(self, orders: Sequence[VenueOrder], seen: set[str]) -> list[Report]:
        reports: list[Report] = []
        for order in orders:
            if order.client_order_id not in seen:
                reports += self._market((order.exchange, order.symbol)).submit(_new(order))
        return reports

    async def _write(
        self, act: Callable[[set[str]], list[Report]], orders: Sequence[VenueOrder], *, placing: bool
    ) -> None:
        async with self._turn:
            try:
                async with self._database.transaction() as connection:
                    await self._leases.check(connection, [(o.account_id, o.epoch) for o in orders])
                    seen = await self._seen(connection, [o.client_order_id for o in orders])
                    fresh = [o for o in orders if placing and o.client_order_id not in seen]
                    if fresh:
                        await connection.execute(
                            _PLACE,
                            *([getattr(o, name) for o in fresh] for name in _PLACED),
                        )
                    await self._store(connection, act(seen))
            except BaseException:
                await asyncio.shield(self._recover())
                raise
        self.news()

    async def _recover(self) -> None:
        prices = {key: market.price for key, market in self._markets.items()}
        await self.load()
        for key, price in prices.items():
            if price is not None:
                self._market(key).on_price(price)

    async def _seen(self, connection: Connection, ids: Sequence[str]) -> set[str]:
        return {row["client_order_id"] for row in await connection.fetch(_SEEN, list(ids))}

    async def on_candles(self, candles: Iterable[Candle]) -> None:
        """Closed bars: match what rests against them. A bar seen before changes nothing."""
        async with self._turn:
            try:
                async with self._database.transaction() as connection:
                    for bar in candles:
                        reports = self._market((bar.exchange, bar.symbol)).on_bar(bar)
                        await connection.execute(_MARKET, bar.exchange, bar.symbol, bar.close, bar.opened_at)
                        await self._store(connection, reports)
            except BaseException:
                await asyncio.shield(self._recover())
                raise
        self.news()

    async def _store(self, connection: Connection, reports: Sequence[Report]) -> None:
        if not reports:
            return
        book = {o.client_order_id: o for market in self._markets.values() for o in market.resting()}
        touched = list(dict.fromkeys(r.client_order_id for r in reports))
        texts = [_text(asdict(book[c])) if c in book else None for c in touched]
        await connection.execute(_REST, touched, texts)
        await connection.execute(
            _REPORT,
            [r.client_order_id for r in reports],
            [r.kind for r in reports],
            [_text(asdict(r)) for r in reports],
            [r.at for r in reports],
        )

    async def known(self, client_order_ids: Sequence[str]) -> set[str]:
        async with self._database.transaction() as connection:
            return await self._seen(connection, client_order_ids)

    async def reports(self, after: int, limit: int) -> list[VenueReport]:
        rows = await self._database.fetch(_REPORTS, after, limit)
        return [_report(row) for row in rows]


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


def _text(value: dict[str, Any]) -> str:
    return orjson.dumps(value, default=str).decode()


def _resting(text: str) -> RestingOrder:
    found = orjson.loads(text)
    return RestingOrder(**{**found, "at": datetime.fromisoformat(found["at"])})


def _report(row: Any) -> VenueReport:
    body = orjson.loads(row["body"])

    def amount(name: str) -> Decimal | None:
        return None if body[name] is None else Decimal(body[name])

    return VenueReport(
        seq=row["seq"],
        client_order_id=row["client_order_id"],
        kind=row["kind"],
        at=row["at"],
        reason=body["reason"],
        trade_id=body["trade_id"],
        price=amount("price"),
        quantity=amount("quantity"),
        fee=amount("fee"),
        liquidity=body["liquidity"],
    )
