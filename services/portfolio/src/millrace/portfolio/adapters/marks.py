"""Values accounts at market when a candle closes."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from millrace.common.db.work import Work
from millrace.common.events.market import CandleClosed
from millrace.common.events.message import Message
from millrace.common.events.portfolio import EquityMarked, MarkedPosition
from millrace.common.kernel.money import ZERO, times
from millrace.common.kernel.symbols import parse_symbol
from millrace.portfolio.adapters import sql
from millrace.portfolio.domain.equity import Mark, valued


async def mark_accounts(work: Work, messages: Sequence[Message[CandleClosed]]) -> None:
    """Note an exchange's prices of one instant, and mark every account there that holds one of them, or has moved since
    its last mark.

    A mark that says nothing new (another timeframe's candle of the same instant) is not told.
    """
    message = messages[0]
    candle = message.event
    fetch = work.connection.fetch
    closes = {m.event.symbol: m.event.close for m in messages}
    bases = [parse_symbol(symbol).base for symbol in closes]
    holders = await fetch(sql.MARK, candle.exchange, list(closes), list(closes.values()), message.at, bases)
    if not holders:
        return
    ids = [row["account_id"] for row in holders]
    prices = {row["symbol"]: row["price"] for row in await fetch(sql.PRICES, candle.exchange)}
    holdings: dict[UUID, dict[str, Decimal]] = {}
    for row in await fetch(sql.HOLDINGS, ids):
        holdings.setdefault(row["account_id"], {})[row["currency"]] = row["total"]
    positions: dict[UUID, list[Any]] = {}
    for row in await fetch(sql.OPEN_POSITIONS, ids):
        positions.setdefault(row["account_id"], []).append(row)
    marks = [(row, _mark(row, holdings.get(row["account_id"], {}), prices, message)) for row in holders]
    news = [(row, mark) for row, mark in marks if _is_news(row, mark)]
    await _write(work, message, news)
    for row, mark in news:
        cash = holdings.get(row["account_id"], {}).get(row["currency"], ZERO)
        _tell(work, message, row, mark, cash, [_at_market(p, prices) for p in positions.get(row["account_id"], ())])


async def _write(work: Work, message: Message[CandleClosed], marks: list[tuple[Any, Mark]]) -> None:
    ids = [row["account_id"] for row, _ in marks]
    columns = [[getattr(mark, name) for _, mark in marks] for name in ("equity", "best", "day", "day_equity")]
    await work.connection.execute(sql.MARKED, message.at, ids, *columns)
    users, drawdowns = [row["user_id"] for row, _ in marks], [mark.drawdown for _, mark in marks]
    await work.connection.execute(sql.EQUITY, message.at, ids, users, columns[0], drawdowns)


def _mark(row: Any, balances: dict[str, Decimal], prices: dict[str, Decimal], message: Message[CandleClosed]) -> Mark:
    equity = valued(balances, row["currency"], prices)
    return Mark(row["equity"], row["best"], row["day"], row["day_equity"], row["marked_at"]).then(equity, message.at)


def _is_news(row: Any, mark: Mark) -> bool:
    return bool(row["moved"] or mark.at != row["marked_at"] or mark.equity != row["equity"])


def _at_market(row: Any, prices: dict[str, Decimal]) -> MarkedPosition:
    entry = row["entry_price"]
    gained = times(row["quantity"], prices.get(row["symbol"], entry) - entry)
    return MarkedPosition(symbol=row["symbol"], quantity=row["quantity"], unrealized_pnl=gained)


def _tell(
    work: Work,
    message: Message[CandleClosed],
    row: Any,
    mark: Mark,
    cash: Decimal,
    positions: list[MarkedPosition],
) -> None:
    work.emit(
        EquityMarked(
            user_id=row["user_id"],
            account_id=row["account_id"],
            currency=row["currency"],
            equity=mark.equity,
            cash=cash,
            unrealized_pnl=sum((position.unrealized_pnl for position in positions), ZERO),
            day_pnl=mark.day_pnl,
            peak=mark.peak,
            drawdown=mark.drawdown,
            marked_at=message.at,
            positions=tuple(positions),
        ),
        message,
    )
