"""Totals over accounts of several currencies: converted at today's rates, or left out and named."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from millrace.common.events.market import CandleClosed
from millrace.common.events.trading import AccountOpened
from services.portfolio.tests.conftest import BAR, NOON

FIRST, LATER = UUID(int=1), UUID(int=2**128 - 1)


async def also(owner: Any, currency: str, funds: int, account_id: UUID = LATER) -> None:
    """Another account of the owner's opens at luno, before or after the first by its id."""
    facts = {"name": currency, "exchange": "luno", "mode": "paper", "currency": currency}
    ids = {"user_id": owner.user.user_id, "account_id": account_id}
    await owner.stand.hear(AccountOpened(initial_balance=Decimal(funds), **ids, **facts), at=NOON)


async def rand(owner: Any, price: int) -> None:
    """One USDT costs `price` rand at luno."""
    prices = dict.fromkeys(("open", "high", "low", "close", "volume"), Decimal(price))
    event = CandleClosed(exchange="luno", symbol="USDT/ZAR", timeframe="5m", opened_at=NOON - BAR, **prices)
    await owner.stand.hear(event, at=NOON)


async def curve(owner: Any) -> tuple[list[str], str, list[str]]:
    found = (await owner.ask("/equity")).value()
    return [item["equity"] for item in found["items"]], found["currency"], found["unpriced"]


async def test_rand_and_dollars_are_not_added_up_as_one(owner: Any) -> None:
    await also(owner, "ZAR", 40_000)
    await rand(owner, 20)
    assert await curve(owner) == (["12000"], "USDT", [])
    await owner.hear(owner.fill(10, 100))
    await owner.close(90)
    assert await curve(owner) == (["12000", "11900"], "USDT", [])


async def test_the_first_account_says_in_what(owner: Any) -> None:
    await also(owner, "ZAR", 40_000, FIRST)
    await rand(owner, 20)
    assert await curve(owner) == (["240000"], "ZAR", [])
    assert (await owner.ask("/balances")).value()["currency"] == "ZAR"
    assert (await owner.ask("/balance")).status == 503  # risk is not here, and what is locked is not made up


async def test_without_a_rate_an_account_is_left_out_and_named(owner: Any) -> None:
    await also(owner, "XYZ", 1_000_000)
    assert await curve(owner) == (["10000"], "USDT", ["XYZ"])
    found = (await owner.ask("/balances")).value()
    assert (found["currency"], found["rates"]) == ("USDT", {"USDT": "1"})
    assert {(i["account_currency"], i["total"]) for i in found["items"]} == {("USDT", "10000"), ("XYZ", "1000000")}


async def test_the_setting_gives_rand_where_no_market_does(owner: Any) -> None:
    await also(owner, "ZAR", 35)
    assert [round(Decimal(worth), 12) for worth in (await curve(owner))[0]] == [10_002]
    rates = (await owner.ask("/balances")).value()["rates"]
    assert Decimal(rates["ZAR"]) * Decimal("17.5") == pytest.approx(Decimal(1), abs=Decimal("1e-16"))


async def test_the_deepest_of_the_accounts_drawdowns_is_shown_in_any_currency(owner: Any) -> None:
    await also(owner, "ZAR", 40_000)
    await owner.hear(owner.fill(10, 100))
    await owner.close(110)
    await owner.close(10, 2)
    drawdowns = [Decimal(item["drawdown"]) for item in (await owner.ask("/equity")).value()["items"]]
    assert drawdowns == [0, 0, pytest.approx(Decimal(1000) / 10_100)]


async def test_accounts_of_one_currency_answer_as_ever(owner: Any) -> None:
    await owner.open("500")
    await owner.hear(owner.fill(1, 100))
    await owner.close(110)
    found = (await owner.ask("/equity")).value()
    assert [(i["equity"], i["drawdown"]) for i in found["items"]] == [("10500", "0"), ("10510", "0")]
    assert (found["currency"], found["unpriced"]) == ("USDT", [])
    assert (await owner.ask("/balances")).value()["rates"] == {"USDT": "1"}


async def test_a_user_without_accounts_has_nothing_in_dollars(owner: Any) -> None:
    stranger = type(owner)(owner.stand)
    assert await curve(stranger) == ([], "USDT", [])
    assert (await stranger.ask("/balances")).value() == {"items": [], "currency": "USDT", "rates": {}}


async def test_the_newest_moments_are_kept_whole_where_accounts_differ_in_currency(owner: Any) -> None:
    await also(owner, "ZAR", 40_000)
    await rand(owner, 20)
    await owner.hear(owner.fill(1, 100))
    for bar, price in ((1, 110), (2, 120), (3, 130)):
        await owner.close(price, bar)
    items = (await owner.ask("/equity", limit=2)).value()["items"]
    assert [item["equity"] for item in items] == ["12020", "12030"]


async def test_what_amounts_are_worth_in_another_currency_is_told(owner: Any) -> None:
    found = (await owner.ask("/rates", into="zar")).value()
    assert (found["currency"], Decimal(found["rates"]["USDT"]), found["rates"]["ZAR"]) == ("ZAR", Decimal("17.5"), "1")
    assert "EUR" not in found["rates"], "nobody has told of a price of it"
    await rand(owner, 20)
    assert Decimal((await owner.ask("/rates", into="ZAR")).value()["rates"]["USDT"]) == 20
    assert (await owner.ask("/rates")).status == 422
