"""A user's system mode, and what the platform does by itself in it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from millrace.bots.app import running, strategies
from millrace.bots.app.running import Limits
from millrace.bots.domain.builtin import builtin_id
from millrace.bots.domain.modes import DEFAULT, Mode
from millrace.common.db.database import Connection
from millrace.common.db.work import Work

Row = dict[str, Any]

_SET = """
insert into modes as m (user_id, mode, changed_at) values ($1, $2, $3)
on conflict (user_id) do update set mode = excluded.mode, changed_at = excluded.changed_at where m.mode <> excluded.mode
"""
_PILOTED = "select strategy_id from strategy_runs where user_id = $1 and autopilot and is_active"


class Autopilot(NamedTuple):
    """What the platform runs for a user on autopilot: a built-in strategy, its bars, its limits."""

    strategy: str
    timeframe: str
    limits: Limits


async def mode(connection: Connection, user_id: UUID) -> Row:
    """The user's mode, and since when; never chosen: `testing`, and no time."""
    row = await connection.fetchrow("select mode, changed_at from modes where user_id = $1", user_id)
    return dict(row) if row else {"mode": DEFAULT, "changed_at": None}


async def set_mode(
    work: Work, user_id: UUID, wanted: Mode, pilot: Autopilot, now: datetime, forget: Callable[[UUID], None]
) -> Row:
    """Change it. Autopilot begins to run its strategy unless the user runs it already; leaving it stops that run.

    What bots hold stays theirs, and they still leave their positions in every mode while they run.
    Raises INVALID_STATE when there is no account to fly with.
    """
    await work.connection.execute(_SET, user_id, wanted, now)
    if wanted == "autopilot":
        row = await strategies.get(work.connection, user_id, builtin_id(pilot.strategy))
        await running.start(work, user_id, row, pilot.timeframe, now, autopilot=True, limits=pilot.limits)
    else:
        for run in await work.connection.fetch(_PILOTED, user_id):
            row = await strategies.get(work.connection, user_id, run["strategy_id"])
            await running.stop(work, user_id, row, now, forget)
    return await mode(work.connection, user_id)
