"""What the assistant is told and what it answers."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

_Message = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]


class Say(BaseModel):
    """A message; the token confirms the plan that an earlier answer proposed.

    The same `intent_id` again is the same message.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    message: _Message
    confirmation_token: Annotated[str, Field(max_length=200)] | None = None
    intent_id: UUID | None = None


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class Reply(_Answer):
    """An answer. With a token the actions wait for its confirmation; else they say what became of them.

    Each action has its `kind` and terms, a `description`, a `status` (proposed, done, changed, refused, unknown) and a
    `message`.
    """

    text: str
    actions: list[dict[str, Any]]
    confirmation_token: str | None
    at: datetime


class ChatMessage(_Answer):
    """One message of the conversation."""

    id: UUID
    role: Literal["user", "assistant"]
    content: str
    at: datetime


class Conversation(_Answer):
    """Messages oldest first; `total` counts all there are."""

    items: list[ChatMessage]
    total: int
    limit: int
    offset: int


class Greeting(_Answer):
    """A welcome and the day's report."""

    text: str
    summary: str
    highlights: list[str]
