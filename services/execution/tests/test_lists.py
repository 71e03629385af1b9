"""Lists are cut into pages that neither overlap nor miss, and filtered by what is asked."""

from itertools import chain
from typing import Any
from uuid import uuid4

import pytest

from services.execution.tests.floor import BUY, Floor


async def pages(floor: Floor, path: str, size: int, **query: Any) -> list[list[str]]:
    """The ids of every page."""
    found: list[list[str]] = []
    while True:
        page = await floor.get(path, limit=size, offset=size * len(found), **query)
        if not page["items"]:
            return found
        found.append([one.get("id") or one["order_id"] for one in page["items"]])


async def test_pages_of_accounts_are_in_the_order_of_their_making(floor: Floor) -> None:
    first = [a["id"] for a in (await floor.get("/accounts"))["items"]]
    made = [(await floor.account(name=f"n{n}"))["id"] for n in range(3)]
    found = await pages(floor, "/accounts", 2)
    assert [len(page) for page in found] == [2, 2, 1]
    assert [*chain(*found)] == [*first, *made]


async def test_a_deleted_account_is_in_no_list_and_no_count(floor: Floor) -> None:
    made = await floor.account()
    before = (await floor.get("/accounts"))["total"]
    await floor.done("DELETE", f"/accounts/{made['id']}")
    found = await floor.get("/accounts")
    assert (found["total"], made["id"] in {a["id"] for a in found["items"]}) == (before - 1, False)


async def test_accounts_are_found_by_their_group(floor: Floor) -> None:
    other = await floor.account()
    group = await floor.group(other["id"])
    found = await floor.get("/accounts", group_id=group["id"])
    assert ([a["id"] for a in found["items"]], found["total"]) == ([other["id"]], 1)
    assert (await floor.get("/accounts", group_id=group["id"], exchange="luno"))["total"] == 0
    assert (await floor.get("/accounts", group_id=str(uuid4())))["items"] == []


async def test_pages_of_groups_know_their_total(floor: Floor) -> None:
    made = [(await floor.group(name=f"g{n}"))["id"] for n in range(3)]
    assert [*chain(*await pages(floor, "/groups", 2))] == made
    page = await floor.get("/groups", limit=2, offset=2)
    assert (page["total"], page["limit"], page["offset"]) == (3, 2, 2)


async def test_a_deleted_account_leaves_its_group(floor: Floor) -> None:
    other = await floor.account()
    group = await floor.group(floor.account_id, other["id"])
    await floor.done("DELETE", f"/accounts/{other['id']}")
    assert (await floor.get(f"/groups/{group['id']}"))["accounts"] == [str(floor.account_id)]
    path = f"/groups/{group['id']}/accounts"
    found = await floor.done("POST", path, {"account_ids": [other["id"]]})
    assert [one["code"] for one in found["failed"]] == ["NOT_FOUND"]


async def test_orders_are_found_by_account_bot_source_and_state(floor: Floor) -> None:
    other, bot = await floor.account(), str(uuid4())
    await floor.bought("0.01")
    await floor.bought("0.01", other["id"], bot_id=bot)
    await floor.done("POST", f"/accounts/{floor.account_id}/close-position", {"symbol": "BTC/USDT"})
    for query, count in (
        ({}, 3),
        ({"account_id": other["id"]}, 1),
        ({"account_id": str(floor.account_id)}, 2),
        ({"bot_id": bot}, 1),
        ({"source": "close"}, 1),
        ({"source": "api"}, 2),
        ({"state": "filled"}, 3),
        ({"state": "open"}, 0),
        ({"account_id": other["id"], "source": "close"}, 0),
    ):
        assert (await floor.get("/orders", **query))["total"] == count, query
    assert [len(page) for page in await pages(floor, "/orders", 2)] == [2, 1]


async def test_since_is_included_and_until_is_not(floor: Floor) -> None:
    row = await floor.done("POST", "/orders", BUY)
    at = row["requested_at"]
    assert (await floor.get("/orders", since=at))["total"] == 1
    assert (await floor.get("/orders", until=at))["total"] == 0


async def test_the_record_is_newest_first_and_in_pages(floor: Floor) -> None:
    made = [(await floor.account())["id"] for _ in range(3)]
    found = [line["subject"] for line in await floor.get("/audit")]
    assert found == made[::-1]
    assert [line["subject"] for line in await floor.get("/audit", limit=1, offset=1)] == [made[1]]
    assert await floor.get("/audit", offset=3) == []


@pytest.mark.parametrize("path", ["/accounts", "/groups", "/audit", "/orders"])
@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 1001}, {"offset": -1}, {"offset": 1_000_001}, {"limit": "x"}]
)
async def test_a_page_that_cannot_be_is_refused(floor: Floor, path: str, query: dict[str, Any]) -> None:
    answer = await floor.ask("GET", path, **query)
    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/accounts", {"mode": "pretend"}),
        ("/accounts", {"group_id": "7"}),
        ("/orders", {"state": "gone"}),
        ("/orders", {"since": "2026-01-01T00:00:00"}),
        ("/orders", {"bot_id": "7"}),
    ],
)
async def test_a_filter_that_means_nothing_is_refused(floor: Floor, path: str, query: dict[str, Any]) -> None:
    assert (await floor.ask("GET", path, **query)).json()["error"]["code"] == "VALIDATION_ERROR"
