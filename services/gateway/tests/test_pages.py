"""Lists that are longer than what another service gives at a time."""

import asyncio
from typing import Any

import pytest

from millrace.gateway.app.operations.pages import count, gathered, rows
from services.gateway.tests.fakes import Services, asking


class Shelf(Services):
    """A service with so many rows."""

    def __init__(self, total: int) -> None:
        super().__init__()
        self.total = total

    def answer(self, asked: str, number: int) -> Any:
        page = self.last["query"]
        ids = range(page["offset"], min(self.total, page["offset"] + page["limit"]))
        return {"items": [{"id": number} for number in ids], "total": self.total}


@pytest.mark.parametrize(
    ("total", "limit", "offset", "found", "questions"),
    [
        (30, 50, 0, range(30), 1),
        (30, 30, 0, range(30), 1),
        (30, 7, 5, range(5, 12), 1),
        (2500, 5000, 0, range(2500), 3),
        (2000, 5000, 0, range(2000), 3),
        (2500, 1001, 3, range(3, 1004), 2),
        (9000, 5000, 0, range(5000), 5),
        (30, 0, 0, range(0), 1),
        (0, 50, 0, range(0), 1),
        (30, 5, 40, range(0), 1),
    ],
)
async def test_rows_are_asked_for_until_there_are_no_more(
    total: int, limit: int, offset: int, found: range, questions: int
) -> None:
    shelf = Shelf(total)
    told, many = await rows(asking(shelf), "bots", "/bots", {"status": "active"}, limit, offset)
    assert ([row["id"] for row in told], many) == (list(found), total)
    assert len(shelf.calls) == questions
    assert {sent["query"]["status"] for sent in shelf.sent} == {"active"}
    assert all(1 <= sent["query"]["limit"] <= 1000 for sent in shelf.sent)


async def test_rows_are_counted_without_being_read() -> None:
    shelf = Shelf(12_345)
    assert await count(asking(shelf), "bots", "/bots", status="active") == 12_345
    assert shelf.last["query"] == {"status": "active", "limit": 1, "offset": 0}


async def test_many_are_asked_together_but_not_all() -> None:
    under_way, most = 0, 0

    async def one(number: int) -> int:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return number

    assert await gathered(one(number) for number in range(30)) == list(range(30))
    assert most == 8


async def test_what_goes_wrong_with_one_is_raised() -> None:
    async def one(number: int) -> int:
        return 1 // (number - 3)

    with pytest.raises(ZeroDivisionError):
        await gathered(one(number) for number in range(30))
