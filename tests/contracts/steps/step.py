"""One request of a client at work."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Keep = dict[str, Callable[[Any], Any]]


@dataclass(frozen=True, slots=True)
class Step:
    """One request. `keep` takes values from the answer; with `until` it is asked again until that holds of it."""

    case: str
    json: Any = None
    query: dict[str, Any] = field(default_factory=dict)
    path: dict[str, str] = field(default_factory=dict)
    keep: Keep = field(default_factory=dict)
    until: Callable[[Any], bool] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    status: int | None = None
