"""The state of one user for contract network's event stream: asked of the services when something has happened."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from millrace.common.auth.principal import Principal
from millrace.contracts.canonical.performance import Overview
from millrace.contracts.canonical.trading import Trade
from millrace.contracts.network import stream as network
from millrace.notifier.app.ports import Facts
from millrace.notifier.app.stream import Stream
from millrace.notifier.app.views import event_text
from millrace.notifier.domain.hub import Entry

log = structlog.get_logger()

_TRADES = 20


@dataclass(slots=True)
class Picture:
    """How things stood after the user's entry `seq`, and the events that tell it."""

    seq: int
    overview: Overview
    trades: Sequence[Trade]
    events: dict[str, bytes]

    def news(self, told: "Picture | None", *, everything: bool) -> Iterator[bytes]:
        """The events that a client needs who was told `told`; without it the overview, or everything."""
        if everything or told is None or told.overview != self.overview:
            yield self.events["overview_update"]
        if everything or (told and told.overview.total_bots != self.overview.total_bots):
            yield self.events["bot_update"]
        if everything or (told and [trade.id for trade in told.trades] != [trade.id for trade in self.trades]):
            yield self.events["trade_update"]


class Board:
    """A user's newest picture, taken once for all streams of the user. `limit` bounds how many are taken at a time."""

    def __init__(
        self, facts: Facts, user: Principal, now: Callable[[], datetime], limit: asyncio.Semaphore, pace: float
    ) -> None:
        self.pace = pace
        self._facts = facts
        self._user = user
        self._now = now
        self._limit = limit
        self._lock = asyncio.Lock()
        self._picture: Picture | None = None

    async def look(self, seq: int) -> Picture:
        """A picture that was taken after entry `seq`. Raises what the services do."""
        async with self._lock:
            if self._picture is None or self._picture.seq < seq:
                async with self._limit:
                    overview = await self._facts.overview(self._user)
                    trades = await self._facts.trades(self._user, _TRADES)
                self._picture = _picture(seq, overview, trades, self._now())
            return self._picture


def _picture(seq: int, overview: Overview, trades: Sequence[Trade], now: datetime) -> Picture:
    shown = {
        "overview_update": network.overview_update(overview, now),
        "bot_update": network.bot_count(overview.total_bots, now),
        "trade_update": network.recent_trades(trades, now),
    }
    return Picture(seq, overview, trades, {name: event_text(name, data, seq) for name, data in shown.items()})


class Panel(Stream):
    """Tells of the state, not of each step: what changed between two looks is told once, as it is then.

    So a client misses nothing by being away: one that comes back at another entry is told everything as it is.
    """

    def __init__(self, board: Board, *given: Any) -> None:
        super().__init__(*given)
        self._board = board
        self._happened = asyncio.Event()
        self._happened.set()

    def take(self, entries: Sequence[Entry]) -> None:
        """Something has happened: look again, soon."""
        super().take(entries)
        self._happened.set()

    async def follow(self, after: int | None) -> None:
        """Look whenever something has happened, at most once in `pace` seconds, for ever."""
        told: Picture | None = None
        behind = after is not None and after != self._newest
        while True:
            await self._happened.wait()
            self._happened.clear()
            try:
                picture = await self._board.look(self._newest)
            except Exception as problem:  # a service that is away comes back
                log.warning("a user's overview cannot be read", error=repr(problem))
                self._happened.set()
            else:
                for event in picture.news(told, everything=behind):
                    self.say(event)
                told, behind = picture, False
            await asyncio.sleep(self._board.pace)
