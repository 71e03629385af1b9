"""Lists of other services, which give so many rows at a time."""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping
from itertools import islice
from typing import Any, TypeVar

from millrace.gateway.app.asking import Asking

T = TypeVar("T")

_STEP = 1000
_TOGETHER = 8


async def rows(
    asking: Asking,
    service: str,
    path: str,
    query: Mapping[str, Any],
    limit: int,
    offset: int = 0,
    step: int = _STEP,
) -> tuple[list[dict[str, Any]], int]:
    """At most `limit` rows after leaving out `offset`, and how many there are; they are asked for by the `step`."""
    found: list[dict[str, Any]] = []
    while True:
        size = min(step, limit - len(found))
        page = {"limit": max(1, size), "offset": offset + len(found)}
        told = await asking.ask(service, "GET", path, query={**query, **page})
        found += told["items"][:size]
        if len(found) == limit or len(told["items"]) < size:
            return found, told["total"]


async def count(asking: Asking, service: str, path: str, **query: Any) -> int:
    """How many rows there are."""
    return (await rows(asking, service, path, query, 0))[1]


async def gathered(asked: Iterable[Awaitable[T]]) -> list[T]:
    """All answers, in order; a few are waited for at a time."""
    waiting, found = iter(asked), list[T]()
    while batch := list(islice(waiting, _TOGETHER)):
        found += await asyncio.gather(*batch)
    return found
