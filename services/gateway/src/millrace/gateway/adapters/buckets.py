"""Where callers stand with their rates, in this process."""

from collections.abc import Sequence
from decimal import Decimal
from fnmatch import fnmatchcase
from importlib.metadata import version
from sys import getsizeof

from millrace.common.kernel.clock import Clock
from millrace.contracts.canonical.research import Cache
from millrace.gateway.domain.rates import Rate, Standing, spend

_SWEEP = 10_000


class LocalBuckets:
    """For one gateway. Full buckets are forgotten, so memory is bounded by the callers of the last minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._full_at: dict[tuple[str, str], float] = {}
        self._hits = self._misses = 0

    async def take(self, caller: str, rates: Sequence[Rate]) -> list[Standing]:
        now = self._clock.monotonic()
        standings, after, refused = [], {}, False
        for rate in rates:
            key = (caller, rate.name)
            before = self._full_at.get(key)
            if before is None:
                self._misses += 1
            else:
                self._hits += 1
            standing, after[key] = spend(rate, before or 0.0, now)
            standings.append(standing)
            refused = refused or standing.refused
        if not refused:
            self._full_at.update(after)
            if len(self._full_at) > _SWEEP:
                self._full_at = {key: full_at for key, full_at in self._full_at.items() if full_at > now}
        return standings

    async def read(self) -> Cache:
        asked = self._hits + self._misses
        hit_rate = Decimal(self._hits) / asked if asked else Decimal(0)
        return Cache(
            connected=True,
            version=f"built-in {version('millrace-gateway')}",
            keys=len(self._full_at),
            memory_bytes=getsizeof(self._full_at) + sum(map(getsizeof, self._full_at)),
            hit_rate=hit_rate,
            miss_rate=1 - hit_rate if asked else Decimal(0),
        )

    async def delete(self, pattern: str) -> int:
        gone = [key for key in self._full_at if fnmatchcase(f"rate:{key[0]}:{key[1]}", pattern)]
        for key in gone:
            del self._full_at[key]
        return len(gone)
