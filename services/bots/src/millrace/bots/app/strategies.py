"""Strategies as their users see them: the built-in ones and their own."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from millrace.bots.app.queries import Ref, shown
from millrace.bots.domain.builtin import bound_to, check_type, known_parameters
from millrace.common.db.database import Connection
from millrace.common.db.work import Work
from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.common.kernel.ids import new_id
from millrace.common.kernel.instruments import INSTRUMENTS, instrument
from millrace.common.kernel.timeframes import parse_timeframe

Row = dict[str, Any]

MOST_BOTS = 50
_SEEN = """
from strategies s left join strategy_runs r on r.strategy_id = s.id and r.user_id = $1
where (s.user_id is null or s.user_id = $1)
"""
_VIEW = f"""
select s.*, coalesce(r.is_active, false) as is_active, r.started_at, r.stopped_at, r.capital {_SEEN}
"""
_FILTER = "and ($2::boolean is null or coalesce(r.is_active, false) = $2) and ($3::text is null or strategy_type = $3)"
_LIST = f"{_VIEW} {_FILTER} order by s.num limit $4 offset $5"
_COUNT = f"select count(*) {_SEEN} {_FILTER}"
_INSERT = """
insert into strategies (id, user_id, name, description, strategy_type, bound, config, parameters, symbols, timeframes,
  is_paper_trading, max_position_size, max_drawdown, origin, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)
on conflict (id) do nothing
"""
_UPDATE = """
update strategies set name = $3, description = $4, strategy_type = $5, bound = $6, config = $7, parameters = $8,
  symbols = $9, timeframes = $10, updated_at = $11
where user_id = $1 and id = $2
"""


class Place(NamedTuple):
    """Where a strategy trades: one exchange, and its symbols there in our own spelling."""

    exchange: str
    symbols: list[str]


def place(symbols: list[str]) -> Place:
    """The first exchange that has all of them; without any, the first market there is. Raises INVALID_SYMBOL."""
    if not symbols:
        exchange, symbol = next(iter(INSTRUMENTS))
        return Place(exchange, [symbol])
    problem: MillraceError | None = None
    for exchange in dict.fromkeys(there for there, _ in INSTRUMENTS):
        try:
            return Place(exchange, list(dict.fromkeys(instrument(exchange, one).symbol for one in symbols)))
        except MillraceError as wrong:
            problem = problem or wrong
    assert problem is not None
    raise problem


async def page(
    connection: Connection, user_id: UUID, is_active: bool | None, kind: str | None, limit: int, offset: int
) -> tuple[list[Row], int]:
    """The strategies, built-in ones first and then by age, and how many there are."""
    rows = await connection.fetch(_LIST, user_id, is_active, kind, limit, offset)
    return [shown(row) for row in rows], await connection.fetchval(_COUNT, user_id, is_active, kind)


async def get(connection: Connection, user_id: UUID, ref: Ref) -> Row:
    """One of them. Raises NOT_FOUND."""
    named = "s.num = $2" if isinstance(ref, int) else "s.id = $2"
    row = await connection.fetchrow(f"{_VIEW} and {named}", user_id, ref)
    if row is None:
        raise not_found("strategy")
    return shown(row)


async def own(work: Work, user_id: UUID, ref: Ref) -> Row:
    """One of the user's own, locked. Raises NOT_FOUND, and INVALID_STATE for a built-in one."""
    row = await get(work.connection, user_id, ref)
    if row["user_id"] is None:
        raise MillraceError(Code.INVALID_STATE, "a built-in strategy cannot be changed; make one of your own")
    await work.connection.execute("select from strategies where id = $1 for update", row["id"])
    return await get(work.connection, user_id, row["id"])


async def create(work: Work, user_id: UUID, asked: Mapping[str, Any], now: datetime) -> Row:
    """Make a strategy; it is not active.

    Raises what is wrong with the type, the symbols and timeframes, and the parameters that the type takes.
    """
    symbols, timeframes = _bars(asked)
    kind, config = asked["strategy_type"], asked["config"]
    check_type(kind)
    strategy_id = asked["intent_id"] or new_id()
    await work.connection.execute(
        _INSERT,
        strategy_id,
        user_id,
        asked["name"],
        asked["description"],
        kind,
        bound_to(kind),
        _text(config),
        _text(known_parameters(kind, config)),
        symbols,
        timeframes,
        asked["is_paper_trading"],
        asked["max_position_size"],
        asked["max_drawdown"],
        asked["origin"],
        now,
    )
    return await get(work.connection, user_id, strategy_id)


def _bars(asked: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    symbols, timeframes = list(asked["symbols"]), [parse_timeframe(one) for one in asked["timeframes"]]
    if max(1, len(symbols)) * max(1, len(timeframes)) > MOST_BOTS:
        text = f"has more than {MOST_BOTS} pairs of symbol and timeframe"
        raise MillraceError(Code.VALIDATION_ERROR, f"the strategy {text}", fields={"symbols": text})
    place(symbols)
    return symbols, list(dict.fromkeys(timeframes))


def needs_other_bots(row: Row, changes: Mapping[str, Any]) -> bool:
    """Whether a change is one of the type or of the markets, with which its bots cannot go on."""
    return any(changes[name] not in (None, row[name]) for name in ("strategy_type", "symbols", "timeframes"))


async def update(work: Work, row: Row, changes: Mapping[str, Any], now: datetime) -> Row:
    """Replace what is given. The bots it runs go on with the new parameters, warmed up afresh.

    Raises what `create` does; a type that stays is not judged again.
    """
    fresh = {**row, **{name: value for name, value in changes.items() if value is not None}}
    kind, bars = fresh["strategy_type"], _bars(fresh)
    if kind != row["strategy_type"]:
        check_type(kind)
    parameters = known_parameters(kind, fresh["config"])
    same = (fresh["name"], fresh["description"], kind, bound_to(kind), _text(fresh["config"]), _text(parameters))
    await work.connection.execute(_UPDATE, row["user_id"], row["id"], *same, *bars, now)
    if parameters != row["parameters"]:
        query = """
        update bots set parameters = $3, anchor_at = null, updated_at = $4
        where user_id = $1 and managed_by = $2 and status <> 'deleted'
        """
        await work.connection.execute(query, row["user_id"], row["id"], _text(parameters), now)
    return await get(work.connection, row["user_id"], row["id"])


async def delete(work: Work, row: Row) -> None:
    """Forget a strategy that runs nothing; bots that its owner made of it keep running on what they were bound to."""
    await work.connection.execute("delete from strategies where user_id = $1 and id = $2", row["user_id"], row["id"])


def _text(value: Any) -> str:
    return orjson.dumps(value, default=str).decode()
