"""Counts wrong guesses, so that there cannot be many."""

from typing import Any
from uuid import UUID

from millrace.auth.app.ports import Vault
from millrace.auth.domain.attempts import Origin, source_of, window
from millrace.common.db.database import Connection
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError

# asked for unknown users too, so that it takes as long
_KNOWN = """
select coalesce(bool_or(device = $3), false) as device, coalesce(bool_or(ip = $2 and ip <> ''), false) as address
from sessions where user_id = $1
"""
_COUNTED = """
select source, failures, until from login_failures where name = $1 and source = any($2) and until > $3
order by source <> '*', source for update
"""
_FAIL = """
insert into login_failures (name, source, failures, until)
select $1, source, 1, until from unnest($2::text[], $3::timestamptz[]) as new(source, until)
on conflict (name, source) do update set
  failures = case when login_failures.until <= $4 then 1 else login_failures.failures + 1 end,
  until = case when login_failures.until <= $4 then excluded.until else login_failures.until end
returning source, failures, until
"""
_CLEAR = "delete from login_failures where name = $1 and source = $2"
_CLEAR_ALL = "delete from login_failures where name = any($1)"
_NOBODY = UUID(int=0)


class Attempts:
    """Five tries in a quarter of an hour from one place, fifty a day from all places that are not the user's own.

    Names are counted as they were typed, known or not: who is locked out learns nothing about who exists.
    """

    def __init__(self, vault: Vault, clock: Clock) -> None:
        self._vault = vault
        self._clock = clock

    async def origin(self, connection: Connection, name: str, user_id: UUID | None, ip: str, device: str) -> Origin:
        """Where this try comes from. `device` is what a browser keeps from one sign-in to the next."""
        mark = self.mark(device)
        row: Any = await connection.fetchrow(_KNOWN, user_id or _NOBODY, ip, mark)
        source = f"device:{mark.hex()[:32]}" if mark and row["device"] else source_of(ip)
        return Origin(self._digest(name), source, row["device"] or row["address"])

    def mark(self, device: str) -> bytes | None:
        """What is stored of a device."""
        return self._vault.digest("device", device) if device else None

    async def check(self, connection: Connection, origin: Origin) -> None:
        """Raises RATE_LIMITED, with the time to wait, when there were too many failures."""
        rows = await connection.fetch(_COUNTED, origin.name, origin.counted, self._clock.now())
        self._refuse(origin, rows)

    async def fail(self, connection: Connection, origin: Origin) -> bool:
        """Count one more; whether it was one too many already."""
        now = self._clock.now()
        until = [now + window(source) for source in origin.counted]
        rows = await connection.fetch(_FAIL, origin.name, origin.counted, until, now)
        return any(origin.blocks(row["source"], row["failures"] - 1) for row in rows)

    async def clear(self, connection: Connection, origin: Origin) -> None:
        """The right one was given: this source begins anew."""
        await connection.execute(_CLEAR, origin.name, origin.source)

    async def clear_all(self, connection: Connection, *names: str) -> None:
        """The user has proved who they are in another way: everybody begins anew."""
        await connection.execute(_CLEAR_ALL, [self._digest(name) for name in names])

    def _digest(self, name: str) -> bytes:
        return self._vault.digest("login", name.strip().lower())

    def _refuse(self, origin: Origin, rows: Any) -> None:
        over = [row["until"] for row in rows if origin.blocks(row["source"], row["failures"])]
        if over:
            seconds = max((max(over) - self._clock.now()).total_seconds(), 1.0)
            raise too_many(seconds)


def too_many(seconds: float) -> MillraceError:
    """The answer to whoever guesses too often."""
    return MillraceError(Code.RATE_LIMITED, "too many failed attempts; try again later", retry_after=seconds)
