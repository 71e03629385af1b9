"""What is told in one turn of the event loop leaves together at its end."""

import asyncio
from collections.abc import Callable

import structlog

log = structlog.get_logger()


class Turn:
    """Runs each action once, soon; one wake-up for all streams."""

    def __init__(self) -> None:
        self._due: list[Callable[[], None]] = []

    def add(self, action: Callable[[], None]) -> None:
        """Run `action` at the end of this turn."""
        if not self._due:
            asyncio.get_running_loop().call_soon(self._run)
        self._due.append(action)

    def _run(self) -> None:
        due, self._due = self._due, []
        for action in due:
            try:
                action()
            except Exception as problem:  # one stream's trouble is not the others'
                log.error("a stream could not be told", exc_info=problem)
