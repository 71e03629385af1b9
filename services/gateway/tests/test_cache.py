"""What is kept for speed alone: how it is, and forgetting some of it."""

import asyncio
import os
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from millrace.common.kernel.clock import ManualClock, SystemClock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.gateway.adapters.buckets import LocalBuckets
from millrace.gateway.adapters.shared_buckets import SharedBuckets
from millrace.gateway.app.ports import Buckets, Cache
from millrace.gateway.domain.rates import Rate

FEW, MANY = Rate("few", 2, 600.0), Rate("many", 5, 600.0)
NOBODY = "redis://127.0.0.1:9/0"


class Both(Buckets, Cache):
    """What takes requests and tells of itself."""


@pytest.fixture(params=["local", pytest.param("shared", marks=pytest.mark.real)])
async def cache(request: pytest.FixtureRequest) -> AsyncIterator[Both]:
    local = LocalBuckets(SystemClock())
    if request.param == "local":
        yield local  # type: ignore[misc]
        return
    shared = SharedBuckets(os.environ["MILLRACE_TEST_REDIS"], f"test-{uuid4().hex}", local)
    yield shared  # type: ignore[misc]
    await shared.close()


async def test_an_empty_one_says_so(cache: Both) -> None:
    found = await cache.read()
    assert (found.connected, found.keys) == (True, 0)
    assert found.version
    assert found.memory_bytes > 0


async def test_keys_are_counted_as_they_come(cache: Both) -> None:
    await cache.take("ann", [FEW, MANY])
    await cache.take("bob", [FEW])
    assert (await cache.read()).keys == 3
    await cache.take("bob", [FEW])
    assert (await cache.read()).keys == 3


@pytest.mark.parametrize(
    ("pattern", "gone"),
    [
        ("*", 3),
        ("rate:*", 3),
        ("rate:*:few", 2),
        ("*bob*", 1),
        ("rate:?ann?:*", 0),
        ("nothing", 0),
        ("", 0),
        ("*m[aeiou]ny", 1),
    ],
)
async def test_keys_of_a_pattern_are_forgotten(cache: Both, pattern: str, gone: int) -> None:
    if isinstance(cache, SharedBuckets) and "ann" in pattern:
        gone = 2  # there the caller stands in braces
    await cache.take("ann", [FEW, MANY])
    await cache.take("bob", [FEW])
    assert await cache.delete(pattern) == gone
    assert (await cache.read()).keys == 3 - gone
    assert await cache.delete(pattern) == 0


async def test_what_was_forgotten_begins_anew(cache: Both) -> None:
    for _ in range(3):
        (standing,) = await cache.take("ann", [FEW])
    assert standing.refused
    assert await cache.delete("*") == 1
    assert not (await cache.take("ann", [FEW]))[0].refused


async def test_the_built_in_one_tells_how_often_it_knew() -> None:
    cache = LocalBuckets(ManualClock())
    assert (await cache.read()).hit_rate == (await cache.read()).miss_rate == 0
    for _ in range(4):
        await cache.take("ann", [MANY])
    found = await cache.read()
    assert (found.hit_rate, found.miss_rate) == (Decimal("0.75"), Decimal("0.25"))
    assert found.version.startswith("built-in ")


async def test_redis_that_is_away_is_told_and_nothing_breaks() -> None:
    cache = SharedBuckets(NOBODY, "test:", LocalBuckets(ManualClock()))
    found = await cache.read()
    assert (found.connected, found.keys, found.version) == (False, 0, "unknown")
    with pytest.raises(MillraceError) as refused:
        await cache.delete("*")
    assert refused.value.code is Code.UNAVAILABLE
    await cache.close()


@pytest.mark.real
@pytest.mark.parametrize(("one", "other"), [("a", "b"), ("a", "ab"), ("", "a"), ("[ab]", "a"), ("*", "a")])
async def test_another_installation_in_the_same_redis_is_left_alone(one: str, other: str) -> None:
    url, run = os.environ["MILLRACE_TEST_REDIS"], uuid4().hex
    names = (f"{run}{one}", f"{run}{other}")
    mine, theirs = (SharedBuckets(url, name, LocalBuckets(ManualClock())) for name in names)
    for each in (mine, theirs):
        await each.take("ann", [FEW])
    assert await mine.delete("*") == 1
    assert ((await mine.read()).keys, (await theirs.read()).keys) == (0, 1)
    await theirs.delete("*")
    for each in (mine, theirs):
        await each.close()


class Scanned:
    """Redis with endless keys, each of which takes a moment to find."""

    def __init__(self) -> None:
        self.scans = 0

    async def info(self) -> dict[str, Any]:
        return {"redis_version": "7", "keyspace_hits": 1, "keyspace_misses": 1, "used_memory": 1}

    async def scan_iter(self, pattern: str, count: int) -> AsyncIterator[bytes]:
        self.scans += 1
        while True:
            await asyncio.sleep(0)
            yield b"key"


async def test_counting_ends_after_a_moment_and_is_not_repeated_for_everybody_who_asks() -> None:
    cache = SharedBuckets(NOBODY, "test", LocalBuckets(ManualClock()))
    known, cache._redis = cache._redis, Scanned()
    found = await asyncio.gather(*(cache.read() for _ in range(20)))
    assert all(one.connected and one.keys > 0 for one in found)
    assert len({one.keys for one in found}) == 1
    assert cache._redis.scans == 1
    cache._redis = known
    await cache.close()
