"""Pages of alerts: together they are all of them, once each, newest first, whoever else is told."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

COUNT = 6


@pytest.fixture
async def told(owner: Any) -> Any:
    """An owner who has been told of three falls and recoveries, in two accounts."""
    await owner.limit("drawdown", "0.1")
    for _ in range(2):
        for drawdown in ("0.1", "0", "0.08", "0", "0.1", "0"):
            await owner.hear(owner.mark(drawdown=drawdown))
        owner.account_id = uuid4()
        await owner.open()
    return owner


async def page(owner: Any, **query: Any) -> Any:
    return (await owner.stand.ask("risk", "GET", "/alerts", owner.user, query=query)).value()


@pytest.mark.parametrize("size", [1, 4, 100])
async def test_pages_are_the_whole_once_each(told: Any, size: int) -> None:
    whole = await page(told)
    assert (whole["total"], len(whole["items"]), whole["limit"], whole["offset"]) == (COUNT, COUNT, 100, 0)
    parts = [await page(told, limit=size, offset=offset) for offset in range(0, COUNT, size)]
    assert [item for part in parts for item in part["items"]] == whole["items"]
    assert {part["total"] for part in parts} == {COUNT}
    assert (await page(told, offset=COUNT))["items"] == []


async def test_the_newest_come_first_and_numbers_break_ties(told: Any) -> None:
    items = (await page(told))["items"]
    assert [(i["triggered_at"], i["num"]) for i in items] == sorted(
        ((i["triggered_at"], i["num"]) for i in items), reverse=True
    )
    assert [i["level"] for i in items] == ["critical", "medium", "critical"] * 2
    assert len({i["id"] for i in items}) == COUNT


async def test_a_time_begins_with_its_start_and_ends_before_its_end(told: Any) -> None:
    items = (await page(told))["items"]
    third = datetime.fromisoformat(items[2]["triggered_at"])
    assert (await page(told, since=third.isoformat()))["total"] == 3
    assert (await page(told, until=third.isoformat()))["total"] == COUNT - 3
    assert (await page(told, since=(third + timedelta(microseconds=1)).isoformat()))["total"] == 2


async def test_filters_of_pages_are_counted_in_the_total(told: Any) -> None:
    found = await page(told, level="critical", limit=1)
    assert (len(found["items"]), found["total"]) == (1, 4)
    first = (await page(told))["items"][-1]["account_id"]
    assert (await page(told, account_id=first, level=["medium", "critical"], severity="warning"))["total"] == 1


async def test_the_same_news_again_is_no_news(told: Any) -> None:
    await told.limit("daily_loss", "100")
    mark = told.mark("-100")
    for _ in range(3):
        await told.hear(mark)
    assert (await page(told, alert_type="daily_loss"))["total"] == 1


async def test_a_switch_thrown_at_once_by_many_is_one_alert(told: Any) -> None:
    throws = [told.stand.ask("risk", "POST", "/kill", told.user, json={"reason": "enough"}) for _ in range(5)]
    answers = await asyncio.gather(*throws)
    assert sorted(answer.value()["changed"] for answer in answers) == [False] * 4 + [True]
    (alert,) = (await page(told, alert_type="kill_switch"))["items"]
    assert (alert["level"], alert["account_id"], alert["limit_value"]) == ("critical", None, None)


async def test_limits_set_at_once_are_one_limit(told: Any) -> None:
    made = await asyncio.gather(*(told.limit("daily_loss", str(100 + n)) for n in range(5)))
    assert len({limit["id"] for limit in made}) == 1
    listed = (await told.stand.ask("risk", "GET", "/limits", told.user, query={"source": "user"})).value()["items"]
    values = [limit["limit_value"] for limit in listed if limit["limit_type"] == "daily_loss"]
    assert len(values) == 1
    assert values[0] in {limit["limit_value"] for limit in made}
