"""What owners do with their bots."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from millrace.bots.app import queries, targets
from millrace.bots.app.choosing import choose
from millrace.bots.app.queries import Ref
from millrace.bots.app.runners import made_from
from millrace.bots.domain.lifecycle import after, check_runs
from millrace.common.db.work import Work
from millrace.common.events.bots import BotChanged
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.ids import new_id
from millrace.common.kernel.instruments import BOT_LIMIT, Instrument, default_symbol, instrument
from millrace.common.kernel.money import ZERO, plain
from millrace.common.kernel.timeframes import parse_timeframe

Row = dict[str, Any]

_UPDATE = """
update bots set name = $2, config = $3, parameters = $4, timeframe = $5, anchor_at = $6, last_candle_at = $7,
  updated_at = $8 where id = $1
"""
_STATE = """
update bots set status = $2, reason = null, updated_at = $3, anchor_at = $4, held_active = false where id = $1
"""
_RUN = """
select from strategy_runs r join bots b on (b.user_id, b.managed_by) = (r.user_id, r.strategy_id)
where b.user_id = $1 and $2 in (b.id::text, b.num::text) for update of r
"""
_IDLE = """
update strategy_runs set is_active = false, stopped_at = $3 where user_id = $1 and strategy_id = $2 and is_active
  and not exists (select from bots where user_id = $1 and managed_by = $2 and status <> 'deleted')
"""
_FORGET = """
update bots b set waiting_since = null, waiting_for = null, committed = 0
where id = $1 and waiting_since < now() - $2::interval
  and not exists (select from bot_orders o where o.bot_id = b.id and o.own and not o.ended)
returning waiting_since, waiting_for, committed
"""
_ALONE = "select pg_advisory_xact_lock(hashtextextended($1, 0))"
_THERE = """
select count(*) from bots
where user_id = $1 and exchange = $2 and id <> $3 and status <> 'deleted' and managed_by is null
"""
_LOST = timedelta(minutes=5)  # by then what is left of a signal has neither an approval nor a deadline to be sent in


def market(exchange: str, symbol: str | None) -> Instrument:
    """The instrument of any spelling; without a symbol the first that the exchange has. Raises INVALID_SYMBOL."""
    return instrument(exchange, symbol or default_symbol(exchange))


async def create_bot(
    work: Work,
    user_id: UUID,
    asked: Mapping[str, Any],
    default_timeframe: str,
    now: datetime,
    managed_by: UUID | None = None,
) -> Row:
    """Make a bot. A strategy id or name that nobody knows is bound to `hold`, which never trades."""
    filters = market(asked["exchange"], asked.get("symbol"))
    account_id = await queries.account_for(work.connection, user_id, filters.exchange)
    if account_id is None:
        raise MillraceError(Code.INVALID_STATE, f"there is no account on {filters.exchange} to trade with")
    chosen = await choose(work.connection, user_id, asked.get("strategy_id"), asked.get("strategy"))
    config = dict(asked.get("config") or {})
    parameters = _parameters(chosen.bound, chosen.parameters, config)
    timeframe = parse_timeframe(str(config.get("timeframe") or asked.get("timeframe") or default_timeframe))
    bot_id = asked.get("intent_id") or new_id()
    if managed_by is None:
        await _room(work, user_id, filters.exchange, bot_id)
    row = await queries.insert_bot(
        work.connection,
        (
            bot_id,
            user_id,
            account_id,
            asked["name"],
            asked.get("base_name") or asked["name"],
            chosen.strategy_id,
            chosen.bound,
            filters.exchange,
            filters.symbol,
            "" if managed_by else asked.get("symbol") or "",  # no client wrote it: each is told in its own words
            timeframe,
            orjson.dumps(config, default=str).decode(),
            orjson.dumps(parameters, default=str).decode(),
            asked.get("trading_mode", "paper"),
            asked.get("risk_mode", "balanced"),
            asked.get("initial_capital", ZERO),
            asked.get("given"),
            asked.get("given_in"),
            managed_by,
            asked["origin"],
            now,
        ),
    )
    if row is None:
        return await queries.get_bot(work.connection, user_id, bot_id)
    tell(work, row, now)
    return row


async def _room(work: Work, user_id: UUID, exchange: str, bot_id: UUID) -> None:
    """Raises VALIDATION_ERROR when the user has as many bots there as one may have; one asked for again is there."""
    await work.connection.execute(_ALONE, f"{user_id} {exchange}")
    if await work.connection.fetchval(_THERE, user_id, exchange, bot_id) >= BOT_LIMIT:
        text = f"you have {BOT_LIMIT} bots at {exchange}, which is the limit; delete one first"
        raise MillraceError(Code.VALIDATION_ERROR, text, fields={"exchange": f"has its {BOT_LIMIT} bots"})


def _parameters(strategy: str, base: Row, config: Row) -> Row:
    given = {} if config.get("parameters") is None else config["parameters"]
    if not isinstance(given, dict):
        what = {"config.parameters": "must be an object"}
        raise MillraceError(Code.VALIDATION_ERROR, "config.parameters must be an object", fields=what)
    parameters = {**base, **given}
    made_from(strategy, parameters, config)
    return parameters


async def change_state(work: Work, user_id: UUID, ref: Ref, verb: str, now: datetime) -> Row:
    """Start, pause, resume, stop, delete or terminate a bot; the last is a stop that leaves no take-profit behind.

    An order its strategy has under way goes on, and the bot still learns how it ends; what its user ordered for a
    bot is cancelled when it is deleted. What a deleted bot holds stays in the account.
    A start does not wait any more for a signal of which nothing has been heard for five minutes. A bot that does
    not run can be paused as well; resumed, it starts. A strategy whose last bot is deleted has stopped.
    """
    if verb == "delete":  # its run before the bot, as a start does: of two bots deleted at once one is the last
        await work.connection.execute(_RUN, user_id, str(ref))
    return await changed(work, await queries.get_bot(work.connection, user_id, ref, lock=True), verb, now)


async def changed(work: Work, row: Row, verb: str, now: datetime) -> Row:
    """The same with a bot that is locked already."""
    if verb in ("delete", "terminate"):
        await targets.forget_bot(work, row["user_id"], row["id"])
    verb = "stop" if verb == "terminate" else verb
    if (verb, row["status"]) == ("stop", "created"):
        return row  # what has never run has stopped
    status = after(verb, row["status"])
    if status == row["status"]:
        return row
    closed = await queries.account(work.connection, row["user_id"], row["account_id"]) is None
    check_runs(verb, row["held_reason"], closed=closed)
    # a start warms up afresh; a resumed bot goes on where it was, if it was paused while it ran
    fresh = verb == "start" or (verb == "pause" and row["status"] != "active")
    row.update(status=status, reason=None, updated_at=now, anchor_at=None if fresh else row["anchor_at"])
    await work.connection.execute(_STATE, row["id"], status, now, row["anchor_at"])
    if verb == "delete" and row["managed_by"]:
        await work.connection.execute(_IDLE, row["user_id"], row["managed_by"], now)
    if fresh and (freed := await work.connection.fetchrow(_FORGET, row["id"], _LOST)):
        row.update(freed)
    held = f"delete: {plain(row['position'])} {row['symbol'].split('/')[0]} stay in the account"
    tell(work, row, now, reason=held if verb == "delete" and row["position"] else verb)
    return row


async def update_bot(work: Work, user_id: UUID, ref: Ref, name: str | None, config: Row | None, now: datetime) -> Row:
    """Change name and configuration; given keys of the configuration replace the old ones.

    A running bot goes on with it from the next candle. Other parameters or another timeframe warm up afresh.
    """
    row = await queries.get_bot(work.connection, user_id, ref, lock=True)
    merged = {**row["config"], **(config or {})}
    parameters = _parameters(row["strategy"], row["parameters"], merged)
    timeframe = row["timeframe"]
    if "timeframe" in (config or {}):
        timeframe = parse_timeframe(str(merged["timeframe"]))
    if timeframe != row["timeframe"]:
        row.update(last_candle_at=None)  # the candles of two timeframes are not in one order
    if timeframe != row["timeframe"] or parameters != row["parameters"]:
        row.update(anchor_at=None)
    row.update(name=name or row["name"], config=merged, parameters=parameters, timeframe=timeframe, updated_at=now)
    await work.connection.execute(
        _UPDATE,
        row["id"],
        row["name"],
        orjson.dumps(merged, default=str).decode(),
        orjson.dumps(parameters, default=str).decode(),
        *(row[column] for column in ("timeframe", "anchor_at", "last_candle_at", "updated_at")),
    )
    tell(work, row, now, reason="configured")
    return row


def tell(work: Work, row: Row, now: datetime, reason: str | None = None) -> None:
    """Say what a bot is now."""
    names = ("user_id", "account_id", "name", "strategy", "exchange", "symbol", "timeframe", "status")
    changed = BotChanged(bot_id=row["id"], **{n: row[n] for n in names}, reason=reason, changed_at=now)
    work.emit(changed, at=now)
