"""The ledger in PostgreSQL, written a page at a time: one statement however many messages."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import orjson

from millrace.common.db.work import Work
from millrace.common.events.market import CandleClosed
from millrace.common.events.message import Message
from millrace.common.events.portfolio import BalanceChanged, PositionChanged
from millrace.common.events.trading import AccountOpened, FillBooked
from millrace.common.kernel.ids import derive_id
from millrace.common.kernel.money import ZERO
from millrace.common.kernel.symbols import QUOTES
from millrace.portfolio.adapters import sql
from millrace.portfolio.adapters.marks import mark_accounts
from millrace.portfolio.app.balances import rates
from millrace.portfolio.domain.equity import day_of
from millrace.portfolio.domain.ledger import Leg, cash
from millrace.portfolio.domain.position import Position

PositionKey = tuple[UUID, str, UUID | None]
_SYMBOL = 7


class PostgresPage:
    """One unit of work's changes."""

    def __init__(self, work: Work, usdt_zar: Decimal) -> None:
        self._work = work
        self._usdt_zar = usdt_zar
        self._transactions: list[tuple[Any, ...]] = []
        self._entries: list[tuple[Any, ...]] = []
        self._trades: list[tuple[Any, ...]] = []
        self._positions: dict[UUID, Position] = {}
        self._open: dict[PositionKey, Position | None] = {}
        self._deltas: dict[tuple[UUID, str], Decimal] = {}
        self._causes: dict[UUID, tuple[UUID, Message[Any]]] = {}

    async def open(self, account: AccountOpened, at: datetime) -> None:
        await self._work.connection.execute(
            sql.ACCOUNT,
            account.account_id,
            account.user_id,
            account.exchange,
            account.mode,
            account.currency,
            account.initial_balance,
            at,
            day_of(at),
        )

    async def close(self, account_id: UUID, at: datetime) -> None:
        await self._work.connection.execute(sql.CLOSE, account_id, at)

    def post(
        self,
        transaction_id: UUID,
        account_id: UUID,
        user_id: UUID,
        kind: str,
        ref: str,
        message: Message[Any],
        legs: Sequence[Leg],
    ) -> None:
        self._transactions.append((transaction_id, account_id, user_id, kind, ref, message.at))
        for number, leg in enumerate(legs):
            line = (transaction_id, number, account_id, user_id, leg.book, leg.currency, leg.amount)
            self._entries.append(line)
        for currency, amount in cash(list(legs)).items():
            key = (account_id, currency)
            self._deltas[key] = self._deltas.get(key, ZERO) + amount
        self._causes[account_id] = (user_id, message)

    async def position(self, fill: FillBooked) -> Position:
        key = (fill.account_id, fill.symbol, fill.bot_id)
        if key not in self._open:
            row = await self._work.connection.fetchrow(sql.POSITION, *key)
            self._open[key] = Position(**dict(row)) if row else None
        found = self._open[key] = self._open[key] or _new_position(fill)
        return found

    def trade(self, fill: FillBooked, position: Position, realised: Decimal) -> None:
        self._positions[position.id] = position
        self._trades.append(
            (
                fill.fill_id,
                fill.order_id,
                position.id,
                fill.account_id,
                fill.user_id,
                fill.bot_id,
                fill.exchange,
                fill.symbol,
                fill.side.value,
                fill.price,
                fill.quantity,
                fill.fee,
                realised,
                fill.filled_at,
            )
        )

    def closed(self, position: Position) -> None:
        self._open[position.account_id, position.symbol, position.bot_id] = None

    async def write(self) -> None:
        """Write everything gathered so far, then say what changed."""
        moved = sorted(self._deltas)
        trades = await self._rated()
        tables = [
            _columns(self._transactions, 6),
            _columns(self._entries, 7),
            _columns([[getattr(p, name) for name in sql.POSITION_FIELDS] for p in self._positions.values()], 14),
            _columns(trades, 15),
            _columns([(key[0], self._causes[key[0]][0], key[1], self._deltas[key]) for key in moved], 4),
        ]
        if not any(columns[0] for columns in tables):
            return
        rows = await self._work.connection.fetch(sql.WRITE, *(column for columns in tables for column in columns))
        self._tell_balances(rows)
        for position in self._positions.values():
            self._tell(position)
        for gathered in (self._transactions, self._entries, self._trades, self._positions, self._deltas):
            gathered.clear()

    async def _rated(self) -> list[tuple[Any, ...]]:
        """The trades with the rates of this moment: a page ends before the next price is noted."""
        if not self._trades:
            return []
        rate = await rates(self._work.connection, self._usdt_zar)
        quotes = [trade[_SYMBOL].split("/")[1] for trade in self._trades]
        known = {quote: orjson.dumps(rate.of(quote, QUOTES), default=str).decode() for quote in set(quotes)}
        return [(*trade, known[quote]) for trade, quote in zip(self._trades, quotes, strict=True)]

    def _tell_balances(self, rows: Sequence[Any]) -> None:
        for row in sorted(rows, key=lambda r: (r["account_id"], r["currency"])):
            user_id, message = self._causes[row["account_id"]]
            changed = BalanceChanged(
                user_id=user_id,
                account_id=row["account_id"],
                currency=row["currency"],
                total=row["total"],
                cause=str(message.id),
            )
            self._work.emit(changed, message)

    def _tell(self, position: Position) -> None:
        event = PositionChanged(
            position_id=position.id,
            **{n: getattr(position, n) for n in PositionChanged.model_fields if n != "position_id"},
        )
        self._work.emit(event, self._causes[position.account_id][1])


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


def _new_position(fill: FillBooked) -> Position:
    return Position(
        id=derive_id(fill.filled_at, "position", fill.account_id, fill.symbol, fill.bot_id, fill.fill_id),
        account_id=fill.account_id,
        user_id=fill.user_id,
        bot_id=fill.bot_id,
        exchange=fill.exchange,
        symbol=fill.symbol,
        origin=fill.origin,
        opened_at=fill.filled_at,
        updated_at=fill.filled_at,
    )


class PostgresBooks:
    """Pages, one for each unit of work; `usdt_zar` is the rate of rand where markets give none."""

    def __init__(self, usdt_zar: Decimal) -> None:
        self._usdt_zar = usdt_zar

    async def page(self, work: Work) -> PostgresPage:
        await self._mark(work)  # the candles before the fill count
        return self._page(work)

    async def mark(self, work: Work, message: Message[CandleClosed]) -> None:
        waiting = self._candles(work)
        if waiting and waiting[0].at != message.at:
            await self._mark(work)
        if not waiting:
            await self._page(work).write()  # the fills before the candle count
        waiting.append(message)

    def _page(self, work: Work) -> PostgresPage:
        page: PostgresPage | None = work.cache.get(PostgresPage)
        if page is None:
            page = work.cache[PostgresPage] = PostgresPage(work, self._usdt_zar)
            work.before_flush(page.write)
        return page

    def _candles(self, work: Work) -> list[Message[CandleClosed]]:
        """Those of one instant, which wait to be marked together."""
        waiting: list[Message[CandleClosed]] | None = work.cache.get(CandleClosed)
        if waiting is None:
            waiting = work.cache[CandleClosed] = []
            work.before_flush(partial(self._mark, work))
        return waiting

    async def _mark(self, work: Work) -> None:
        waiting = self._candles(work)
        candles: dict[str, list[Message[CandleClosed]]] = {}
        for message in waiting:
            candles.setdefault(message.event.exchange, []).append(message)
        waiting.clear()
        for of_exchange in candles.values():
            await mark_accounts(work, of_exchange)
