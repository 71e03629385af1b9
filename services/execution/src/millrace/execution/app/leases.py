"""Who may write for an account. A lease has an owner and an epoch; taking it over raises the epoch, and everything
written under an older one is refused."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

import structlog

from millrace.common.db.database import Connection, Database

log = structlog.get_logger()

_TAKE = """
update accounts set lease_owner = $1, lease_until = now() + make_interval(secs => $2),
  lease_epoch = case when lease_owner = $1 then lease_epoch else lease_epoch + 1 end
where lease_owner = $1 or lease_until is null or lease_until < now()
returning id, lease_epoch
"""
_HELD = """
select count(*) from (
  select 1 from accounts a join unnest($1::uuid[], $2::bigint[]) as mine(id, epoch) on a.id = mine.id
  where a.lease_epoch = mine.epoch and a.lease_owner = $3 for share of a) held
"""


class Fenced(RuntimeError):
    """This process does not own the account any more; what it wanted to write was not written."""


class Leases:
    """The accounts this process owns, renewed while it lives."""

    def __init__(self, database: Database, owner: str, seconds: float) -> None:
        self._database = database
        self._owner = owner
        self._seconds = seconds
        self._epochs: dict[UUID, int] = {}
        self._news = asyncio.Event()

    def epoch(self, account_id: UUID) -> int:
        """The epoch held for an account; 0 when it is not ours."""
        return self._epochs.get(account_id, 0)

    def accounts(self) -> list[UUID]:
        """The accounts owned now."""
        return list(self._epochs)

    async def renew(self) -> bool:
        """Take what is free, keep what is ours; True when an account came from another owner."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(_TAKE, self._owner, self._seconds)
        before = self._epochs
        self._epochs = {row["id"]: row["lease_epoch"] for row in rows}
        return any(epoch > 1 and before.get(account) != epoch for account, epoch in self._epochs.items())

    async def release(self) -> None:
        """Let a successor take over at once."""
        async with self._database.transaction() as connection:
            await connection.execute("update accounts set lease_until = null where lease_owner = $1", self._owner)
        self._epochs = {}

    def soon(self) -> None:
        """Renew at once: there is a new account."""
        self._news.set()

    async def due(self) -> bool:
        """Wait until it is time to renew, and renew; True when accounts were taken over from somebody."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._seconds / 3):
                await self._news.wait()
        self._news.clear()
        try:
            return await self.renew()
        except Exception as problem:
            log.warning("leases were not renewed", error=repr(problem))
            await asyncio.sleep(0.2)
            return False

    async def check(self, connection: Connection, accounts: Sequence[tuple[UUID, int]]) -> None:
        """Raise `Fenced` unless these (account, epoch) pairs are still ours, and hold them to the transaction's end."""
        wanted = dict(accounts)
        held = await connection.fetchval(_HELD, list(wanted), list(wanted.values()), self._owner)
        if held != len(wanted):
            raise Fenced(f"{len(wanted) - held} of {len(wanted)} accounts have another owner")
