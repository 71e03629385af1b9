"""Where callers stand with their rates, in Redis: several gateways share them."""

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical.research import Cache
from millrace.gateway.adapters.buckets import LocalBuckets
from millrace.gateway.domain.rates import Rate, Standing, spend

log = structlog.get_logger()

_SCAN = 1000
_ANSWER_SECONDS = 0.25
_ALONE_SECONDS = 5.0  # after a question without an answer; else each request would wait for the next
_COUNT_SECONDS, _COUNTED_SECONDS = 0.2, 5.0
# KEYS: one a rate; ARGV: limit, seconds, patience of each. All or nothing. Answers what each bucket's state was and the
# server's time, both in microseconds: the rest is arithmetic that both adapters share.
_SCRIPT = """
local time = redis.call('time')
local now = time[1] * 1000000 + time[2]
local before, after = {}, {}
for i, key in ipairs(KEYS) do
  local limit, seconds, patience = ARGV[3*i-2], ARGV[3*i-1] * 1000000, ARGV[3*i] * 1000000
  before[i] = tonumber(redis.call('get', key) or 0)
  after[i] = math.max(before[i], now) + seconds / limit
  if after[i] - now - seconds > patience then after = nil break end
end
if after then
  for i, key in ipairs(KEYS) do
    redis.call('set', key, string.format('%.0f', after[i]), 'px', math.ceil((after[i] - now) / 1000))
  end
end
for i, key in ipairs(KEYS) do before[i] = string.format('%.0f', before[i] or redis.call('get', key) or 0) end
before[#before + 1] = string.format('%.0f', now)
return before
"""


class SharedBuckets:
    """In Redis, one round trip a request. While Redis does not answer, each gateway counts for itself,
    and asks it again every few seconds.

    `owner` is the installation whose keys these are; those of others in the same Redis are never looked at.
    """

    def __init__(self, url: str, owner: str, alone: LocalBuckets) -> None:
        self._redis: Any = Redis.from_url(url, socket_timeout=_ANSWER_SECONDS, socket_connect_timeout=_ANSWER_SECONDS)
        self._script = self._redis.register_script(_SCRIPT)
        self._prefix = f"millrace:{owner}:"
        self._ours = re.sub(r"([*?\[\]\\])", r"\\\1", self._prefix)  # as a beginning of patterns
        self._alone = alone
        self._asks_from = float("-inf")  # the loop's time until which Redis is left alone
        self._counting = asyncio.Lock()
        self._keys, self._counted_at = 0, float("-inf")

    async def take(self, caller: str, rates: Sequence[Rate]) -> list[Standing]:
        if asyncio.get_running_loop().time() < self._asks_from:
            return await self._alone.take(caller, rates)
        keys = [f"{self._prefix}rate:{{{caller}}}:{rate.name}" for rate in rates]  # {}: one slot of a cluster
        values = [value for rate in rates for value in (rate.limit, rate.seconds, rate.patience)]
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                *before, now = [int(found) / 1e6 for found in await self._script(keys=keys, args=values)]
        except (RedisError, OSError, TimeoutError) as problem:
            self._asks_from = asyncio.get_running_loop().time() + _ALONE_SECONDS
            log.warning("rates are counted by each gateway for itself", error=repr(problem))
            return await self._alone.take(caller, rates)
        return [spend(rate, full_at, now)[0] for rate, full_at in zip(rates, before, strict=True)]

    async def read(self) -> Cache:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                told = await self._redis.info()
            keys = await self._count()
        except (RedisError, OSError, TimeoutError):
            return Cache(connected=False, version="unknown")
        hits, misses = Decimal(told["keyspace_hits"]), Decimal(told["keyspace_misses"])
        asked = hits + misses
        return Cache(
            connected=True,
            version=told["redis_version"],
            keys=keys,
            memory_bytes=told["used_memory"],
            hit_rate=hits / asked if asked else Decimal(0),
            miss_rate=misses / asked if asked else Decimal(0),
        )

    async def _count(self) -> int:
        """Our keys, counted every few seconds at most; of very many those that can be found in a moment."""
        async with self._counting:
            now = asyncio.get_running_loop().time()
            if now - self._counted_at > _COUNTED_SECONDS:
                self._keys = 0
                with suppress(TimeoutError):
                    async with asyncio.timeout(_COUNT_SECONDS):
                        async for _ in self._redis.scan_iter(f"{self._ours}*", _SCAN):
                            self._keys += 1
                self._counted_at = now
            return self._keys

    async def delete(self, pattern: str) -> int:
        try:
            keys = [key async for key in self._redis.scan_iter(f"{self._ours}{pattern}", _SCAN)]
            gone = [await self._redis.unlink(*keys[start : start + _SCAN]) for start in range(0, len(keys), _SCAN)]
            self._counted_at = float("-inf")
            return sum(gone)
        except (RedisError, OSError) as problem:
            raise MillraceError(Code.UNAVAILABLE, "the cache does not answer; try again", retry_after=1) from problem

    async def close(self) -> None:
        """Disconnect."""
        await self._redis.aclose()
