"""What the edge asks of its adapters."""

from collections.abc import Sequence
from typing import Protocol

from millrace.gateway.domain.rates import Rate, Standing


class Buckets(Protocol):
    """Takes one request from all of a caller's buckets, or from none."""

    async def take(self, caller: str, rates: Sequence[Rate]) -> list[Standing]:
        """Where the caller stands with each rate; when one of them refuses, none has been charged."""
        ...
