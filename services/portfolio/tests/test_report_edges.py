"""Reports where there is little to go by: ends of the calendar, no rates, several currencies, other people's bots."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from millrace.common.events.trading import AccountOpened
from millrace.common.kernel.clock import ManualClock
from millrace.common.testing.service import StartService
from services.portfolio.tests.conftest import NOON, Owner

LAST = UUID(int=2**128 - 1)
DAY = 288  # five-minute bars


@pytest.fixture
async def owner(start_service: StartService) -> Owner:
    """An owner whose clock stands at noon of the first of January 2026."""
    made = Owner(await start_service("portfolio", clock=ManualClock(NOON)))
    await made.open()
    return made


async def report(owner: Owner, **query: Any) -> Any:
    return (await owner.ask("/performance", **query)).value()


async def second(owner: Owner, currency: str, funds: int) -> None:
    """An account at luno in another currency."""
    ids = {"user_id": owner.user.user_id, "account_id": LAST}
    facts = {"name": "Other", "exchange": "luno", "mode": "paper", "currency": currency}
    await owner.hear(AccountOpened(initial_balance=Decimal(funds), **ids, **facts))


@pytest.mark.parametrize("end", ["9999-12-31", "9999-12-31T23:59:59.999999-12:00"])
async def test_an_end_in_the_far_future_costs_no_day_for_each_until_then(owner: Owner, end: str) -> None:
    bot = uuid4()
    await owner.hear(owner.fill(1, 100, bot_id=bot), owner.fill(-1, 110, bot_id=bot))
    await owner.close(110, DAY)
    for subject in ({"bot_id": bot, "capital": 100}, {}):
        found = await report(owner, end_date=end, **subject)
        assert (found["total_return"], len(found["daily_returns"])) == ("10", 2)
        assert found["end_date"].startswith("9999-12-31")


async def test_a_start_before_all_time_begins_with_the_first_account(owner: Owner) -> None:
    await owner.close(100)
    found = await report(owner, start_date="0001-01-01T00:00:00+14:00")
    assert (found["initial_balance"], found["total_return"]) == ("10000", "0")


async def test_a_report_starts_when_it_was_asked_to_also_before_there_was_anything(owner: Owner) -> None:
    await owner.close(100)
    for query in ({"start_date": "2025-12-01"}, {"start_date": "2025-12-01", "end_date": "2026-01-05"}):
        found = await report(owner, **query)
        assert (found["start_date"], found["initial_balance"]) == ("2025-12-01T00:00:00Z", "10000")
    before = await report(owner, end_date="2025-12-05T00:00:00Z")
    assert before["start_date"] == before["end_date"] == "2025-12-05T00:00:00Z", "nothing was known by then"
    for query in ({"period": "all"}, {"end_date": "2026-01-05"}):
        assert (await report(owner, **query))["start_date"].startswith("2026-01-01T"), "the first that is known"


async def test_a_time_after_everything_has_nothing_to_gain(owner: Owner) -> None:
    bot = uuid4()
    await owner.hear(owner.fill(1, 100, bot_id=bot), owner.fill(-1, 110, bot_id=bot))
    await owner.close(110)
    query = {"start_date": "2030-01-01", "end_date": "2030-01-02"}
    assert (await report(owner, **query))["total_return"] == "0"
    found = await report(owner, bot_id=bot, capital=100, **query)
    assert (found["initial_balance"], found["total_return"]) == ("110", "0")


async def test_accounts_of_two_currencies_are_reported_in_the_first_or_the_one_asked_for(owner: Owner) -> None:
    await second(owner, "ZAR", 17_500)
    found = await report(owner, period="all")
    assert found["currency"] == "USDT"
    assert round(Decimal(found["final_balance"]), 9) == 11_000
    rand = await report(owner, period="all", currency="zar")
    assert (rand["currency"], rand["final_balance"]) == ("ZAR", "192500")
    overview = (await owner.ask("/overview", currency="ZAR")).value()
    assert (overview["total_capital"], overview["total_profit"]) == ("192500", "0")


async def test_what_has_no_rate_counts_nothing_and_spoils_nothing(owner: Owner) -> None:
    await second(owner, "XYZ", 999)
    await owner.hear(owner.fill(5, 100), owner.fill(1, 7, symbol="ABC/DEF"), owner.fill(-1, 9, symbol="ABC/DEF"))
    await owner.close(110)
    found = await report(owner, period="all")
    assert (found["final_balance"], found["total_return"]) == ("10050", "50")
    metrics = found["metrics"]  # closed in a currency without a rate: neither won nor lost
    assert (metrics["total_trades"], metrics["winning_trades"], metrics["losing_trades"]) == (1, 0, 0)
    overview = (await owner.ask("/overview")).value()
    assert (overview["total_capital"], overview["total_profit"]) == ("10050", "50")
    alone = await report(owner, period="all", account_id=LAST)
    assert (alone["currency"], alone["final_balance"]) == ("XYZ", "999")


async def test_bots_of_others_have_done_nothing_here(owner: Owner) -> None:
    bot, other = uuid4(), Owner(owner.stand)
    await other.open()
    await other.hear(other.fill(1, 100, bot_id=bot), other.fill(-1, 150, bot_id=bot))
    await owner.close(100)
    found = await report(owner, bot_id=bot, capital=100)
    assert (found["total_return"], found["metrics"]["total_trades"]) == ("0", 0)
    assert (await report(other, bot_id=bot, capital=100))["total_return"] == "50"


async def test_a_fill_counts_before_its_exchange_closes_another_candle(owner: Owner) -> None:
    await owner.close(100)
    for fill, result, profit in (((10, 100, 1), "9999", "-1"), ((-10, 98, 1), "9978", "-22")):
        await owner.hear(owner.fill(*fill))
        found, overview = await report(owner), (await owner.ask("/overview")).value()
        assert (overview["total_capital"], overview["total_profit"]) == (result, profit)
        assert (found["final_balance"], found["total_return"], len(found["daily_returns"])) == (result, profit, 1)
    await owner.hear(owner.fill(1, 7, symbol="ABC/USDT"))
    unpriced = (await owner.ask("/overview")).value()
    assert unpriced["total_capital"] == "10000", "what has no price yet leaves the last mark"
    await owner.close(110, 2)
    assert (await report(owner))["final_balance"] == "9971"


async def test_a_bot_is_told_of_by_each_of_its_accounts(owner: Owner) -> None:
    bot = uuid4()
    await second(owner, "USDT", 1000)
    await owner.hear(owner.fill(1, 100, bot_id=bot), owner.fill(-1, 110, bot_id=bot))
    await owner.hear(owner.fill(1, 100, bot_id=bot, account_id=LAST), owner.fill(-1, 80, bot_id=bot, account_id=LAST))
    await owner.close(110)
    for query, result in (({}, "-10"), ({"account_id": owner.account_id}, "10"), ({"account_id": LAST}, "-20")):
        found = await report(owner, bot_id=bot, capital=100, **query)
        assert (found["total_return"], found["daily_returns"][0]["amount"]) == (result, result), query


async def test_a_bot_without_capital_to_divide_by_has_amounts_alone(owner: Owner) -> None:
    bot = uuid4()
    await owner.hear(owner.fill(1, 100, bot_id=bot), owner.fill(-1, 110, bot_id=bot))
    await owner.close(110)
    for query, fraction in (({}, None), ({"capital": 0}, "0"), ({"capital": 100}, "0.1")):
        found = await report(owner, bot_id=bot, **query)
        assert (found["total_return"], found["total_return_fraction"]) == ("10", fraction), query


async def test_closes_count_from_after_the_start_up_to_the_end(owner: Owner) -> None:
    for hours, price in ((1, 110), (2, 120), (3, 130)):
        at = NOON + timedelta(hours=hours)
        await owner.hear(owner.fill(1, 100, filled_at=at), owner.fill(-1, price, filled_at=at))
    start, end = ((NOON + timedelta(hours=hours)).isoformat() for hours in (1, 2))
    found = (await report(owner, start_date=start, end_date=end))["metrics"]
    assert (found["total_trades"], found["largest_win"]) == (1, "20")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/performance", {"currency": "?"}),
        ("/performance", {"capital": "NaN"}),
        ("/performance", {"capital": "1e30"}),
        ("/performance", {"bot_id": "1"}),
        ("/performance", {"end_date": "2026-02-30"}),
        ("/performance", {"start_date": "10000-01-01"}),
        ("/performance/history", {"interval": "year"}),
        ("/performance/history", {"period": ""}),
        ("/overview", {"currency": "?"}),
        ("/balance", {"currency": "a b"}),
        ("/wallet", {"mode": "play"}),
    ],
)
async def test_each_field_of_a_question_is_checked(owner: Owner, path: str, query: Any) -> None:
    answer = await owner.ask(path, **query)
    assert (answer.status, answer.json()["error"]["code"]) == (422, "VALIDATION_ERROR")
    assert any(next(iter(query)) in name for name in answer.json()["error"]["fields"])
