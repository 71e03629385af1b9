"""Wishes with several legs, on record before the first leg is placed: what is asked twice is done once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from millrace.common.db.database import Connection
from millrace.common.db.work import Work
from millrace.common.kernel.errors import Code, MillraceError, not_found

_CLAIM = """
insert into intents (intent_id, user_id, kind, scope, target, asked, created_at) values ($1, $2, $3, $4, $5, $6, $7)
on conflict do nothing returning intent_id
"""
_ONE = "select * from intents where user_id = $1 and intent_id = $2"
_WORKING = f"{_ONE} and state = 'working' for update skip locked"
_LEGS = "select * from orders where intent_id = $2 and user_id = $1 order by leg"
_SAVE = """
update intents set cancelled = cancelled || $3::uuid[], refusals = refusals || $4::jsonb,
  state = case when $5 then 'done' else state end, ended_at = case when $5 then $6 else ended_at end
where user_id = $1 and intent_id = $2
"""
_UNFINISHED = "select user_id, intent_id from intents where state = 'working' order by num limit 500"


@dataclass(frozen=True, slots=True)
class Wish:
    """`kind` group, close or terminate; `target` is the group, account or bot of the `scope`; `asked` its terms."""

    intent_id: UUID
    user_id: UUID
    kind: str
    scope: str
    target: UUID
    asked: str


def refusal(leg: int, account_id: UUID, symbol: str, bot_id: UUID | None, wrong: MillraceError) -> dict[str, Any]:
    """A leg that became no order, and why."""
    where = {"leg": leg, "account_id": str(account_id), "symbol": symbol, "bot_id": bot_id and str(bot_id)}
    return {**where, "code": wrong.code.value, "message": wrong.message, "fields": wrong.fields}


async def claim(work: Work, wish: Wish, at: datetime) -> bool:
    """Note a wish; False when it is known already. Raises IDEMPOTENCY_MISMATCH when its id was another's."""
    place = (wish.intent_id, wish.user_id, wish.kind, wish.scope, wish.target)
    if await work.connection.fetchval(_CLAIM, *place, wish.asked, at):
        return True
    if not await known(work.connection, wish):
        raise _mismatch()
    return False


async def known(connection: Connection, wish: Wish) -> bool:
    """Whether this very wish is on record. Raises IDEMPOTENCY_MISMATCH when its id is that of another of the user's."""
    row = await connection.fetchrow(_ONE, wish.user_id, wish.intent_id)
    if row is None:
        return False
    same = (row["kind"], row["scope"], row["target"]) == (wish.kind, wish.scope, wish.target)
    if not same or orjson.loads(row["asked"]) != orjson.loads(wish.asked):
        raise _mismatch()
    return True


def _mismatch() -> MillraceError:
    return MillraceError(Code.IDEMPOTENCY_MISMATCH, "this intent_id was used for something else before")


async def save(
    work: Work,
    user_id: UUID,
    intent_id: UUID,
    at: datetime,
    *,
    cancelled: Sequence[UUID] = (),
    refusals: Sequence[dict[str, Any]] = (),
    done: bool,
) -> None:
    """Add what has become of a wish; `done` when no leg is owed any more."""
    text = orjson.dumps(list(refusals)).decode()
    await work.connection.execute(_SAVE, user_id, intent_id, list(cancelled), text, done, at)


async def working(work: Work, user_id: UUID, intent_id: UUID) -> dict[str, Any] | None:
    """A wish that still owes legs, locked; None when it owes none or somebody else has it in hand."""
    row = await work.connection.fetchrow(_WORKING, user_id, intent_id)
    return _read(row) if row else None


async def unfinished(connection: Connection) -> list[tuple[UUID, UUID]]:
    """The (user, intent) of wishes that still owe legs, oldest first."""
    return [(row["user_id"], row["intent_id"]) for row in await connection.fetch(_UNFINISHED)]


async def legs(connection: Connection, user_id: UUID, intent_id: UUID) -> list[dict[str, Any]]:
    """The orders of a wish, by leg."""
    return [dict(row) for row in await connection.fetch(_LEGS, user_id, intent_id)]


async def outcome(connection: Connection, user_id: UUID, intent_id: UUID) -> dict[str, Any]:
    """A wish with its `orders` as they are now. Raises NOT_FOUND."""
    row = await connection.fetchrow(_ONE, user_id, intent_id)
    if row is None:
        raise not_found("intent")
    return {**_read(row), "orders": await legs(connection, user_id, intent_id)}


def _read(row: Any) -> dict[str, Any]:
    return {**row, "asked": orjson.loads(row["asked"]), "refusals": orjson.loads(row["refusals"])}
