"""What a process measures about itself while it runs: its event loop, its connections, its outboxes."""

import asyncio

import structlog

from millrace.common.db.database import RETRYABLE, Database
from millrace.common.telemetry import metrics

log = structlog.get_logger()

_TICK_SECONDS = 0.25
_LOOK_SECONDS = 5.0
_UNPUBLISHED = "select count(*) as pending, min(number) as oldest from outbox where published_at is null"


async def watch_loop(process: str) -> None:
    """Measure for ever how late the event loop wakes a sleeper."""
    loop, lag = asyncio.get_running_loop(), metrics.LOOP_LAG.labels(process)
    while True:
        due = loop.time() + _TICK_SECONDS
        await asyncio.sleep(_TICK_SECONDS)
        lag.observe(max(0.0, loop.time() - due))


async def watch_storage(service: str, database: Database, every: float = _LOOK_SECONDS) -> None:
    """Measure for ever how many connections are in use, and how many messages wait for the relay and how long.

    Ages are counted from when a row was first seen here, for messages carry the time of what happened, not of the row.
    """
    loop = asyncio.get_running_loop()
    oldest, since = None, 0.0
    while True:
        pool, now = database.pool, loop.time()
        for state, count in (("idle", pool.get_idle_size()), ("used", pool.get_size() - pool.get_idle_size())):
            metrics.DB_CONNECTIONS.labels(service, state).set(count)
        try:
            found = (await database.fetch(_UNPUBLISHED))[0]
        except RETRYABLE as problem:
            log.warning("cannot see the outbox", service=service, error=repr(problem))
        else:
            if found["oldest"] != oldest:
                oldest, since = found["oldest"], now
            metrics.OUTBOX_PENDING.labels(service).set(found["pending"])
            metrics.OUTBOX_AGE.labels(service).set(now - since if oldest is not None else 0.0)
        await asyncio.sleep(every)
