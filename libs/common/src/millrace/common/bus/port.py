"""The bus as services see it. Durable messages come in records with a place; lossy ones go to callbacks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol
from uuid import UUID

from millrace.common.db.work import Work
from millrace.common.events.envelope import BrokenEnvelope, Envelope


class Place(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int


class Record(NamedTuple):
    """A durable message at its place. `envelope` is the error instead where the bytes could not be read."""

    place: Place
    position: int
    envelope: Envelope | BrokenEnvelope


class Standing(NamedTuple):
    """How far a reader's group has come at a place: the positions of its next record and of the log's end."""

    committed: int
    end: int


class ReaderMoved(RuntimeError):
    """Another process of the same group has gone on; what was read here must be read again."""


class BusUnavailable(ConnectionError):
    """The bus cannot be reached, or is not ready; what was asked of it may or may not have happened."""


Outgoing = tuple[str, Envelope]
Listener = Callable[[str, Envelope], None]


@dataclass(frozen=True, slots=True)
class Features:
    """What differs between drivers, for the conformance suite and for wiring.

    A reader's position moves in the transaction that applies; messages outlive the process; readers of one group may
    share its work from several processes; foreign producers can put in whatever bytes they like.
    """

    joins_transaction: bool
    survives_restart: bool
    several_processes: bool
    carries_bytes: bool


class Subscription(Protocol):
    """One reader's view of its topics, as a member of its group."""

    async def poll(self, limit: int, wait: float) -> list[Record]:
        """Up to `limit` records in order per place; empty after `wait` seconds without any."""
        ...

    async def commit(self, positions: Mapping[Place, int], work: Work | None = None) -> None:
        """Everything before these positions has been applied.

        A driver that joins transactions is given the unit of work that applied it, before its commit; it raises
        `ReaderMoved` when another process has applied it already. Others are called after the commit.
        """
        ...

    async def accept(
        self, work: Work, said: Sequence[tuple[str, Envelope]], positions: Mapping[Place, int]
    ) -> dict[UUID, bool]:
        """`db.work.accept`; a driver that joins transactions commits these positions with it, in one round trip."""
        ...

    async def pass_over(self, positions: Mapping[Place, int]) -> None:
        """Nothing before these positions, beyond what was committed, concerns this reader.

        It may be noted a little later: who reads again passes over it again.
        """
        ...

    async def rewind(self) -> None:
        """Go back to what was committed last: the next poll gives the rest again. Needed after a poll was cancelled."""
        ...

    async def lag(self) -> int:
        """How many durable records are not applied yet, as far as is known here: cheap enough to ask all the time."""
        ...

    async def standings(self) -> dict[Place, Standing]:
        """The truth about this reader's places, asked of the server. Raises when it cannot be had."""
        ...

    async def close(self) -> None:
        """Leave the group. Closing twice is harmless."""
        ...


class Bus(Protocol):
    """A driver."""

    features: Features

    async def start(self) -> None:
        """Connect and make sure that the catalogue's topics exist. Raises when the bus cannot be reached."""
        ...

    async def stop(self) -> None:
        """Flush and disconnect."""
        ...

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Send durable messages in order per key; returns when all are safe. Raises `BusUnavailable` if not."""
        ...

    def broadcast(self, topic: str, envelope: Envelope) -> None:
        """Send a lossy message to whoever listens now. Never waits, never fails."""
        ...

    def listen(self, topic: str, listener: Listener) -> Callable[[], None]:
        """Hear the lossy messages of a topic from now on; the answer stops it."""
        ...

    async def subscribe(self, group: str, topics: Sequence[str]) -> Subscription:
        """Join a group's reading of durable topics, from the beginning for a new group."""
        ...
