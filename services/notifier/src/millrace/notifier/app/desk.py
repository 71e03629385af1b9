"""Lets clients in, and looks after the streams they have open."""

import asyncio

import structlog

from millrace.common.auth.tokens import TokenReader
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.web.frames import Direct
from millrace.notifier.app.log import UserLog
from millrace.notifier.app.stream import Stream
from millrace.notifier.app.turn import Turn
from millrace.notifier.app.views import Words
from millrace.notifier.config import NotifierSettings
from millrace.notifier.domain.hub import Hub

log = structlog.get_logger()

EXPIRED = 4401


class Desk:
    """Opens streams for living tokens, and ends them when the token or its session has."""

    def __init__(
        self, hub: Hub, user_log: UserLog, tokens: TokenReader, clock: Clock, settings: NotifierSettings
    ) -> None:
        self.settings = settings
        self._hub = hub
        self._log = user_log
        self._tokens = tokens
        self._clock = clock
        self._turn = Turn()

    async def open(self, token: str, words: Words, direct: Direct | None = None) -> Stream:
        """A stream that has joined. Raises AUTH_INVALID, PERMISSION_DENIED, RATE_LIMITED, UNAVAILABLE."""
        admission = await self._tokens.admit(token)
        if not admission.principal.may("read"):
            raise MillraceError(Code.PERMISSION_DENIED, "the API key's scopes do not include read")
        stream = Stream(self._hub, self._log, admission, words, self.settings.waiting_limit, self._turn, direct)
        self._hub.join(stream, self.settings.streams_per_user)
        try:
            await stream.start()
        except BaseException:
            stream.leave()
            raise
        return stream

    async def watch(self) -> None:
        """Look every few seconds, for ever: the events that say so may be late or lost."""
        while True:
            await asyncio.sleep(self.settings.watch_seconds)
            await self.look()

    async def look(self) -> None:
        """Drop clients that take nothing; end streams whose token has expired or whose session has ended."""
        now = self._clock.now().timestamp()
        streams = self._hub.everyone()
        for stream in streams:
            stream.drop_stuck(self.settings.unread_seconds)
            if stream.expires_at <= now:
                stream.end(EXPIRED, "the token has expired")
        sessions = {stream.session_id for stream in streams if stream.session_id}
        try:
            alive = await self._tokens.living(sessions)
        except MillraceError as problem:
            log.warning("sessions cannot be checked", error=problem.message)
            return
        for stream in streams:
            if stream.session_id not in alive:
                stream.end(EXPIRED, "the session has ended")

    async def shorten(self) -> None:
        """Cut the users' logs again and again."""
        settings = self.settings
        while True:
            await asyncio.sleep(settings.shorten_seconds)
            try:
                await self._log.shorten(settings.log_limit, settings.log_seconds)
            except Exception as problem:
                log.warning("the log could not be shortened", error=repr(problem))
