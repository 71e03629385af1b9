"""Performance over HTTP: of accounts, bots and the whole user, for periods, by days, weeks and months."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from millrace.common.kernel.clock import ManualClock
from millrace.common.testing.service import StartService
from services.portfolio.tests.conftest import BAR, NOON, Owner

DAY = 288  # five-minute bars


@pytest.fixture
async def owner(start_service: StartService) -> Owner:
    """An owner whose clock stands at noon of the first of January 2026; its account opened then."""
    made = Owner(await start_service("portfolio", clock=ManualClock(NOON)))
    await made.open()
    return made


async def report(owner: Any, **query: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await owner.ask("/performance", **query)).value()
    return found


async def days(owner: Any, *prices: int) -> None:
    """The account buys 100 at the price of 100, and the price closes at noon of each day that follows."""
    await owner.hear(owner.fill(100, 100))
    for number, price in enumerate(prices, 1):
        await owner.close(price, number * DAY)


async def test_a_month_of_an_account(owner: Any) -> None:
    await days(owner, 110, 99, 120)
    found = await report(owner)
    shown = ("currency", "initial_balance", "final_balance", "net_deposits", "total_return", "total_return_fraction")
    assert [found[name] for name in shown] == ["USDT", "10000", "12000", "0", "2000", "0.2"]
    assert [(d["date"], d["amount"], d["fraction"], d["balance"]) for d in found["daily_returns"]] == [
        ("2026-01-01", "0", "0", "10000"),
        ("2026-01-02", "1000", "0.1", "11000"),
        ("2026-01-03", "-1100", "-0.1", "9900"),
        ("2026-01-04", "2100", "0.212121212121212121", "12000"),
    ]
    metrics = found["metrics"]
    assert (metrics["max_drawdown"], metrics["exposure"], metrics["total_trades"]) == ("0.1", "1", 0)
    assert (metrics["win_rate"], metrics["profit_factor"]) == (None, None)
    assert Decimal(metrics["sharpe_ratio"]) > 0
    assert Decimal(metrics["sortino_ratio"]) > Decimal(metrics["sharpe_ratio"])


async def test_periods_begin_where_they_say(owner: Any) -> None:
    await days(owner, 110, 99, 120)  # noon of Friday, Saturday, Sunday
    whole = {"7d": "2000", "all": "2000", "week": "2000", "month": "2000"}
    for period, gained in {"24h": "2100", "1d": "2100", "day": "2100", **whole}.items():
        assert (await report(owner, period=period))["total_return"] == gained, period
    start = (NOON + timedelta(days=1)).isoformat()
    custom = await report(owner, start_date=start, end_date="2026-01-03")
    assert (custom["period"], custom["initial_balance"], custom["total_return"]) == ("custom", "11000", "-1100")
    assert custom["end_date"] == "2026-01-04T00:00:00Z"


async def test_a_new_user_has_a_report_of_nothing(owner: Any) -> None:
    found = await report(owner, period="all")
    assert (found["initial_balance"], found["final_balance"], found["total_return"]) == ("10000", "10000", "0")
    ratios = ("sharpe_ratio", "sortino_ratio", "volatility", "win_rate", "profit_factor", "largest_win")
    assert [found["metrics"][name] for name in ratios] == [None] * len(ratios)
    assert (found["metrics"]["max_drawdown"], found["metrics"]["exposure"]) == ("0", "0")


async def test_closed_positions_of_the_period_are_counted_after_fees(owner: Any) -> None:
    for hours, price, fee in ((1, 110, 0), (2, 130, 0), (3, 90, 1), (30, 50, 0)):
        at = NOON + timedelta(hours=hours)
        await owner.hear(owner.fill(1, 100, filled_at=at), owner.fill(-1, price, fee, filled_at=at))
    await owner.close(50, DAY)
    found = (await report(owner))["metrics"]
    names = ("total_trades", "winning_trades", "losing_trades", "profit_factor", "largest_win", "largest_loss")
    assert [found[name] for name in names] == [3, 2, 1, "3.636363636363636364", "30", "-11"]
    assert found["exposure"] == "0"


async def test_accounts_that_open_later_bring_no_profit_and_are_chosen_by_id(owner: Any) -> None:
    first = owner.account_id
    await days(owner, 110)
    second = await owner.open("5000", NOON + timedelta(days=1, minutes=10))
    await owner.close(121, 2 * DAY)
    both = await report(owner)
    shown = (both["initial_balance"], both["final_balance"], both["net_deposits"], both["total_return"])
    assert shown == ("10000", "17100", "5000", "2100")
    assert (await report(owner, account_id=second))["total_return"] == "0"
    assert (await report(owner, account_id=[first, second])) == both
    alone = await report(owner, account_id=first)
    assert (alone["total_return"], alone["total_return_fraction"]) == ("2100", "0.21")
    assert both["total_return_fraction"] == "0.175625"  # 10 %, then 1100 of 16000


async def test_a_bots_days_are_what_it_realised_on_the_capital_it_was_given(owner: Any) -> None:
    bot, other = uuid4(), uuid4()
    at = NOON + timedelta(days=1)
    await owner.hear(owner.fill(10, 100, 1, bot_id=bot), owner.fill(1, 1, bot_id=other))
    await owner.hear(owner.fill(-5, 120, 1, bot_id=bot, filled_at=at))
    await owner.close(130, 2 * DAY)
    found = await report(owner, bot_id=bot, capital=1000)
    assert (found["initial_balance"], found["final_balance"], found["total_return"]) == ("1000", "1248", "248")
    assert [(d["date"], d["amount"]) for d in found["daily_returns"]] == [
        ("2026-01-01", "-1"),
        ("2026-01-02", "99"),
        ("2026-01-03", "150"),
    ]
    assert found["total_return_fraction"] == "0.248"
    without = await report(owner, bot_id=bot)
    assert (without["total_return"], without["total_return_fraction"]) == ("248", None)
    assert without["metrics"]["sharpe_ratio"] is None
    strategy = await report(owner, bot_id=[bot, other], capital=1000)
    assert strategy["total_return"] == "377"


async def test_history_comes_by_days_weeks_and_months(owner: Any) -> None:
    await days(owner, *range(101, 141))
    for interval, count in (("day", 41), ("week", 7), ("month", 2)):
        query = {"interval": interval, "start_date": "2026-01-01", "end_date": "2026-02-28"}
        found = (await owner.ask("/performance/history", **query)).value()
        assert len(found["items"]) == count, interval
        assert sum(Decimal(item["gained"]) for item in found["items"]) == 4000
        assert found["interval"] == interval
    assert [i["balance"] for i in found["items"]] == ["13000", "14000"]


async def test_the_overview_sums_up_everything(owner: Any) -> None:
    await owner.hear(owner.fill(10, 100), owner.fill(-5, 120))
    await owner.close(130)
    found = (await owner.ask("/overview")).value()
    names = ("total_profit", "total_capital", "win_rate", "risk_level", "currency")
    assert [found[name] for name in names] == ["250", "10250", None, "low", "USDT"]
    assert Decimal(found["exposure"]) == pytest.approx(Decimal(650) / 10250)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"period": "decade"}, 422, "VALIDATION_ERROR"),
        ({"start_date": "2026-01-02", "end_date": "2026-01-01"}, 400, "INVALID_DATE_RANGE"),
        ({"start_date": "2026-01-02T00:00:00Z", "end_date": "2026-01-02T00:00:00Z"}, 400, "INVALID_DATE_RANGE"),
        ({"start_date": "tomorrow"}, 422, "VALIDATION_ERROR"),
        ({"account_id": str(uuid4())}, 404, "NOT_FOUND"),
        ({"capital": "-1"}, 422, "VALIDATION_ERROR"),
    ],
)
async def test_bad_questions_are_typed_errors(owner: Any, query: Any, status: int, code: str) -> None:
    answer = await owner.ask("/performance", **query)
    assert (answer.status, answer.json()["error"]["code"]) == (status, code)


async def test_the_account_of_another_is_not_there(owner: Any) -> None:
    other = Owner(owner.stand)
    await other.open()
    assert (await owner.ask("/performance", account_id=other.account_id)).status == 404


async def test_equity_is_kept_once_a_minute(owner: Any) -> None:
    await owner.hear(owner.fill(10, 100))
    for seconds, price in ((1, 110), (30, 120), (60, 130), (61, 140)):
        await owner.close(price, seconds / BAR.total_seconds())
    rows = await owner.stand.rows("portfolio", "select equity from equity order by at")
    assert [row["equity"] for row in rows] == [10_000, 10_300, 10_400]
