"""The paper venue's tables: orders that rest, reports, and markets with what was taken from their books."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from millrace.common.db.database import Connection, Database
from millrace.execution.app.ports import VenueOrder, VenueReport
from millrace.venue.book import Book, Level
from millrace.venue.market import Market, MarketState
from millrace.venue.orders import Report, RestingOrder

Key = tuple[str, str]

_PLACE = """
insert into venue_orders (client_order_id, account_id, exchange, symbol, placed_at)
select * from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[])
on conflict do nothing returning client_order_id
"""
_PLACED = ("client_order_id", "account_id", "exchange", "symbol", "signed_at")
_TELL = """
with rested as (
  update venue_orders v set resting = n.resting::jsonb from unnest($1::text[], $2::text[]) as n(id, resting)
  where v.client_order_id = n.id)
insert into venue_reports (client_order_id, kind, body, at)
select id, kind, body::jsonb, at from unnest($3::text[], $4::text[], $5::text[], $6::timestamptz[])
  with ordinality as n(id, kind, body, at, ord) order by ord
"""
_SEEN = "select client_order_id from venue_orders where client_order_id = any($1::text[])"
_REPORTS = "select * from venue_reports where seq > $1 order by seq limit $2"
_MARKET = """
insert into venue_markets (exchange, symbol, price, bar_at, seen_at, book)
select * from unnest($1::text[], $2::text[], $3::numeric[], $4::timestamptz[], $5::timestamptz[], $6::jsonb[])
on conflict (exchange, symbol) do update
  set price = excluded.price, bar_at = excluded.bar_at, seen_at = excluded.seen_at, book = excluded.book
"""


async def place(connection: Connection, orders: Sequence[VenueOrder]) -> set[str]:
    """Note orders for ever; the client order ids returned are those never seen before."""
    rows = await connection.fetch(_PLACE, *([getattr(o, name) for o in orders] for name in _PLACED))
    return {row["client_order_id"] for row in rows}


async def store_reports(connection: Connection, reports: Sequence[Report], books: Mapping[str, Market]) -> None:
    """Write reports in their order and how the orders they speak of rest now; `books` says where each order is."""
    found = {name: books[name].order(name) for name in dict.fromkeys(report.client_order_id for report in reports)}
    texts = [None if order is None else _text(order) for order in found.values()]
    await connection.execute(
        _TELL,
        list(found),
        texts,
        [r.client_order_id for r in reports],
        [r.kind for r in reports],
        [_text(r) for r in reports],
        [r.at for r in reports],
    )


async def store_markets(connection: Connection, markets: Mapping[Key, Market]) -> None:
    """Write what markets know besides their orders."""
    if not markets:
        return
    states = [market.state for market in markets.values()]
    await connection.execute(
        _MARKET,
        [exchange for exchange, _ in markets],
        [symbol for _, symbol in markets],
        [market.price for market in markets.values()],
        [state.bar_at for state in states],
        [state.seen_at for state in states],
        [None if state.book is None else _text(state.book) for state in states],
    )


async def restore(connection: Connection, market: Callable[[Key], Market]) -> None:
    """Give each market back what is stored of it."""
    orders: dict[Key, list[RestingOrder]] = {}
    for row in await connection.fetch("select exchange, symbol, resting from venue_orders where resting is not null"):
        orders.setdefault((row["exchange"], row["symbol"]), []).append(_resting(row["resting"]))
    states = {(row["exchange"], row["symbol"]): row for row in await connection.fetch("select * from venue_markets")}
    for key in {*orders, *states}:
        found = market(key)
        found.restore(orders.get(key, ()), _state(states[key], found) if key in states else MarketState())


async def known(database: Database, client_order_ids: Sequence[str]) -> set[str]:
    """Which of these orders were ever placed."""
    return {row["client_order_id"] for row in await database.fetch(_SEEN, list(client_order_ids))}


async def reports(database: Database, after: int, limit: int) -> list[VenueReport]:
    """The reports after a number, in order."""
    return [_report(row) for row in await database.fetch(_REPORTS, after, limit)]


def _text(value: Any) -> str:
    return orjson.dumps(value, default=_plain).decode()


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, Level) else str(value)


def _resting(text: str) -> RestingOrder:
    found = orjson.loads(text)
    return RestingOrder(**{**found, "at": datetime.fromisoformat(found["at"])})


def _state(row: Any, market: Market) -> MarketState:
    price: Decimal | None = row["price"]
    last = None if price is None else int(price / market.instrument.tick_size)
    return MarketState(last, row["bar_at"], row["seen_at"], _book(row["book"]))


def _book(text: str | None) -> Book | None:
    if text is None:
        return None
    found = orjson.loads(text)
    bids, asks = (tuple(Level(*level) for level in found[side]) for side in ("bids", "asks"))
    return Book(datetime.fromisoformat(found["at"]), found["update_id"], bids, asks)


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
