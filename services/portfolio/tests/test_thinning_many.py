"""Thinning of many accounts: in batches, beside marks and beside itself, and what it never takes away."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from millrace.portfolio.app.thinning import thin
from millrace.portfolio.config import PortfolioSettings
from services.portfolio.tests.conftest import NOON

SETTINGS = PortfolioSettings(minutes_days=1, hours_days=2, equity_days=90)
HOUR = timedelta(hours=1)
_POINTS = """
insert into equity (account_id, at, user_id, equity, drawdown)
select account_id, at, user_id, 1, 0 from accounts, unnest($1::timestamptz[]) as at on conflict do nothing
"""


async def thinned(owner: Any, settings: PortfolioSettings = SETTINGS) -> bool:
    return await thin(owner.stand.host.running["portfolio"].database, settings)


async def history(owner: Any, *before: timedelta) -> None:
    """Every account has these points alone, so long before noon, when all are marked."""
    run = owner.stand.rows
    await run("portfolio", "delete from equity")
    await run("portfolio", _POINTS, [NOON - age for age in before])
    await run("portfolio", "update accounts set marked_at = $1, thinned_at = null", NOON)


async def left(owner: Any) -> list[timedelta]:
    """How long before noon the points of the owner's account are that are left, the oldest first."""
    query = "select at from equity where account_id = $1 order by at"
    return [NOON - row["at"] for row in await owner.stand.rows("portfolio", query, owner.account_id)]


@pytest.mark.parametrize(("accounts", "more"), [(49, [False]), (50, [True, False]), (101, [True, True, False])])
async def test_fifty_accounts_are_thinned_at_a_time_until_none_is_due(
    owner: Any, accounts: int, more: list[bool]
) -> None:
    for _ in range(accounts - 1):
        await owner.open("1")
    await history(owner, 30 * HOUR, 29.9 * HOUR, 29.75 * HOUR)
    assert [await thinned(owner) for _ in more] == more
    rows = await owner.stand.rows("portfolio", "select count(*) as n, max(at) as newest from equity")
    assert (rows[0]["n"], rows[0]["newest"]) == (2 * accounts, NOON - 29.75 * HOUR)


async def test_the_close_of_an_hour_is_its_own_and_not_the_next_ones(owner: Any) -> None:
    tick, minute = timedelta(microseconds=1), timedelta(minutes=1)
    await history(owner, 40 * HOUR, 30 * HOUR + minute, 30 * HOUR, 30 * HOUR - tick, 29.5 * HOUR, 29 * HOUR)
    await thinned(owner)
    assert await left(owner) == [40 * HOUR, 30 * HOUR, 29 * HOUR]


async def test_a_point_as_old_as_the_border_is_thinned_and_a_younger_one_is_kept(owner: Any) -> None:
    minute = timedelta(minutes=1)
    young = [24 * HOUR - minute, 24 * HOUR - 2 * minute]
    await history(owner, 40 * HOUR, 24.5 * HOUR, 24 * HOUR + minute, *young)
    await thinned(owner)
    assert await left(owner) == [40 * HOUR, 24 * HOUR + minute, *young]


async def test_where_an_account_began_stays_or_its_funds_would_look_like_a_gain(owner: Any) -> None:
    await history(owner, 50.5 * HOUR, 50 * HOUR, 49.5 * HOUR, 49 * HOUR, 48.5 * HOUR, HOUR)
    await thinned(owner)
    assert await left(owner) == [50.5 * HOUR, 48.5 * HOUR, HOUR]


async def test_an_accounts_only_point_stays_however_coarse(owner: Any) -> None:
    await history(owner, timedelta(days=80))
    await thinned(owner)
    assert await left(owner) == [timedelta(days=80)]


async def test_thinning_beside_itself_does_it_once(owner: Any) -> None:
    for _ in range(9):
        await owner.open("1")
    await history(owner, *(n * HOUR / 4 for n in range(200)))
    await asyncio.gather(*(thinned(owner) for _ in range(4)))
    await thinned(owner)
    counts = await owner.stand.rows("portfolio", "select count(*) as n from equity group by account_id")
    assert len({row["n"] for row in counts}) == 1
    done = await owner.stand.rows("portfolio", "select distinct thinned_at from accounts")
    assert [row["thinned_at"] for row in done] == [NOON]


async def test_reports_of_the_young_are_the_same_after_thinning(owner: Any) -> None:
    await owner.hear(owner.fill(10, 100))
    for bar, price in ((1, 110), (2, 90), (300, 130), (900, 120)):
        await owner.close(price, bar)
    asked = {"start_date": datetime.isoformat(NOON), "end_date": "2026-01-05"}
    before = (await owner.ask("/performance/history", **asked)).value()
    await thinned(owner)
    assert (await owner.ask("/performance/history", **asked)).value() == before
    assert len(before["items"]) == 4
