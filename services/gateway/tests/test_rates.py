"""Rates: an even pace always passes, a burst passes up to the limit, and no window holds more than its share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.common.kernel.clock import ManualClock
from millrace.gateway.adapters.buckets import LocalBuckets
from millrace.gateway.domain.rates import MINUTE, Rate, headers, rates, spend

EVERY = ("user overall", 1000)


def passed(rate: Rate, moments: list[float]) -> list[float]:
    """When requests at these moments go on."""
    full_at, gone = 0.0, []
    for now in moments:
        standing, full_at = spend(rate, full_at, now)
        if not standing.refused:
            gone.append(now + standing.wait)
    return gone


def test_a_whole_limit_may_come_at_once_and_the_next_is_told_when() -> None:
    rate, full_at = Rate("r", 3, 60.0), 0.0
    left = []
    for _ in range(3):
        standing, full_at = spend(rate, full_at, 100.0)
        left.append((standing.remaining, standing.wait))
    assert left == [(2, 0.0), (1, 0.0), (0, 0.0)]
    refused, after = spend(rate, full_at, 100.0)
    assert (refused.refused, refused.remaining, refused.wait, after) == (True, 0, pytest.approx(20.0), full_at)
    later, _ = spend(rate, full_at, 120.0)
    assert not later.refused


def test_a_shaped_rate_makes_wait_and_refuses_only_beyond_its_patience() -> None:
    rate = Rate("burst", 10, 1.0, patience=1.0)
    gone = passed(rate, [5.0] * 30)
    assert len(gone) == 20
    assert gone[:10] == [5.0] * 10
    assert gone[10:] == pytest.approx([5.0 + n / 10 for n in range(1, 11)])


def test_an_even_pace_is_never_refused() -> None:
    assert len(passed(Rate("r", 300), [n * 0.2 for n in range(1000)])) == 1000


@given(
    st.integers(1, 50),
    st.sampled_from([0.0, 1.0]),
    st.lists(st.floats(0, 200, allow_nan=False), min_size=1, max_size=200).map(sorted),
)
def test_no_window_holds_more_than_its_share(limit: int, patience: float, moments: list[float]) -> None:
    rate = Rate("r", limit, 10.0, patience)
    gone = sorted(passed(rate, moments))
    for first, begin in enumerate(gone):
        for last in range(first, len(gone)):
            share = limit + (gone[last] - begin) * limit / rate.seconds
            assert last - first + 1 <= share + 1e-6


@pytest.mark.parametrize(
    ("contract", "category", "named"),
    [
        ("botplatform", None, [("botplatform overall", 100), ("botplatform burst", 10), EVERY]),
        ("crypto", "trading", [("crypto trading", 50), ("crypto overall", 1000), EVERY]),
        ("crypto", None, [("crypto overall", 1000), EVERY]),
        ("interfaces", "trading", [("interfaces overall", 600), EVERY]),
        ("union", "trading", [("union overall", 1000), EVERY]),
    ],
)
def test_each_contract_has_the_numbers_it_names(
    contract: str, category: str | None, named: list[tuple[str, int]]
) -> None:
    assert [(rate.name, rate.limit) for rate in rates(contract, category)] == named


@pytest.mark.parametrize("contract", ["network", "application", "interfaces", "union"])
def test_where_no_number_is_named_an_ordinary_client_passes(contract: str) -> None:
    for rate in rates(contract, None):
        assert len(passed(rate, [n * MINUTE / 300 for n in range(900)])) == 900
        assert len(passed(rate, [0.0] * 300)) == 300


async def test_who_speaks_many_contracts_in_turn_gets_no_more_than_the_most_generous_one_gives() -> None:
    buckets, spoken = LocalBuckets(ManualClock()), ["crypto", "interfaces", "network", "application", "union"]
    taken = [await buckets.take("ann", rates(spoken[n % 5], None)) for n in range(3000)]
    assert sum(not any(standing.refused for standing in standings) for standings in taken) == 1000
    told = headers(taken[-4], 100.0)
    assert (told["x-ratelimit-limit"], told["x-ratelimit-remaining"]) == ("600", "0"), "the contract's own number"
    assert int(told["x-ratelimit-retry-after"]) >= 1
    assert int(told["x-ratelimit-reset"]) in (160, 161)


async def test_a_pace_that_one_contract_allows_is_allowed_beside_another() -> None:
    clock = ManualClock()
    buckets = LocalBuckets(clock)
    for _ in range(600):
        for contract in ("interfaces", "network"):
            assert not any(standing.refused for standing in await buckets.take("ann", rates(contract, None)))
            clock.advance(MINUTE / 600)


def test_the_headers_speak_of_the_first_rate_or_of_the_one_that_refuses() -> None:
    wide, narrow = Rate("wide", 100), Rate("narrow", 1)
    fine = [spend(wide, 0.0, 10.0)[0], spend(narrow, 0.0, 10.0)[0]]
    assert headers(fine, 1_700_000_000.0) == {
        "x-ratelimit-limit": "100",
        "x-ratelimit-remaining": "99",
        "x-ratelimit-reset": "1700000001",
        "x-ratelimit-retry-after": "0",
    }
    refused = [spend(wide, 0.0, 10.0)[0], spend(narrow, 70.0, 10.0)[0]]
    assert headers(refused, 0.0) == {
        "x-ratelimit-limit": "1",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": "60",
        "x-ratelimit-retry-after": "60",
    }


def test_a_scaled_rate_never_falls_below_one() -> None:
    assert Rate("r", 10).scaled(0.01).limit == 1
    assert Rate("r", 10).scaled(3).limit == 30
