"""Proposed plans, and their one confirmation each."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

import orjson

from millrace.assistant.app.performing import Result
from millrace.assistant.app.plans import Plan, read, written
from millrace.assistant.domain import seal
from millrace.common.db.work import Work
from millrace.common.kernel.clock import Rng
from millrace.common.kernel.errors import not_found
from millrace.common.kernel.ids import new_id

_PROPOSE = """
insert into plans (id, user_id, actions, seal, proposed_at, expires_at) values ($1, $2, $3, $4, $5, $6)
on conflict (id) do update set
  actions = excluded.actions, seal = excluded.seal, proposed_at = excluded.proposed_at, expires_at = excluded.expires_at
where plans.user_id = excluded.user_id and plans.ended is null
returning id
"""
_LOCK = "select * from plans where user_id = $1 and id = $2 for update"
_END = "update plans set ended = $3, ended_at = $4 where user_id = $1 and id = $2"
_WITHDRAW = """
update plans set ended = 'withdrawn', ended_at = $2
where user_id = $1 and ended is null and expires_at > $2 returning id
"""
_RECORD = "update plans set results = $3 where user_id = $1 and id = $2"
_FORGET = "delete from plans where user_id = $1 and proposed_at < $2"
_KEPT = timedelta(days=90)


class Claim(NamedTuple):
    """What a token is good for. Only of a `granted` one the plan is to be carried out, by whoever got this answer.

    `results` are those of a plan that was `used` before; none while it is still being carried out, or was cut off.
    """

    state: Literal["granted", "used", "expired", "withdrawn"]
    plan_id: UUID
    plan: Plan
    ended_at: datetime | None = None
    results: Sequence[Result] | None = None


async def propose(
    work: Work, user_id: UUID, plan: Plan, now: datetime, lasts: timedelta, rng: Rng, plan_id: UUID
) -> str:
    """Keep a plan; the token that confirms it until `lasts` is over. The token itself is not kept.

    It takes the place of a plan of the same id that has not ended, whose token is worth nothing then.
    """
    secret = rng.bytes(seal.SECRET_BYTES)
    actions, expires = written(plan), now + lasts
    sealed = seal.seal(secret, user_id, plan_id, actions, expires)
    await work.connection.execute(_FORGET, user_id, now - _KEPT)
    if await work.connection.fetchval(_PROPOSE, plan_id, user_id, actions, sealed, now, expires) is None:
        return await propose(work, user_id, plan, now, lasts, rng, new_id())
    return seal.token_of(plan_id, secret)


async def claim(work: Work, user_id: UUID, token: str, now: datetime) -> Claim:
    """Use a token. Raises NOT_FOUND for one that is not the user's, was never given, or whose plan is another now."""
    parts = seal.parts_of(token)
    if parts is None:
        raise not_found("confirmation")
    plan_id, secret = parts
    row = await work.connection.fetchrow(_LOCK, user_id, plan_id)
    if row is None or not seal.fits(row["seal"], secret, user_id, plan_id, row["actions"], row["expires_at"]):
        raise not_found("confirmation")
    plan = read(row["actions"])
    if row["ended"] is not None:
        state: Literal["used", "withdrawn"] = "used" if row["ended"] == "confirmed" else "withdrawn"
        return Claim(state, plan_id, plan, row["ended_at"], _results(row["results"]))
    if now >= row["expires_at"]:
        return Claim("expired", plan_id, plan, row["expires_at"])
    await work.connection.execute(_END, user_id, plan_id, "confirmed", now)
    return Claim("granted", plan_id, plan, now)


async def withdraw(work: Work, user_id: UUID, now: datetime) -> int:
    """End all plans that might still be confirmed; how many."""
    return len(await work.connection.fetch(_WITHDRAW, user_id, now))


async def record(work: Work, user_id: UUID, plan_id: UUID, results: Sequence[Result]) -> None:
    """Keep what became of a plan."""
    text = orjson.dumps([list(result) for result in results]).decode()
    await work.connection.execute(_RECORD, user_id, plan_id, text)


def _results(text: Any) -> list[Result] | None:
    return None if text is None else [Result(*each) for each in orjson.loads(text)]
