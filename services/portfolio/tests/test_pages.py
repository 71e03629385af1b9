"""Pages of every list: together they are all of it, once each, in one order; and their bounds."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.portfolio.tests.conftest import NOON

LISTS = ["/trades", "/positions", "/positions/closed"]


@pytest.fixture
async def owner(owner: Any) -> Any:
    """Seven round trips at one instant and an open position of each of three bots."""
    for price in range(101, 108):
        await owner.hear(owner.fill(1, 100), owner.fill(-1, price))
    await owner.hear(*(owner.fill(1, 100, bot_id=uuid4()) for _ in range(3)))
    return owner


async def page(owner: Any, path: str, **query: Any) -> Any:
    return (await owner.ask(path, **query)).value()


@pytest.mark.parametrize("size", [1, 2, 4, 1000])
@pytest.mark.parametrize("path", LISTS)
async def test_pages_are_the_whole_in_one_order_also_of_one_instant(owner: Any, path: str, size: int) -> None:
    query = {"status": "all"} if path == "/positions" else {}
    whole = await page(owner, path, limit=1000, **query)
    found: list[Any] = []
    for offset in range(0, whole["total"] + size, size):
        part = await page(owner, path, limit=size, offset=offset, **query)
        assert (part["total"], part["limit"], part["offset"]) == (whole["total"], size, offset)
        found += part["items"]
    assert found == whole["items"]
    assert len({item["num"] for item in found}) == len(found) == whole["total"] > 0


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 1001},
        {"limit": "1.5"},
        {"offset": -1},
        {"offset": 1_000_001},
        {"account_id": "x"},
        {"bot_id": "x"},
    ],
)
async def test_bounds_of_pages_are_checked(owner: Any, path: str, query: Any) -> None:
    answer = await owner.ask(path, **query)
    assert (answer.status, answer.json()["error"]["code"]) == (422, "VALIDATION_ERROR")


@pytest.mark.parametrize("path", ["/trades", "/positions/closed"])
@pytest.mark.parametrize("when", ["2026-01-01", "2026-01-01T12:00:00", "noon"])
async def test_an_instant_needs_its_zone(owner: Any, path: str, when: str) -> None:
    for name in ("since", "until"):
        assert (await owner.ask(path, **{name: when})).status == 422


@pytest.mark.parametrize("path", ["/trades", "/positions/closed"])
async def test_a_time_begins_with_its_start_and_ends_before_its_end(owner: Any, path: str) -> None:
    at, after = NOON.isoformat(), (NOON + timedelta(microseconds=1)).isoformat()
    assert (await page(owner, path, since=at, until=at))["total"] == 0
    assert (await page(owner, path, since=after))["total"] == 0
    assert (await page(owner, path, since=at, until=after))["total"] == (await page(owner, path))["total"]


async def test_filters_are_counted_in_the_total(owner: Any) -> None:
    sold = await page(owner, "/trades", side="sell", limit=2)
    assert (len(sold["items"]), sold["total"]) == (2, 7)
    assert [trade["price"] for trade in sold["items"]] == ["107", "106"]
    bots = [item["bot_id"] for item in (await page(owner, "/positions"))["items"]]
    assert (await page(owner, "/positions", bot_id=bots[:2]))["total"] == 2
    assert (await page(owner, "/trades", bot_id=bots[0], side="sell"))["total"] == 0


async def test_equity_is_limited_to_the_newest_points(owner: Any) -> None:
    for bar in range(1, 6):
        await owner.close(100 + bar, bar)
    points = (await page(owner, "/equity"))["items"]
    assert (await page(owner, "/equity", limit=2))["items"] == points[-2:]
    for limit in (0, 5001, "x"):
        assert (await owner.ask("/equity", limit=limit)).status == 422
