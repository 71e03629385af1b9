"""A job as it stands in the table, and what can be wrong with asking for one."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

import asyncpg
import orjson

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.money import plain


class State(StrEnum):
    """Where a job is. `pending` includes a job that waits for its next try."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class UnknownJob(MillraceError):
    """Nothing here can run a job of that name."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        super().__init__(
            Code.VALIDATION_ERROR,
            f"there is no job {name[:60]!r}; there are: {', '.join(names) or 'none'}",
            fields={"name": "is not a known job"},
            details={"supported": names},
        )


class LeaseLost(RuntimeError):
    """The job was given to another worker; nothing may be written for it here any more."""


@dataclass(frozen=True, slots=True)
class Job:
    """One row. `tries` counts the tries that failed, `epoch` how often a worker has taken it.

    `progress` runs from 0 to 1. `checkpoint` is what the handler saved to go on from. Times are UTC.
    """

    id: UUID
    name: str
    user_id: UUID | None
    arguments: dict[str, Any]
    state: State
    priority: int
    run_after: datetime
    dedupe_key: str | None
    tries: int
    max_tries: int
    cancel_requested: bool
    epoch: int
    progress: float
    note: str
    checkpoint: Any
    result: Any
    error: dict[str, Any] | None
    traceparent: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, row: asyncpg.Record) -> Self:
        """Read a row."""
        values = {name: row[name] for name in NAMES}
        for name in ("arguments", "checkpoint", "result", "error"):
            values[name] = orjson.loads(values[name]) if values[name] is not None else None
        return cls(**{**values, "state": State(values["state"])})


NAMES = tuple(field.name for field in fields(Job))
COLUMNS = ", ".join(NAMES)


def to_json(value: Any) -> str:
    """The text that is stored; `Decimal` becomes plain text. Raises TypeError for what JSON cannot say."""
    return orjson.dumps(value, default=_default, option=orjson.OPT_UTC_Z).decode()


def _default(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    if hasattr(value, "model_dump"):
        return value.model_dump()
    raise TypeError(f"a {type(value).__name__} cannot be stored")
