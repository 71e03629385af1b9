"""Users' secrets for alerts, and whose an alert is."""

import secrets as randomness
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from millrace.bots.domain.alerts import SALT, Secrets, hashed, named_bot, signed
from millrace.common.db.database import Connection, Database
from millrace.common.db.work import Work
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.web.json_body import loads

Row = dict[str, Any]

_UNKNOWN = (
    "the alert's signature or secret is not valid; if many users have a bot of this name, say whose alert it is "
    "in X-TradingView-User, or send it to the address that ends in your secret"
)
_SET = """
insert into alert_secrets (user_id, salt, hash, created_at) values ($1, $2, $3, $4)
on conflict (user_id) do update set salt = excluded.salt, hash = excluded.hash, created_at = excluded.created_at,
  used_at = null
"""
_STATE = "select created_at, used_at from alert_secrets where user_id = $1"
_BY_HASH = "select user_id, salt from alert_secrets where hash = $1"
_BY_USER = "select user_id, salt from alert_secrets where user_id = $1"
_TRIED = 30  # nobody needs to have signed in to have us try these
_NOBODY: Row = {"user_id": UUID(int=0), "salt": bytes(SALT)}
"""Tried where there is nobody, so that the time an answer takes does not tell how many have a bot of a name."""
_BY_BOT = """
select user_id, salt from alert_secrets where user_id in (
  select user_id from bots where name = $1 and status <> 'deleted' union
  select user_id from bots where base_name = $1 and status <> 'deleted')
order by created_at limit $2
"""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An alert's own bytes as they came, with a signature over them or a secret that came in the address.

    `user_id` says whose secret signs it, and only that one is tried. A signature alone cannot tell its key: without a
    `user_id` those of the owners of bots with the name in it are tried, thirty at most, the oldest first. Where more
    users share a name, the others say who they are, or send alerts to the address with their secret.
    """

    raw: bytes
    signature: str | None = None
    secret: str | None = None
    user_id: UUID | None = None


async def rotate(work: Work, secrets: Secrets, user_id: UUID, now: datetime) -> Row:
    """A new secret, told this once; the one before is worth nothing from now on."""
    salt = randomness.token_bytes(SALT)
    secret = secrets.of(user_id, salt)
    await work.connection.execute(_SET, user_id, salt, hashed(secret), now)
    return {"secret": secret, "created_at": now}


async def state(connection: Connection, user_id: UUID) -> Row:
    """Whether the user has a secret, since when, and when an alert last came with it."""
    row = await connection.fetchrow(_STATE, user_id)
    return {"exists": row is not None, "created_at": row and row["created_at"], "used_at": row and row["used_at"]}


async def forget(work: Work, user_id: UUID) -> None:
    """No alert is believed any more."""
    await work.connection.execute("delete from alert_secrets where user_id = $1", user_id)


async def sender(database: Database, secrets: Secrets, delivery: Delivery) -> UUID:
    """Whose alert it is. Raises AUTH_INVALID, in the same words and after as much work whatever is wrong."""
    rows = await _candidates(database, delivery)
    found: UUID | None = rows[0]["user_id"] if rows and delivery.secret is not None else None
    if delivery.secret is None:
        tried = 1 if delivery.user_id is not None else _TRIED
        for row in [*rows, *[_NOBODY] * (tried - len(rows))]:
            good = signed(secrets.of(row["user_id"], row["salt"]), delivery.raw, delivery.signature or "")
            found = row["user_id"] if good and row is not _NOBODY else found
    if found is None:
        raise MillraceError(Code.AUTH_INVALID, _UNKNOWN)
    return found


async def _candidates(database: Database, delivery: Delivery) -> list[Any]:
    if delivery.secret is not None:
        return await database.fetch(_BY_HASH, hashed(delivery.secret))
    if not delivery.signature:
        return []
    if delivery.user_id is not None:
        return await database.fetch(_BY_USER, delivery.user_id)
    try:
        name = named_bot(loads(delivery.raw))
    except MillraceError:
        return []
    return await database.fetch(_BY_BOT, name, _TRIED) if name else []
