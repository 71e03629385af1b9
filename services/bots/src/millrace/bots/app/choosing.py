"""Which strategy a bot runs."""

from typing import Any, NamedTuple
from uuid import UUID

from millrace.bots.app.queries import Ref, shown
from millrace.bots.domain.builtin import HOLD, builtin_id
from millrace.common.db.database import Connection
from millrace.common.kernel.errors import not_found

Row = dict[str, Any]

_VISIBLE = "select * from strategies where (user_id is null or user_id = $1)"
_BY_NAME = f"{_VISIBLE} and lower(name) = lower($2) order by name <> $2, user_id nulls first, num limit 1"


class Choice(NamedTuple):
    """A strategy by id, the built-in one that does its work, and the parameters it brings."""

    strategy_id: UUID
    bound: str
    parameters: Row


async def find(connection: Connection, user_id: UUID, ref: Ref) -> Row | None:
    """A built-in strategy or one of the user's own."""
    named = "num = $2" if isinstance(ref, int) else "id = $2"
    row = await connection.fetchrow(f"{_VISIBLE} and {named}", user_id, ref)
    return shown(row) if row else None


async def choose(connection: Connection, user_id: UUID, ref: Ref | None, name: str | None) -> Choice:
    """The strategy for a new bot, by id, number or name.

    An id or a name that nobody knows is bound to `hold`, which never trades; so is a bot that names none. A number
    is never made up by a client: NOT_FOUND when nobody has it.
    """
    if ref is not None:
        found = await find(connection, user_id, ref)
        if found is None and isinstance(ref, int):
            raise not_found("strategy")
    else:
        row = await connection.fetchrow(_BY_NAME, user_id, name) if name else None
        found = shown(row) if row else None
    if found is not None:
        return Choice(found["id"], found["bound"], found["parameters"])
    return Choice(ref if isinstance(ref, UUID) else builtin_id(HOLD), HOLD, {})
