"""One stream's queue: what was missed first, then what happens, each once and in order."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from millrace.notifier.app.log import UserLog
from millrace.notifier.domain.hub import Entry, Hub, Listener

_PAGE = 500


class Ended(Exception):
    """The stream must be closed with `code`; the client may come back and resume."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Stream:
    """Bounded. What does not fit ends the stream with 1013; quotes are conflated instead, the newest wins."""

    def __init__(self, hub: Hub, log: UserLog, user_id: UUID, session_id: UUID | None, limit: int) -> None:
        self._hub = hub
        self._log = log
        self._limit = limit
        self._waiting: deque[Entry] = deque()
        self._quotes: dict[tuple[str, str], dict[str, Any]] = {}
        self._news = asyncio.Event()
        self._end: Ended | None = None
        self.sent = 0
        self.listener = Listener(user_id, session_id, self._take, self.end, quote=self._quote)

    def _take(self, entry: Entry) -> None:
        if len(self._waiting) >= self._limit:
            self.end(1013, "too slow; come back and resume")
            return
        self._waiting.append(entry)
        self._news.set()

    def _quote(self, candle: dict[str, Any]) -> None:
        self._quotes[candle["symbol"], candle["timeframe"]] = candle
        self._news.set()

    def end(self, code: int, reason: str) -> None:
        """Close the stream soon."""
        self._end = self._end or Ended(code, reason)
        self._news.set()

    async def resync(self, after: int) -> list[Entry]:
        """Join the hub and read what was missed since `after`; live entries wait until that is sent."""
        self._hub.join(self.listener)
        self.sent = after
        missed: list[Entry] = []
        while page := await self._log.after(self.listener.user_id, self.sent, _PAGE):
            missed += page
            self.sent = page[-1].seq
        return missed

    def join(self, seq: int) -> None:
        """Join the hub; only what comes after `seq` is told."""
        self.sent = seq
        self._hub.join(self.listener)

    async def batches(self, heartbeat: float) -> AsyncIterator[tuple[list[Entry], list[dict[str, Any]]]]:
        """Entries and quotes as they come; empty after `heartbeat` seconds of silence. Raises `Ended`."""
        while True:
            if not self._news.is_set():
                try:
                    async with asyncio.timeout(heartbeat):
                        await self._news.wait()
                except TimeoutError:
                    yield [], []
                    continue
            self._news.clear()
            entries = [e for e in self._waiting if e.seq > self.sent]
            self._waiting.clear()
            quotes, self._quotes = list(self._quotes.values()), {}
            if entries:
                self.sent = entries[-1].seq
            if entries or quotes:
                yield entries, quotes
            if self._end is not None:
                raise self._end

    def leave(self) -> None:
        """Nobody listens any more."""
        self._hub.leave(self.listener)
