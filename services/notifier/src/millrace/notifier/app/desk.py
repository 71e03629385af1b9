"""Lets clients in, and looks after the streams they have open."""

import asyncio
from typing import TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

import structlog

from millrace.common.auth.tokens import Admission, TokenReader
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.web.frames import Direct
from millrace.notifier.app.log import UserLog
from millrace.notifier.app.markets import Markets
from millrace.notifier.app.panel import Board, Panel
from millrace.notifier.app.ports import Facts, Missing, Nobody
from millrace.notifier.app.profits import Profits
from millrace.notifier.app.stream import Stream
from millrace.notifier.app.totals import Totals
from millrace.notifier.app.turn import Turn
from millrace.notifier.app.views import CryptoWords, LogWords, NetworkWords, Words
from millrace.notifier.config import NotifierSettings
from millrace.notifier.domain.hub import Hub

log = structlog.get_logger()

EXPIRED = 4401
_LOOKS = 8
S = TypeVar("S", bound=Stream)


class Desk:
    """Opens streams for living tokens, and ends them when the token or its session has."""

    def __init__(
        self,
        hub: Hub,
        user_log: UserLog,
        tokens: TokenReader,
        clock: Clock,
        settings: NotifierSettings,
        facts: Facts | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.facts = facts or Nobody()
        self.markets = Markets(self.facts)
        self._hub = hub
        self._log = user_log
        self._tokens = tokens
        self._turn = Turn()
        self._looks = asyncio.Semaphore(_LOOKS)
        self._boards: WeakValueDictionary[UUID, Board] = WeakValueDictionary()
        self._profits: WeakValueDictionary[UUID, Profits] = WeakValueDictionary()
        self._totals: WeakValueDictionary[UUID, Totals] = WeakValueDictionary()

    async def admit(self, token: str, ip: str) -> Admission:
        """Who may listen from address `ip`. Raises AUTH_INVALID, PERMISSION_DENIED, UNAVAILABLE."""
        admission = await self._tokens.admit(token, ip)
        if not admission.principal.may("read"):
            raise MillraceError(Code.PERMISSION_DENIED, "the API key's scopes do not include read")
        return admission

    async def open(self, admission: Admission, words: Words, direct: Direct | None = None) -> Stream:
        """A stream that has joined. Raises RATE_LIMITED, UNAVAILABLE."""
        missing: Missing | None = None
        if isinstance(words, NetworkWords):
            missing = self._profits_of(admission)
        elif isinstance(words, CryptoWords):
            missing = self._totals_of(admission)
        given = (self._hub, self._log, admission, words, self.settings.waiting_limit, self._turn, direct, missing)
        return await self._joined(Stream(*given))

    async def panel(self, admission: Admission) -> Panel:
        """A stream of the user's state, that has joined. Raises RATE_LIMITED, UNAVAILABLE."""
        given = (self._hub, self._log, admission, LogWords(), self.settings.waiting_limit, self._turn)
        return await self._joined(Panel(self._board_of(admission), *given))

    async def _joined(self, stream: S) -> S:
        self._hub.join(stream, self.settings.streams_per_user)
        try:
            await stream.start()
        except BaseException:
            stream.leave()
            raise
        return stream

    def _board_of(self, admission: Admission) -> Board:
        user = admission.principal
        board = self._boards.get(user.user_id)
        if board is None:
            board = Board(self.facts, user, self.clock.now, self._looks, self.settings.overview_seconds)
            self._boards[user.user_id] = board
        return board

    def _profits_of(self, admission: Admission) -> Profits:
        user = admission.principal
        profits = self._profits.get(user.user_id)
        if profits is None:
            profits = self._profits[user.user_id] = Profits(self.facts, user)
        return profits

    def _totals_of(self, admission: Admission) -> Totals:
        user = admission.principal
        totals = self._totals.get(user.user_id)
        if totals is None:
            totals = self._totals[user.user_id] = Totals(self.facts, user)
        return totals

    async def watch(self) -> None:
        """Look every few seconds, for ever: the events that say so may be late or lost."""
        while True:
            await asyncio.sleep(self.settings.watch_seconds)
            await self.look()

    async def look(self) -> None:
        """Drop clients that take nothing; end streams whose token has expired or whose session has ended."""
        now = self.clock.now().timestamp()
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
