"""Forgets what has been over for a month."""

import asyncio
from datetime import timedelta

import structlog

from millrace.common.db.retention import deleted
from millrace.common.db.work import Works
from millrace.common.kernel.clock import Clock

log = structlog.get_logger()

_FORGET = (
    "delete from sessions where ended_at < $1 or expires_at < $1",
    "delete from tickets where expires_at < $1",
    "delete from password_resets where expires_at < $1",
    "delete from login_failures where until < $1",
    "delete from api_keys where revoked_at < $1 or expires_at < $1",
    "delete from invites where expires_at < $1",
)
_KEPT = timedelta(days=30)


async def forget(works: Works, clock: Clock) -> int:
    """Delete it; returns how many rows."""
    before, gone = clock.now() - _KEPT, 0
    for query in _FORGET:
        async with works.database.transaction() as connection:
            gone += await deleted(connection, query, (before,))
    return gone


async def forget_daily(works: Works, clock: Clock) -> None:
    """The same again and again."""
    while True:
        try:
            await forget(works, clock)
        except Exception as problem:
            log.warning("old sessions could not be deleted", error=repr(problem))
        await asyncio.sleep(24 * 3600)
