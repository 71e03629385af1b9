"""A request that may be sent again takes effect once: `Idempotency-Key` on everything that moves money or orders.

The key is noted before anything is done. Whoever comes with it while the first is under way is told to wait, and after
that gets the first answer, byte for byte; with another body it is refused. A first attempt that broke, by a crash or by
an error of ours, may be made again: it does so under the intent id of the first, which the services apply once.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from millrace.common.db.database import Database
from millrace.common.db.retention import deleted
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.ids import new_id

KEPT_SECONDS = 24 * 3600.0
_BROKEN_SECONDS = 60.0
LONGEST_KEY = 255

# $1 user, $2 route, $3 key, $4 fingerprint, $5 intent, $6 now, $7 and $8: what counts as forgotten and as broken
_CLAIM = """
insert into requests as r (user_id, route, key, fingerprint, intent_id, claimed_at)
values ($1, $2, $3, $4, $5, $6)
on conflict (user_id, route, key) do update set
  claimed_at = excluded.claimed_at, status = null, kind = null, body = null, fingerprint = excluded.fingerprint,
  intent_id = case when r.claimed_at < $7 then excluded.intent_id else r.intent_id end
where r.claimed_at < $7 or r.status is null and r.claimed_at < $8 and r.fingerprint = excluded.fingerprint
returning intent_id
"""
_FOUND = "select fingerprint, status, kind, body from requests where user_id = $1 and route = $2 and key = $3"
_KEEP = """
update requests set status = $5, kind = $6, body = $7
where user_id = $1 and route = $2 and key = $3 and claimed_at = $4
"""
_RELEASE = """
update requests set claimed_at = $5 where user_id = $1 and route = $2 and key = $3 and claimed_at = $4
  and status is null
"""
_FORGET = "delete from requests where ctid in (select ctid from requests where claimed_at < $1 limit 1000)"


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it went out: status, content type, bytes. `again` is what is kept in its place, if it is not it."""

    status: int
    kind: str
    body: bytes
    again: "Kept | None" = None


class Once:
    """The keys that have been used, per user and route."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def answer(
        self, user_id: UUID, route: str, key: str, body: bytes, act: Callable[[UUID], Awaitable[Kept]]
    ) -> Kept:
        """What `act(intent_id)` answers the first time; after that the same again, without doing it.

        Raises VALIDATION_ERROR for a key that cannot be one, IDEMPOTENCY_CONFLICT while the first is under
        way, and IDEMPOTENCY_MISMATCH for another body. An answer of 500 or more, or an exception, is not kept.
        """
        if not 0 < len(key) <= LONGEST_KEY or not key.isprintable():
            reason = f"must be 1 to {LONGEST_KEY} printable characters"
            raise MillraceError(Code.VALIDATION_ERROR, f"Idempotency-Key {reason}", fields={"Idempotency-Key": reason})
        name = (user_id, route, key)
        fingerprint = hashlib.sha256(body).digest()
        now = self._clock.now()
        forgotten, broken = _before(now, KEPT_SECONDS), _before(now, _BROKEN_SECONDS)
        async with self._database.as_user(user_id) as connection:
            intent = await connection.fetchval(_CLAIM, *name, fingerprint, new_id(self._clock), now, forgotten, broken)
            found = None if intent else await connection.fetchrow(_FOUND, *name)
        if intent is None:
            return _replayed(found, fingerprint)
        kept = None
        try:
            kept = await act(intent)
        finally:
            async with self._database.as_user(user_id) as connection:
                if kept is None or kept.status >= 500:
                    await connection.execute(_RELEASE, *name, now, broken)
                else:
                    stored = kept.again or kept
                    await connection.execute(_KEEP, *name, now, stored.status, stored.kind, stored.body)
        return kept

    async def forget(self) -> bool:
        """Delete some of what is too old to be asked for; whether there was any."""
        async with self._database.transaction() as connection:
            return await deleted(connection, _FORGET, [_before(self._clock.now(), KEPT_SECONDS)]) > 0


def _before(now: datetime, seconds: float) -> datetime:
    return now - timedelta(seconds=seconds)


def _replayed(found: Any, fingerprint: bytes) -> Kept:
    if found is not None and found["fingerprint"] != fingerprint:
        text = "this Idempotency-Key was used with another request; take a new key for a new request"
        raise MillraceError(Code.IDEMPOTENCY_MISMATCH, text)
    if found is None or found["status"] is None:
        text = "a request with this Idempotency-Key is under way; ask again in a moment"
        raise MillraceError(Code.IDEMPOTENCY_CONFLICT, text, retry_after=1)
    return Kept(found["status"], found["kind"], found["body"])
