"""What a trade made keeps the rate of its time: results of the past do not move with the rate of today."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from millrace.common.events.market import CandleClosed
from millrace.common.events.trading import AccountOpened, FillBooked
from millrace.common.kernel.clock import ManualClock
from millrace.common.testing.service import StartService
from services.portfolio.tests.conftest import BAR, NOON, Owner
from services.portfolio.tests.test_currencies import rand

LUNO = {"exchange": "luno", "symbol": "BTC/ZAR", "fee_currency": "ZAR"}
SHOWN = ("largest_win", "largest_loss", "average_win", "profit_factor")


@pytest.fixture
async def owner(start_service: StartService) -> Owner:
    """An owner whose one account is in rand; a dollar costs 16 of them."""
    made = Owner(await start_service("portfolio", clock=ManualClock(NOON + timedelta(hours=6))))
    account = {"name": "Rand", "exchange": "luno", "mode": "paper", "currency": "ZAR", "initial_balance": Decimal(9000)}
    ids = {"user_id": made.user.user_id, "account_id": made.account_id}
    await made.stand.hear(AccountOpened(**account, **ids), at=NOON)
    await rand(made, 16)
    return made


def fill(owner: Any, quantity: object, price: object, fee: object = 0, hours: int = 0, **changes: Any) -> FillBooked:
    at = NOON + timedelta(hours=hours)
    found: FillBooked = owner.fill(quantity, price, fee, **{**LUNO, "filled_at": at, **changes})
    return found


async def trades(owner: Any) -> list[Any]:
    found: list[Any] = (await owner.ask("/trades")).value()["items"]
    return found


async def metrics(owner: Any, **query: Any) -> dict[str, Any]:
    found = (await owner.ask("/performance", period="all", **{"currency": "USDT", **query})).value()["metrics"]
    return {name: found[name] and round(Decimal(found[name]), 9) for name in SHOWN}


async def test_a_trade_tells_the_rates_of_the_moment_it_was_booked(owner: Any) -> None:
    await owner.hear(fill(owner, 1, 320))
    await rand(owner, 20)
    await owner.hear(fill(owner, -1, 480))
    sold, bought = await trades(owner)
    assert ([Decimal(t["rates"]["USDT"]) for t in (bought, sold)]) == [Decimal(1) / 16, Decimal(1) / 20]
    assert "ZAR" not in sold["rates"], "nothing has to be converted into itself"
    assert "EUR" not in sold["rates"], "nobody has told of a price of it"


async def test_where_no_market_tells_the_setting_counts(owner: Any) -> None:
    await owner.stand.rows("portfolio", "delete from marks")
    await owner.hear(fill(owner, 1, 320, symbol="BTC/USDT", fee_currency="USDT"))
    (bought,) = await trades(owner)
    assert bought["rates"] == {"ZAR": "17.5"}


async def test_results_stay_when_the_rate_moves(owner: Any) -> None:
    await owner.hear(fill(owner, 2, 160), fill(owner, -1, 320, 16, 1), fill(owner, -1, 160, 0, 2))  # 160 - 16 rand
    await owner.hear(fill(owner, 1, 320, 0, 3), fill(owner, -1, 240, 0, 4))  # - 80
    before = await metrics(owner)
    assert before == {
        "largest_win": Decimal(9),
        "largest_loss": Decimal(-5),
        "average_win": Decimal(9),
        "profit_factor": Decimal("1.8"),
    }
    await rand(owner, 32)
    assert await metrics(owner) == before
    assert (await metrics(owner, currency="ZAR"))["largest_win"] == 144
    assert (await owner.ask("/overview", currency="USDT")).value()["win_rate"] == "0.5"


async def test_parts_of_a_position_that_were_closed_apart_keep_their_own_rates(owner: Any) -> None:
    await owner.hear(fill(owner, 2, 160), fill(owner, -1, 320))
    await rand(owner, 20)
    await owner.hear(fill(owner, -1, 360))
    await rand(owner, 32)
    assert (await metrics(owner))["largest_win"] == 160 // 16 + 200 // 20


async def test_a_bots_past_days_stay_when_the_rate_moves(owner: Any) -> None:
    bot = uuid4()
    await owner.hear(fill(owner, 1, 160, bot_id=bot), fill(owner, -1, 320, bot_id=bot, hours=1))
    for price in (16, 20, 32):
        await rand(owner, price)
        found = (await owner.ask("/performance", period="all", bot_id=bot, currency="USDT", capital=100)).value()
        assert (found["total_return"], found["total_return_fraction"]) == ("10", "0.1"), price
        history = (await owner.ask("/performance/history", period="all", bot_id=bot, currency="USDT")).value()["items"]
        assert [item["gained"] for item in history if item["gained"] != "0"] == ["10"], price


async def test_what_an_older_version_booked_is_converted_at_the_rate_of_now(owner: Any) -> None:
    await owner.hear(fill(owner, 2, 160), fill(owner, -1, 320))
    await owner.stand.rows("portfolio", "update trades set rates = null")
    await rand(owner, 20)
    await owner.hear(fill(owner, -1, 360))
    for price, win in ((20, 8 + 10), (32, 5 + 10)):
        await rand(owner, price)
        assert (await metrics(owner))["largest_win"] == win
    assert [t["rates"] for t in await trades(owner)][1:] == [{}, {}]


async def test_into_a_currency_that_had_no_rate_then_the_rate_of_now_counts(owner: Any) -> None:
    await owner.hear(fill(owner, 1, 160), fill(owner, -1, 320))
    assert (await metrics(owner, currency="EUR"))["largest_win"] is None
    prices = dict.fromkeys(("open", "high", "low", "close", "volume"), Decimal(20))
    quoted = CandleClosed(exchange="luno", symbol="EUR/ZAR", timeframe="5m", opened_at=NOON - BAR, **prices)
    await owner.stand.hear(quoted, at=NOON)
    assert (await metrics(owner, currency="EUR"))["largest_win"] == 8


async def test_what_a_bot_has_realised_stays_and_what_it_holds_moves(owner: Any) -> None:
    bot, other = uuid4(), uuid4()
    await owner.hear(fill(owner, 2, 160, bot_id=bot), fill(owner, -1, 320, 16, bot_id=bot))
    await owner.hear(fill(owner, 1, 9, bot_id=other, symbol="BTC/XYZ"), fill(owner, 1, 160))
    await owner.close(480, 1, "BTC/ZAR", exchange="luno")
    assert (await owner.ask("/bots")).value() == {str(bot): "464", str(other): "0"}
    for price, held in ((16, 20), (32, 10)):
        await rand(owner, price)
        assert (await owner.ask("/bots", currency="usdt")).value() == {str(bot): str(9 + held)}, "XYZ has no rate"
    assert (await owner.ask("/bots", currency="ZAR")).value() == {str(bot): "464"}
