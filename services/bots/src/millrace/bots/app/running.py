"""A strategy at work: one bot for each symbol and timeframe, on the user's default account."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from millrace.bots.app import queries
from millrace.bots.app.commands import changed, create_bot
from millrace.bots.app.strategies import get, place
from millrace.common.db.work import Work
from millrace.common.kernel.errors import Code, MillraceError, not_found

Row = dict[str, Any]

_RUNS = """
insert into strategy_runs as r (user_id, strategy_id, is_active, autopilot, started_at, capital, max_position_size,
  max_drawdown) values ($1, $2, true, $3, $4, $5, $6, $7)
on conflict (user_id, strategy_id) do update set is_active = true, autopilot = excluded.autopilot, stopped_at = null,
  started_at = excluded.started_at, capital = excluded.capital, max_position_size = excluded.max_position_size,
  max_drawdown = excluded.max_drawdown, peak = r.profit
"""
_STAYS = "select id from strategies where id = $1 for key share"  # or it is deleted meanwhile
_STOPS = "update strategy_runs set is_active = false, stopped_at = $3 where user_id = $1 and strategy_id = $2"


class Limits(NamedTuple):
    """Of a run: the most in one position (up to 1 a share of equity, above 1 an amount), the most it may fall."""

    max_position_size: Decimal | None
    max_drawdown: Decimal | None


async def start(
    work: Work,
    user_id: UUID,
    row: Row,
    timeframe: str,
    now: datetime,
    *,
    autopilot: bool = False,
    limits: Limits | None = None,
) -> Row:
    """Run it; `timeframe` where it names none. One that runs goes on as it began, with the bots that its user has
    stopped or deleted since; the autopilot leaves those alone.

    Raises INVALID_STATE without an account, or when an administrator holds one of its bots.
    """
    if row["is_active"] and autopilot:
        return row
    if await work.connection.fetchval(_STAYS, row["id"]) is None:
        raise not_found("strategy")
    exchange, symbols = place(row["symbols"])
    account_id = await queries.account_for(work.connection, user_id, exchange)
    if account_id is None:
        raise MillraceError(Code.INVALID_STATE, f"there is no account on {exchange} to trade with")
    if not row["is_active"]:
        capital = await work.connection.fetchval("select equity from accounts where account_id = $1", account_id)
        limits = limits or Limits(row["max_position_size"], row["max_drawdown"])
        await work.connection.execute(_RUNS, user_id, row["id"], autopilot, now, capital, *limits)
    known = {(b["symbol"], b["timeframe"]): b for b in await queries.managed(work.connection, user_id, row["id"])}
    for symbol in symbols:
        for bars in row["timeframes"] or [timeframe]:
            bot = known.get((symbol, bars)) or await _bot(work, user_id, row, exchange, symbol, bars, now)
            await changed(work, bot, "start", now)
    return await get(work.connection, user_id, row["id"])


async def _bot(work: Work, user_id: UUID, row: Row, exchange: str, symbol: str, timeframe: str, now: datetime) -> Row:
    asked = {
        "name": f"{row['name']} {symbol} {timeframe}",
        "base_name": row["name"],
        "strategy_id": row["id"],
        "exchange": exchange,
        "symbol": symbol,
        "timeframe": timeframe,
        "trading_mode": "paper" if row["is_paper_trading"] else "live",
        "origin": row["origin"],
    }
    return await create_bot(work, user_id, asked, timeframe, now, managed_by=row["id"])


async def stop(
    work: Work, user_id: UUID, row: Row, now: datetime, forget: Callable[[UUID], None], verb: str = "stop"
) -> Row:
    """Stop its bots (or `delete` them); what they hold stays. One that does not run stays as it is."""
    for bot in await queries.managed(work.connection, user_id, row["id"]):
        if verb == "delete" or bot["status"] in ("active", "paused"):
            await changed(work, bot, verb, now)
            work.after_commit(partial(forget, bot["id"]))
    if row["is_active"]:
        await work.connection.execute(_STOPS, user_id, row["id"], now)
    return await get(work.connection, user_id, row["id"])
