"""Routes without FastAPI's reading of requests."""

from collections.abc import MutableMapping
from typing import Any

from starlette.routing import Match
from starlette.routing import Route as _Route


class Route(_Route):
    """One that says in the scope which it is, as FastAPI's own do: metrics, traces and logs tell of it."""

    def matches(self, scope: MutableMapping[str, Any]) -> tuple[Match, MutableMapping[str, Any]]:
        match, found = super().matches(scope)
        if match is not Match.NONE:
            found["route"] = self
        return match, found
