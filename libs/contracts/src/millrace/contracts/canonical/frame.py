"""What every canonical model is made of."""

from datetime import datetime
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Ref = UUID | int
"""What names a row from outside: its UUID or its number."""
MOST = 5000
"""How many rows the longest list has; so long are those of documents that know no pages."""
Limit = Annotated[int, Field(ge=1, le=MOST)]
T = TypeVar("T")


class Canonical(BaseModel):
    """An immutable value. Fractions (0.05 is 5 %), drawdowns at or above zero, times in UTC.

    Pydantic builds a model when it is first used, here and in the contracts: there are five hundred, and a start that
    built them all would take a third of a second longer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Nothing(Canonical):
    """A request that says nothing but its name."""


class ById(Canonical):
    """A request about one row."""

    id: Ref


class Listing(Canonical):
    """A request for some rows: at most `limit`, after leaving out `offset`."""

    limit: Limit = 50
    offset: Annotated[int, Field(ge=0)] = 0


class Timed(Canonical):
    """A request about a stretch of time, open where an end is missing; `start` is in it, `end` is not."""

    start: AwareDatetime | None = None
    end: AwareDatetime | None = None


class Page(Canonical, Generic[T]):
    """Some of `total` rows."""

    items: tuple[T, ...] = ()
    total: int = 0
    limit: int = 50
    offset: int = 0

    @property
    def has_more(self) -> bool:
        """Whether rows follow the last one here."""
        return self.offset + len(self.items) < self.total


class Done(Canonical):
    """It worked; nothing else is to be told. `subject` names what it was done to, where an answer repeats it."""

    at: datetime
    subject: str = ""


class Terminated(Canonical):
    """How many were closed, and what could not be; `accounts` is on how many accounts, where that was counted."""

    count: int
    accounts: int | None = None
    errors: tuple[str, ...] = ()
