"""What services say to each other: immutable facts with a versioned type."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, PlainSerializer

from millrace.common.events.envelope import Envelope
from millrace.common.kernel.money import plain

Amount = Annotated[Decimal, PlainSerializer(plain, when_used="json")]
"""A `Decimal` that travels as plain text, whatever zeros and exponents it has in memory."""

REGISTRY: dict[str, type["Event"]] = {}


class Event(BaseModel):
    """A fact that happened. Subclasses name their `type` (`<area>.<past_tense>.v<major>`) and `topic`.

    Amounts are `Amount` and travel as text; times are UTC. Unknown fields are ignored, so that a newer
    producer may add optional ones.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    topic: ClassVar[str]

    @property
    def key(self) -> str:
        """The entity whose order matters; messages of one key stay in order end to end."""
        raise NotImplementedError

    @property
    def tenant(self) -> UUID | None:
        """The user the fact belongs to; nobody for market data and the system's own facts."""
        return getattr(self, "user_id", None)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: object) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if "type" in cls.__dict__:
            if cls.type in REGISTRY:
                raise TypeError(f"event type {cls.type} is declared twice")
            REGISTRY[cls.type] = cls


E = TypeVar("E", bound=Event, covariant=True)


@dataclass(frozen=True, slots=True)
class Message(Generic[E]):
    """A fact together with the envelope it came in."""

    event: E
    envelope: Envelope

    @property
    def at(self) -> datetime:
        """When it happened: the only time a handler may use."""
        return self.envelope.time

    @property
    def id(self) -> UUID:
        """The message's own id, from which the ids of its consequences derive."""
        return self.envelope.id


class UnknownEvent(ValueError):
    """A message whose type no code here knows."""


def decode(envelope: Envelope) -> Message[Event]:
    """Read a message; one that was said in this process is not parsed again.

    Raises `UnknownEvent` for an unknown type and pydantic's ValidationError for a broken body.
    """
    if isinstance(envelope.event, Event):
        return Message(envelope.event, envelope)
    try:
        kind = REGISTRY[envelope.type]
    except KeyError:
        raise UnknownEvent(f"unknown event type {envelope.type!r}") from None
    return Message(kind.model_validate_json(envelope.body), envelope)
