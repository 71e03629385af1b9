"""One open stream: what was missed from the log first, then what happens, each once and in order."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import suppress
from uuid import UUID

from millrace.common.auth.tokens import Admission
from millrace.common.db.database import RETRYABLE
from millrace.common.kernel.errors import MillraceError
from millrace.common.web.frames import Direct
from millrace.notifier.app.log import UserLog
from millrace.notifier.app.ports import Missing
from millrace.notifier.app.turn import Turn
from millrace.notifier.app.views import Spelling, Words
from millrace.notifier.domain.hub import Entry, Hub, Market, Quote

Write = Callable[[bytes], Awaitable[None]]

TRY_AGAIN = 1013
_PAGE = 500
_CHUNK = 1 << 16
_REPLIES = 500


class Ended(Exception):
    """The stream must be closed with `code`; the client may come back and resume."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Stream:
    """Tells a client of its user's log, channel by channel, and of the markets it watches.

    Bounded: `limit` entries wait at most; more end the stream with 1013 and the client resumes from the log. While a
    client is still being told what it missed nothing waits here at all: the log has it. Of a market only the newest
    price or candle waits. With `missing`, what lacks something is told once that is known.
    """

    def __init__(
        self,
        hub: Hub,
        log: UserLog,
        admission: Admission,
        words: Words,
        limit: int,
        turn: Turn,
        direct: Direct | None = None,
        missing: Missing | None = None,
    ) -> None:
        self.user_id: UUID = admission.principal.user_id
        self.session_id = admission.principal.session_id
        self.expires_at = admission.expires_at
        self.ended: Ended | None = None
        self._hub = hub
        self._log = log
        self._words = words
        self._limit = limit
        self._turn = turn
        self._direct = direct
        self._lack = missing
        self._due = False
        self._news = asyncio.Event()
        self._channels: dict[str, int] = {}
        self._first, self._newest = 1, 0
        self._missing = False
        self._waiting: list[Entry] = []
        self._replies: list[bytes] = []
        self._quotes: dict[Market, Quote] = {}
        self._spellings: dict[Market, dict[Spelling, None]] = {}
        self._writing_since: float | None = None
        self._writer: asyncio.Task[None] | None = None

    @property
    def markets(self) -> Collection[Market]:
        """The markets it watches."""
        return self._spellings.keys()

    async def start(self) -> None:
        """Find out where the log stands; the stream must have joined the hub, so that nothing falls in between."""
        self._first, last = await self._log.bounds(self.user_id)
        self._newest = max(self._newest, last)

    def subscribe(self, channel: str, after: int | None = None) -> None:
        """Tell of a channel, from the entry after `after` on; without it, from now on."""
        if channel in self._channels and after is None:
            return
        if after is not None and not self._first - 1 <= after <= self._newest:
            self.say(self._words.resync(self._first, self._newest))
            after = min(after, self._newest)
        self._channels[channel] = self._newest if after is None else after
        self._missing = self._missing or self._channels[channel] < self._newest
        self._news.set()

    def unsubscribe(self, channel: str) -> None:
        """Tell of it no more."""
        self._channels.pop(channel, None)

    def watch(self, market: Market, spelling: Spelling) -> None:
        """Show what a market does under the client's spelling of it."""
        self._spellings.setdefault(market, {})[spelling] = None
        self._hub.watch(self, market)

    def unwatch(self, market: Market) -> None:
        """Show them no more."""
        self._spellings.pop(market, None)
        self._hub.unwatch(self, market)

    def take(self, entries: Sequence[Entry]) -> None:
        """New entries of the log; a gap before them is filled from the log."""
        follows = entries[0].seq == self._newest + 1
        self._newest = max(self._newest, entries[-1].seq)
        if not self._channels:
            return
        self._missing = self._missing or not follows
        if not self._missing:
            self._waiting += entries
            if len(self._waiting) > self._limit:
                self.end(TRY_AGAIN, "too slow; come back and resume")
        self._tell_soon()

    def quote(self, market: Market, quote: Quote) -> None:
        """A price or candle; one that was not written yet is replaced."""
        self._quotes[market] = quote
        self._tell_soon()

    def say(self, frame: bytes) -> None:
        """Answer the client; one that does not read its answers is too slow."""
        self._replies.append(frame)
        if len(self._replies) > _REPLIES:
            self.end(TRY_AGAIN, "too slow; come back and resume")
        self._news.set()

    def end(self, code: int, reason: str) -> None:
        """Close the stream soon."""
        self.ended = self.ended or Ended(code, reason)
        self._waiting.clear()
        self._news.set()

    def leave(self) -> None:
        """Nobody listens any more."""
        self._hub.leave(self)

    def _tell_soon(self) -> None:
        """Once for all that is told in one turn of the loop."""
        if self._direct is None:
            self._news.set()
        elif not self._due:
            self._due = True
            self._turn.add(self._tell)

    def _tell(self) -> None:
        """Write at once what nothing stands before; waking the writer costs more than the writing."""
        self._due = False
        direct = self._direct
        free = self._writer and self._writing_since is None and not (self._missing or self._replies or self.ended)
        free = free and not self._lacking()
        if direct is None or not free or not direct.ready():
            self._news.set()
            return
        chunks = _joined(self._live())
        if chunks:
            direct.write(chunks[0])
        if len(chunks) > 1:
            self._replies += chunks[1:]
            self._news.set()

    async def carry(self, write: Write, listen: Awaitable[None], heartbeat: float, beat: Callable[[], bytes]) -> None:
        """Write until the stream ends (then `ended` says why) or the client is gone, which is when `listen` returns."""
        self._writer = asyncio.create_task(self._pour(write, heartbeat, beat))
        reader = asyncio.ensure_future(listen)
        both: set[asyncio.Future[None]] = {self._writer, reader}
        try:
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.leave()
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
        for task in done:
            with suppress(Ended, OSError, asyncio.CancelledError):  # OSError: the client went while we wrote
                task.result()

    def drop_stuck(self, seconds: float) -> None:
        """Give up when a write has been waiting for the client for so long."""
        since = self._writing_since
        if self._writer and since is not None and asyncio.get_running_loop().time() - since > seconds:
            self._writer.cancel()

    async def _pour(self, write: Write, heartbeat: float, beat: Callable[[], bytes]) -> None:
        now = asyncio.get_running_loop().time
        async for chunk in self._chunks(heartbeat):
            self._writing_since = now()
            await write(chunk or beat())
            self._writing_since = None

    async def _chunks(self, heartbeat: float) -> AsyncIterator[bytes]:
        now = asyncio.get_running_loop().time
        due = now() + heartbeat
        while True:
            await self._something(due - now())
            if now() >= due:
                due = now() + heartbeat
                yield b""
            self._news.clear()
            if self.ended:
                raise self.ended
            replies, self._replies = self._replies, []
            for chunk in _joined(replies):
                yield chunk
            while self._missing:
                if missed := await self._missed():
                    yield missed
            while self._lacking():
                await self._complete(list(self._waiting))
            for chunk in _joined(self._live()):
                yield chunk

    async def _something(self, seconds: float) -> None:
        if self._news.is_set():
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()

    def _live(self) -> list[bytes]:
        frames: list[bytes] = []
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            frames = self._told(waiting)
        if self._quotes:
            quotes, self._quotes = self._quotes, {}
            for market, quote in quotes.items():
                frames += [self._words.quote(quote, spelling) for spelling in self._spellings.get(market, ())]
        return frames

    def _told(self, entries: Iterable[Entry]) -> list[bytes]:
        frames = []
        for entry in entries:
            for channel, seen in self._channels.items():
                if entry.seq > seen:
                    self._channels[channel] = entry.seq
                    if frame := self._words.entry(channel, entry):
                        frames.append(frame)
        return frames

    async def _missed(self) -> bytes:
        """One page from the log. What is told meanwhile is in the log too, so nothing needs to wait."""
        if self.ended:
            raise self.ended
        self._waiting.clear()
        after = min(self._channels.values(), default=self._newest)
        try:
            page = await self._log.after(self.user_id, after, _PAGE) if after < self._newest else []
        except RETRYABLE:
            self.end(TRY_AGAIN, "the log cannot be read at the moment; come back and resume")
            raise self.ended or Ended(TRY_AGAIN, "") from None
        await self._complete(page)
        frames = []
        if after < self._newest and (not page or page[0].seq > after + 1) and after >= self._first - 1:
            self._first = page[0].seq if page else self._newest + 1
            frames.append(self._words.resync(self._first, self._newest))
        frames += self._told(page)
        if not page:
            self._channels = {channel: max(seen, self._newest) for channel, seen in self._channels.items()}
        self._missing = min(self._channels.values(), default=self._newest) < self._newest
        return b"".join(frames)

    def _lacking(self) -> bool:
        lack = self._lack
        return lack is not None and any(lack.lacks(entry, self._channels) for entry in self._waiting)

    async def _complete(self, entries: list[Entry]) -> None:
        if self._lack is None:
            return
        try:
            await self._lack.complete(entries, self._channels)
        except MillraceError as problem:
            self.end(TRY_AGAIN, f"{problem.message}; come back and resume")
        if self.ended:
            raise self.ended


def _joined(frames: list[bytes]) -> list[bytes]:
    """Few writes of not much more than 64 KiB each."""
    if len(frames) < 2:
        return frames
    chunks: list[bytes] = []
    some: list[bytes] = []
    size = 0
    for frame in frames:
        some.append(frame)
        size += len(frame)
        if size >= _CHUNK:
            chunks.append(b"".join(some))
            some, size = [], 0
    return [*chunks, b"".join(some)] if some else chunks
