"""Tidies up in the background."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from millrace.common.db.database import RETRYABLE

log = structlog.get_logger()

_PAUSE_SECONDS = 0.05


async def keep_house(name: str, forget: Callable[[], Awaitable[bool]], every: float = 60.0) -> None:
    """Call `forget` until it finds no more to do, every so many seconds, for ever.

    A lost database is waited for; whatever else goes wrong is logged and tried again, for work beside the platform's
    must not stop it.
    """
    while True:
        await asyncio.sleep(every)
        try:
            while await forget():
                await asyncio.sleep(_PAUSE_SECONDS)
        except RETRYABLE as problem:
            log.warning("housekeeping is put off", service=name, error=repr(problem))
        except Exception:
            log.exception("housekeeping failed", service=name)
