"""What one client has asked to hear."""

from millrace.common.auth.principal import Principal
from millrace.common.kernel.errors import Code, MillraceError
from millrace.notifier.api.messages import Message, resume_from
from millrace.notifier.app.stream import Stream
from millrace.notifier.app.views import SocketWords, Spelling
from millrace.notifier.domain.hub import Market


class Listening:
    """A client that resumes says `resume_from` when it authenticates or when it subscribes.

    The first is for each channel's first subscription, the second for that channel alone. `limit` bounds the channels
    and the markets.
    """

    def __init__(self, user: Principal, stream: Stream, words: SocketWords, limit: int) -> None:
        self.user = user
        self.resume: int | None = None
        self._stream = stream
        self._words = words
        self._limit = limit
        self._open: set[str] = set()
        self._joined: set[str] = set()

    def channel(self, name: str, asked: Message, *, wanted: bool) -> None:
        """Tell of a channel from now on, or from where the client stopped; or no more."""
        if not wanted:
            self._open.discard(name)
            self._stream.unsubscribe(name)
            return
        own = resume_from(asked)
        if name not in self._open and len(self._open) >= self._limit:
            raise MillraceError(Code.RATE_LIMITED, "too many subscriptions on one connection")
        if "resume_from" in asked:
            self._words.number()
        first = self.resume if name not in self._joined else None
        self._joined.add(name)
        self._open.add(name)
        self._stream.subscribe(name, first if own is None else own)

    def market(self, market: Market, spelling: Spelling, *, wanted: bool) -> None:
        """Show a market under the client's spelling; or no more."""
        if not wanted:
            self._stream.unwatch(market)
        elif market not in self._stream.markets and len(self._stream.markets) >= self._limit:
            raise MillraceError(Code.RATE_LIMITED, "too many markets on one connection")
        else:
            self._stream.watch(market, spelling)
