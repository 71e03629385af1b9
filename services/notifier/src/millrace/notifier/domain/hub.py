"""Who is listening, and to what. A client that does not keep up is cut, and resumes by sequence number."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a user's log. `kind` is what happened, `body` the event's own fields."""

    seq: int
    kind: str
    body: dict[str, Any]
    at: str


@dataclass(eq=False, slots=True)
class Listener:
    """One open stream. `take` gets entries; `cut` is called when the stream must end, with a close code."""

    user_id: UUID
    session_id: UUID | None
    take: Callable[[Entry], None]
    cut: Callable[[int, str], None]
    markets: set[tuple[str, str]] = field(default_factory=set)
    quote: Callable[[dict[str, Any]], None] = lambda _: None


class Hub:
    """All open streams of this process."""

    def __init__(self) -> None:
        self._users: dict[UUID, set[Listener]] = {}
        self._markets: dict[tuple[str, str], set[Listener]] = {}

    def join(self, listener: Listener) -> None:
        """Tell this stream from now on."""
        self._users.setdefault(listener.user_id, set()).add(listener)

    def leave(self, listener: Listener) -> None:
        """Stop telling it."""
        self._users.get(listener.user_id, set()).discard(listener)
        if not self._users.get(listener.user_id):
            self._users.pop(listener.user_id, None)
        for market in list(listener.markets):
            self.unwatch(listener, market)

    def watch(self, listener: Listener, market: tuple[str, str]) -> None:
        """Give it a market's candles too; `market` is (symbol, timeframe)."""
        listener.markets.add(market)
        self._markets.setdefault(market, set()).add(listener)

    def unwatch(self, listener: Listener, market: tuple[str, str]) -> None:
        """Stop giving it a market's candles."""
        listener.markets.discard(market)
        found = self._markets.get(market, set())
        found.discard(listener)
        if not found:
            self._markets.pop(market, None)

    def count(self, user_id: UUID) -> int:
        """How many streams a user has open."""
        return len(self._users.get(user_id, ()))

    def tell(self, user_id: UUID, entries: Iterable[Entry]) -> None:
        """Give new entries of a user's log to the user's streams."""
        for listener in list(self._users.get(user_id, ())):
            for entry in entries:
                listener.take(entry)

    def show(self, market: tuple[str, str], candle: dict[str, Any]) -> None:
        """Give a candle to whoever watches its market."""
        for listener in list(self._markets.get(market, ())):
            listener.quote(candle)

    def everyone(self) -> list[Listener]:
        """All streams."""
        return [listener for listeners in self._users.values() for listener in listeners]
