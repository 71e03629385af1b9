"""Who is listening, and to what."""

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any, Protocol
from uuid import UUID

from millrace.common.events.message import REGISTRY, Event
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical.accounts import Funds

Market = str
"""`exchange:symbol` is a pair's last price, `exchange:symbol:timeframe` its newest candle."""


@dataclass(slots=True)
class Entry:
    """One line of a user's log. `kind` is what happened, `body` the event's own fields.

    `shown` keeps what was made of it for the wire, so that all streams share it. `profit` is what a fill earned, once
    it is known; NaN when it stays unknown. `funds` is what the user has in all, where that was asked for.
    """

    seq: int
    kind: str
    body: dict[str, Any]
    at: str
    shown: dict[Hashable, bytes] = field(default_factory=dict)
    profit: Decimal | None = None
    funds: Funds | None = None

    @property
    def event(self) -> Event:
        """The event itself, read from the body."""
        return _kinds()[self.kind].model_validate(self.body)


@cache
def _kinds() -> dict[str, type[Event]]:
    return {name.split(".")[1]: event for name, event in REGISTRY.items()}


@dataclass(slots=True)
class Quote:
    """A market's newest price or candle; `shown` as above."""

    event: Event
    shown: dict[Hashable, bytes] = field(default_factory=dict)


class Listener(Protocol):
    """One open stream. `expires_at` is in Unix seconds."""

    user_id: UUID
    session_id: UUID | None
    expires_at: float

    @property
    def markets(self) -> Collection[Market]:
        """The markets it watches."""
        ...

    def take(self, entries: Sequence[Entry]) -> None:
        """New entries of the user's log, in order."""
        ...

    def quote(self, market: Market, quote: Quote) -> None:
        """A watched market's newest price or candle."""
        ...

    def end(self, code: int, reason: str) -> None:
        """The stream must be closed with `code`."""
        ...

    def drop_stuck(self, seconds: float) -> None:
        """Give the stream up when its client has taken nothing for so long."""
        ...


class Hub:
    """All open streams of this process."""

    def __init__(self) -> None:
        self._users: dict[UUID, set[Listener]] = {}
        self._markets: dict[Market, set[Listener]] = {}
        self._closed = False

    def join(self, listener: Listener, limit: int) -> None:
        """Tell this stream from now on. Raises RATE_LIMITED when its user has `limit`, UNAVAILABLE while closing."""
        if self._closed:
            raise MillraceError(Code.UNAVAILABLE, "the service restarts; come back", retry_after=1)
        if len(self._users.get(listener.user_id, ())) >= limit:
            raise MillraceError(Code.RATE_LIMITED, f"there are already {limit} open streams", retry_after=5)
        self._users.setdefault(listener.user_id, set()).add(listener)

    def leave(self, listener: Listener) -> None:
        """Stop telling it."""
        listeners = self._users.get(listener.user_id, set())
        listeners.discard(listener)
        if not listeners:
            self._users.pop(listener.user_id, None)
        for market in list(listener.markets):
            self.unwatch(listener, market)

    def watch(self, listener: Listener, market: Market) -> None:
        """Give it what a market does too."""
        self._markets.setdefault(market, set()).add(listener)

    def unwatch(self, listener: Listener, market: Market) -> None:
        """Stop giving it what a market does."""
        found = self._markets.get(market, set())
        found.discard(listener)
        if not found:
            self._markets.pop(market, None)

    def listens(self, user_id: UUID) -> bool:
        """Whether a user has any stream open."""
        return user_id in self._users

    @property
    def watched(self) -> Collection[Market]:
        """The markets somebody watches."""
        return self._markets.keys()

    def tell(self, user_id: UUID, entries: Sequence[Entry]) -> None:
        """Give new entries of a user's log to the user's streams."""
        for listener in list(self._users.get(user_id, ())):
            listener.take(entries)

    def show(self, market: Market, quote: Quote) -> None:
        """Give a price or candle to whoever watches its market."""
        for listener in self._markets.get(market, ()):
            listener.quote(market, quote)

    def everyone(self) -> list[Listener]:
        """All streams."""
        return [listener for listeners in self._users.values() for listener in listeners]

    def of_user(self, user_id: UUID) -> list[Listener]:
        """One user's streams."""
        return list(self._users.get(user_id, ()))

    def close(self, code: int, reason: str) -> None:
        """End all streams, and let nobody join any more."""
        self._closed = True
        for listener in self.everyone():
            listener.end(code, reason)
