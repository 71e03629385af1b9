"""One request of a client at work."""

from collections.abc import Callable, Mapping
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


def filled(value: Any, known: Mapping[str, Any]) -> Any:
    """A request with what is known in its holes."""
    if isinstance(value, dict):
        return {name: filled(each, known) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, known) for each in value]
    if isinstance(value, str) and value.startswith("{") and value.endswith("}") and value.count("{") == 1:
        return known[value[1:-1]]
    return value.format_map(known) if isinstance(value, str) and "{" in value else value


class Alone(dict[str, Any]):
    """What is known where no step was taken before: whatever those would have made is absent."""

    absent = "01a20d6d-7982-79b1-9f9c-2d7881e2698d"

    def __init__(self) -> None:
        days = {"today": "2026-11-01", "month_ago": "2026-10-01", "month_ago_unix": 1_790_812_800}
        super().__init__(days, password="SecurePass123!")

    def __missing__(self, name: str) -> str:
        return self.absent
