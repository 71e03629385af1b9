"""What the edge asks of its adapters."""

from collections.abc import Sequence
from typing import Protocol

from millrace.contracts.canonical import research
from millrace.gateway.domain.rates import Rate, Standing


class Buckets(Protocol):
    """Takes one request from all of a caller's buckets, or from none."""

    async def take(self, caller: str, rates: Sequence[Rate]) -> list[Standing]:
        """Where the caller stands with each rate; when one of them refuses, none has been charged."""
        ...


class Cache(Protocol):
    """What is kept for speed alone and may be forgotten at any time."""

    async def read(self) -> research.Cache:
        """How it is."""
        ...

    async def delete(self, pattern: str) -> int:
        """Forget the keys that match a pattern with `*`, `?` and `[...]`; how many there were."""
        ...
