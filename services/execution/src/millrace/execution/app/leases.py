"""Who may write for the accounts: one process at a time. The others stand by.

Leading takes the lease under a new epoch and stamps it on every account. Whatever an older leader still wants to write
names its own epoch and is refused, so a process that was frozen and wakes can do no harm; it finds out and ends.
"""

import asyncio
from collections.abc import Iterable
from uuid import UUID

import structlog

from millrace.common.db.database import RETRYABLE, Connection, Database
from millrace.common.db.work import Fenced

log = structlog.get_logger()

# A leader frozen between two messages of a statement is not "idle in transaction": no timeout of the server ends it.
_END_THE_FROZEN = """
select pg_terminate_backend(a.pid) from leases l, pg_stat_activity a
where l.name = 'execution' and l.until < now() and a.xact_start < l.until and a.pid <> pg_backend_pid()
  and a.pid in (select pid from pg_locks where relation in ('leases'::regclass, 'accounts'::regclass)
    and mode in ('RowShareLock', 'RowExclusiveLock') and granted)
"""
_LEAD = """
update leases set owner = $1, epoch = epoch + 1, until = now() + make_interval(secs => $2)
where name = 'execution' and (owner = $1 or $3 or until is null or until < now()) returning epoch
"""
_STAMP = "update accounts set lease_owner = $1, lease_epoch = $2"
_KEEP = """
update leases set until = now() + make_interval(secs => $3) where name = 'execution' and owner = $1 and epoch = $2
returning epoch
"""
# who leads, with places for owner and epoch; held to the transaction's end
LEADING = "select 1 from leases where name = 'execution' and owner = {} and epoch = {} for share"
_HOLD = LEADING.format("$1", "$2")
_HELD = """
select count(*), {} from (select 1 from accounts where id = any($1::uuid[]) and lease_owner = $2 and lease_epoch = $3
  for share) held
"""
_RELEASE = "update leases set until = null where name = 'execution' and owner = $1 and epoch = $2"


class Leases:
    """This process's claim to lead, as `owner`. With `alone` nobody else can be running, so nobody is waited for."""

    def __init__(self, database: Database, owner: str, seconds: float, *, alone: bool) -> None:
        self._database = database
        self._owner = owner
        self._seconds = seconds
        self._alone = alone
        self.epoch = 0

    @property
    def owner(self) -> str:
        """The name the lease is held under; the same after a restart, which then need not wait."""
        return self._owner

    async def lead(self) -> None:
        """Wait until this process leads, and take every account."""
        waiting = False
        while not await self._take():
            if not waiting:
                log.info("standing by: another process leads", owner=self._owner)
            waiting = True
            await asyncio.sleep(min(self._seconds / 4, 0.5))
        log.info("leading", owner=self._owner, epoch=self.epoch)

    async def _take(self) -> bool:
        await self._end_the_frozen()
        async with self._database.transaction() as connection:
            epoch = await connection.fetchval(_LEAD, self._owner, self._seconds, self._alone)
            if epoch is None:
                return False
            await connection.execute(_STAMP, self._owner, epoch)
        self.epoch = epoch
        return True

    async def _end_the_frozen(self) -> None:
        """End transactions begun under a lease that has run out, which would hold up the successor."""
        async with self._database.transaction() as connection:
            await connection.execute("set local role none")  # sessions may be ended by the login they belong to
            if ended := await connection.fetch(_END_THE_FROZEN):
                log.warning("ended transactions of a leader that does not answer", count=len(ended))

    async def keep(self) -> None:
        """Renew while the process lives. Raises `Fenced` once another leads; a lost database is waited for."""
        while True:
            await asyncio.sleep(self._seconds / 3)
            try:
                kept = await self._database.fetch(_KEEP, self._owner, self.epoch, self._seconds)
            except RETRYABLE as problem:
                log.warning("the lease was not renewed", error=repr(problem))
                continue
            if not kept:
                raise Fenced("another process leads")

    async def release(self) -> None:
        """Let a successor lead at once."""
        async with self._database.transaction() as connection:
            await connection.execute(_RELEASE, self._owner, self.epoch)

    async def check(self, connection: Connection, accounts: Iterable[tuple[UUID, int]], lock: str = "true") -> None:
        """Raise `Fenced` unless these (account, epoch) pairs are ours, and hold them to the transaction's end.

        `lock` is an expression of SQL: another lock to take on the way.
        """
        wanted = dict(accounts)
        if any(epoch != self.epoch for epoch in wanted.values()):
            raise Fenced("an order was made ready under an older epoch")
        held = await connection.fetchval(_HELD.format(lock), list(wanted), self._owner, self.epoch)
        if held != len(wanted):
            raise Fenced(f"{len(wanted) - held} of {len(wanted)} accounts have another owner")

    async def hold(self, connection: Connection) -> None:
        """Raise `Fenced` unless this process leads, and keep it leading to the transaction's end."""
        if await connection.fetchval(_HOLD, self._owner, self.epoch) is None:
            raise Fenced("another process leads")
