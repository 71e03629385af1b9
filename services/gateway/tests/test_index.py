"""The index finds what trying one route after the other finds."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from starlette.routing import Match, Route

from millrace.contracts.dialects import endpoints
from millrace.gateway.api.index import Index


async def nobody(request: Any) -> Any:
    """An endpoint that is never called."""


ROUTES = [Route(path, nobody, methods=[method], name=f"{method} {path}") for method, path in endpoints()]
INDEX = Index(ROUTES)
WORDS = sorted({part for _, path in endpoints() for part in path.split("/") if part and "{" not in part} | {"7", "x"})


def scope_of(method: str, path: str, root: str = "") -> dict[str, Any]:
    """A request, as the server tells of it."""
    return {"type": "http", "method": method, "path": root + path, "root_path": root}


def one_by_one(method: str, path: str) -> str | None:
    """The first route that matches."""
    for route in ROUTES:
        if route.matches(scope_of(method, path))[0] is Match.FULL:
            return route.name
    return None


def indexed(method: str, path: str, root: str = "") -> str | None:
    """The route that the index finds."""
    match, found = INDEX.matches(scope_of(method, path, root))
    return found["index.route"].name if match is Match.FULL else None


@pytest.mark.parametrize(("method", "path"), endpoints())
def test_every_endpoint_is_found(method: str, path: str) -> None:
    place = "/".join("BTC/USDT" if ":path" in p else "7" if p.startswith("{") else p for p in path.split("/"))
    assert indexed(method, place) == one_by_one(method, place) is not None
    assert indexed(method, place, "/contracts/crypto") == one_by_one(method, place)


@given(some.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]), some.lists(some.sampled_from(WORDS)))
def test_any_address_is_found_as_by_trying_all(method: str, parts: list[str]) -> None:
    path = "/" + "/".join(parts)
    assert indexed(method, path) == one_by_one(method, path)


def test_streams_are_left_to_others() -> None:
    assert INDEX.matches({"type": "websocket", "path": "/health", "root_path": ""})[0] is Match.NONE
