"""What a contract is made of: rows that tie an address to an operation, each with the contract's own view of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from millrace.contracts.canonical.frame import Ref
from millrace.contracts.canonical.problem import Problem
from millrace.contracts.names import Access, Contract
from millrace.contracts.operations import OPERATIONS
from millrace.contracts.spelling import read_ref
from millrace.contracts.statuses import status_of


class Asked(BaseModel):
    """A request's body or query. Keys nobody knows are passed over: what only the server sets cannot be set."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class Shape(BaseModel):
    """A body that answers, exactly: what is presented is checked against it in the tests, and shown in OpenAPI."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


@dataclass(frozen=True, slots=True)
class Call:
    """A request as a view reads it.

    `path` holds the address's values as text; `query` and `body` are instances of the view's models (None where it has
    none); `raw` is the body's bytes; `headers` has lower-case names.
    """

    path: Mapping[str, str] = field(default_factory=dict)
    query: Any = None
    body: Any = None
    raw: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def ref(self, name: str, what: str = "") -> Ref:
        """A row's UUID or number from the address; NOT_FOUND when it can be neither.

        `what` it names is told then; by default what `name` says: a bot where it is `bot_id`.
        """
        return read_ref(self.path[name], what or name.removesuffix("_id"))


@dataclass(frozen=True, slots=True)
class View:
    """How one contract asks for an operation and reads its result. All functions are pure.

    `parse` makes the operation's command, or raises `MillraceError`. `present(result, now)` makes the JSON body, which
    is of the form `response`; None where the answer has no body.
    """

    parse: Callable[[Call], Any]
    present: Callable[[Any, datetime], Any]
    response: Any
    status: int = 200
    query: type[Asked] | None = None
    body: type[Asked] | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One endpoint of a document.

    `path` is written in full, its parameters as `{name}` or `{name:path}`; `also` are other addresses of the same.
    `category` names the rate it counts for, where the contract has several.
    """

    method: str
    path: str
    contract: Contract
    operation: str
    access: Access
    view: View
    also: tuple[str, ...] = ()
    category: str = ""

    def __post_init__(self) -> None:
        if self.operation not in OPERATIONS:
            raise ValueError(f"{self.method} {self.path}: there is no operation {self.operation!r}")

    @property
    def paths(self) -> tuple[str, ...]:
        """Every address of this endpoint."""
        return (self.path, *self.also)


class Transport(StrEnum):
    """How a stream reaches its client."""

    EVENTS = "server-sent events"
    WEBSOCKET = "websocket"


@dataclass(frozen=True, slots=True)
class Stream:
    """Where clients are told what happens. `path` and `also` as in a row; without `contract` it is our own."""

    transport: Transport
    path: str
    contract: Contract | None = None
    access: Access = Access.USER
    also: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Every address of this stream."""
        return (self.path, *self.also)


@dataclass(frozen=True, slots=True)
class Dialect:
    """One contract: what it is called, its endpoints and streams, and how it says that something went wrong.

    `error` makes the body of an error.
    """

    contract: Contract
    title: str
    version: str
    description: str
    rows: tuple[Row, ...]
    error: Callable[[Problem], Any]
    streams: tuple[Stream, ...] = ()

    def status(self, problem: Problem) -> int:
        """The HTTP status of an error."""
        return status_of(problem, self.contract)


def order(path: str) -> tuple[tuple[int, str], ...]:
    """Sorts addresses so that the first one that matches is the one that is meant: words, then values, then paths.

    What goes on after a value that may hold slashes comes before what ends there.
    """
    parts = [(2 if ":path" in part else 1, "") if part.startswith("{") else (0, part) for part in path.split("/")]
    return (*parts, (3, ""))
