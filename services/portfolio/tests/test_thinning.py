"""Equity gets coarser with age and is forgotten in the end."""

from datetime import timedelta
from typing import Any

import pytest

from millrace.portfolio.app.thinning import thin
from millrace.portfolio.config import PortfolioSettings
from services.portfolio.tests.conftest import NOON

SETTINGS = PortfolioSettings(minutes_days=2, hours_days=90, equity_days=365)
_POINTS = """
insert into equity (account_id, at, user_id, equity, drawdown)
select $1, at, $2, extract(epoch from $3::timestamptz - at) / 60, 0
from generate_series($3::timestamptz - $4::interval, $3::timestamptz, $5::interval) as at on conflict do nothing
"""


async def history(owner: Any, length: timedelta, every: timedelta) -> None:
    """The account has a point so often for so long before noon, worth the minutes before noon; noon is marked."""
    run = owner.stand.rows
    await run("portfolio", "delete from equity where account_id = $1", owner.account_id)
    await run("portfolio", _POINTS, owner.account_id, owner.user.user_id, NOON, length, every)
    await run("portfolio", "update accounts set marked_at = $1, thinned_at = null", NOON)


async def ages(owner: Any) -> list[int]:
    """How many minutes before noon the points are that are left, the newest first."""
    query = "select equity::int as age from equity where account_id = $1 order by at desc"
    return [row["age"] for row in await owner.stand.rows("portfolio", query, owner.account_id)]


async def run(owner: Any) -> bool:
    return await thin(owner.stand.host.running["portfolio"].database, SETTINGS)


async def test_after_two_days_the_last_of_each_hour_stays(owner: Any) -> None:
    await history(owner, timedelta(days=2, hours=3), timedelta(minutes=15))
    assert await run(owner) is False
    found = await ages(owner)
    two_days = 2 * 24 * 60
    assert found[: two_days // 15] == list(range(0, two_days, 15))
    assert found[two_days // 15 :] == [two_days, two_days + 60, two_days + 120, two_days + 180]


async def test_after_ninety_days_the_close_of_each_day_stays(owner: Any) -> None:
    await history(owner, timedelta(days=93), timedelta(hours=4))
    await run(owner)
    old = [age for age in await ages(owner) if age > 90 * 24 * 60]
    midnight = 12 * 60
    assert old == [*(midnight + day * 24 * 60 for day in (90, 91, 92)), 93 * 24 * 60]  # and where it began


async def test_after_a_year_it_is_gone(owner: Any) -> None:
    await history(owner, timedelta(days=380), timedelta(days=1))
    await run(owner)
    assert max(await ages(owner)) == 365 * 24 * 60


async def test_an_account_that_has_not_moved_on_is_left_alone(owner: Any) -> None:
    await history(owner, timedelta(hours=1), timedelta(minutes=1))
    await run(owner)
    before = await owner.stand.rows("portfolio", "select thinned_at from accounts")
    assert [row["thinned_at"] for row in before] == [NOON]
    await owner.stand.rows("portfolio", "update accounts set marked_at = marked_at + interval '59 minutes'")
    await run(owner)
    assert await owner.stand.rows("portfolio", "select thinned_at from accounts") == before


@pytest.mark.parametrize("times", [1, 3])
async def test_thinning_again_changes_nothing(owner: Any, times: int) -> None:
    await history(owner, timedelta(days=5), timedelta(minutes=30))
    await run(owner)
    before = await ages(owner)
    for _ in range(times):
        await owner.stand.rows("portfolio", "update accounts set thinned_at = null")
        await run(owner)
    assert await ages(owner) == before
