"""Both places where rates are kept behave alike; the shared one works on while its Redis does not."""

import asyncio
import os
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from millrace.common.kernel.clock import ManualClock, SystemClock
from millrace.gateway.adapters.buckets import LocalBuckets
from millrace.gateway.adapters.shared_buckets import SharedBuckets
from millrace.gateway.app.ports import Buckets
from millrace.gateway.domain.rates import Rate

FEW, MANY = Rate("few", 2, 600.0), Rate("many", 5, 600.0)


@pytest.fixture(params=["local", pytest.param("shared", marks=pytest.mark.real)])
async def buckets(request: pytest.FixtureRequest) -> AsyncIterator[Buckets]:
    local = LocalBuckets(SystemClock())
    if request.param == "local":
        yield local
        return
    shared = SharedBuckets(os.environ["MILLRACE_TEST_REDIS"], f"test-{uuid4().hex}:", local)
    yield shared
    await shared.close()


async def test_each_caller_has_buckets_of_its_own(buckets: Buckets) -> None:
    for caller in ("a", "b"):
        taken = [(await buckets.take(caller, [FEW]))[0] for _ in range(3)]
        assert [(t.remaining, t.refused) for t in taken] == [(1, False), (0, False), (0, True)]


async def test_a_refused_request_is_charged_to_no_bucket(buckets: Buckets) -> None:
    for _ in range(5):
        few, _ = await buckets.take("a", [FEW, MANY])
    assert few.refused
    assert (await buckets.take("a", [MANY]))[0].remaining == 2


async def test_the_order_of_the_rates_does_not_matter(buckets: Buckets) -> None:
    for _ in range(5):
        many, few = await buckets.take("a", [MANY, FEW])
    assert (few.refused, many.refused) == (True, False)
    assert (await buckets.take("a", [MANY]))[0].remaining == 2


async def test_many_at_once_never_get_more_than_the_limit(buckets: Buckets) -> None:
    taken = await asyncio.gather(*(buckets.take("a", [MANY]) for _ in range(40)))
    assert sum(not standing.refused for [standing] in taken) == 5


async def test_without_redis_each_gateway_counts_for_itself() -> None:
    shared = SharedBuckets("redis://127.0.0.1:9/0", "", LocalBuckets(SystemClock()))
    taken = [(await shared.take("a", [FEW]))[0].refused for _ in range(3)]
    assert taken == [False, False, True]
    await shared.close()


async def test_a_frozen_redis_is_waited_for_once_in_a_while_and_not_by_each_request() -> None:
    asked = list[bytes]()

    async def frozen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while heard := await reader.read(1000):
            asked.append(heard)
        writer.close()

    async with await asyncio.start_server(frozen, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        shared = SharedBuckets(f"redis://127.0.0.1:{port}/0", "", LocalBuckets(SystemClock()))
        taken = [(await shared.take("a", [FEW]))[0].refused]
        before = len(asked)
        taken += [(await shared.take("a", [FEW]))[0].refused for _ in range(2)]
        assert (taken, len(asked)) == ([False, False, True], before)
        shared._asks_from = 0.0
        await shared.take("a", [FEW])
        assert len(asked) > before > 0, "it is asked again after a while"
        await shared.close()


async def test_full_buckets_are_forgotten() -> None:
    clock = ManualClock()
    buckets = LocalBuckets(clock)
    for number in range(10_000):
        await buckets.take(f"caller {number}", [MANY])
    clock.advance(MANY.seconds + 1)
    await buckets.take("the next", [MANY])
    assert len(buckets._full_at) == 1
