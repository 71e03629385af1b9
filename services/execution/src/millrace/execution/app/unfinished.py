"""Goes on with wishes that still owe legs: after a restart, and when what they wait for has come."""

import asyncio

import structlog

from millrace.common.db.database import RETRYABLE
from millrace.common.db.work import Fenced, Works
from millrace.execution.app import intents
from millrace.execution.app.closing import Closing
from millrace.execution.app.group_trading import GroupTrading

log = structlog.get_logger()

_LOOK_SECONDS = 1.0


class Unfinished:
    """Looks for such wishes for ever."""

    def __init__(self, works: Works, groups: GroupTrading, closing: Closing) -> None:
        self._works = works
        self._groups = groups
        self._closing = closing

    async def run(self) -> None:
        """Look again and again. Raises `Fenced` when another process leads."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self.look()
            except RETRYABLE as problem:
                log.warning("unfinished intents were not looked for", error=repr(problem))

    async def look(self) -> None:
        """Take each one step further. One that fails does not hold up the others. Raises `Fenced`."""
        async with self._works.database.transaction() as connection:
            found = await intents.unfinished(connection)
        for user_id, intent_id in found:
            try:
                async with self._works.begin(user_id) as work:
                    wish = await intents.working(work, user_id, intent_id)
                    if wish is not None and wish["kind"] == "group":
                        await self._groups.step(work, wish)
                    elif wish is not None:
                        await self._closing.step(work, wish)
            except Fenced:
                raise
            except RETRYABLE as problem:
                log.warning("an intent is put off", intent=str(intent_id), error=repr(problem))
            except Exception as problem:
                log.error("an intent cannot go on", intent=str(intent_id), error=repr(problem))
