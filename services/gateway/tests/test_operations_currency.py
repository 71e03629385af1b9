"""Contract network tells every amount in the user's currency; the other contracts in that of the pair."""

from decimal import Decimal
from typing import Any

import pytest

from millrace.contracts.canonical import bots, trading
from millrace.contracts.names import Contract
from millrace.gateway.app.operations import HANDLERS
from services.gateway.tests import rows
from services.gateway.tests.fakes import INTENT, Services, asking

RATES = {"currency": "ZAR", "rates": {"USDT": "17.5", "ZAR": "1"}}
OWN = {"auth GET /users/me": rows.user(), "portfolio GET /rates": RATES, "portfolio GET /bots": {}}


async def do(operation: str, services: Services, wish: Any, spoken: Contract) -> Any:
    return await HANDLERS[operation](asking(services, spoken=spoken, intent=INTENT), wish)


async def test_bots_are_told_in_the_users_currency() -> None:
    other = rows.bot(symbol="BTC/ZAR", exchange="luno")
    services = Services({"bots GET /bots": rows.page(rows.bot(), other), **OWN})
    found = (await do("bots.list", services, bots.ListBots(), Contract.NETWORK)).items
    assert [(b.initial_capital, b.current_capital, b.total_profit) for b in found] == [
        (17500, 18375, 875),
        (1000, 1050, 50),
    ]
    assert {bot.profit for bot in found} == {Decimal("0.05")}
    assert services.to("portfolio", "GET", "/rates")[0]["query"] == {"into": "ZAR"}


async def test_what_a_bot_has_realised_is_told_at_the_rates_of_its_time() -> None:
    given = rows.bot(given="18000", given_in="ZAR", id=rows.TWO)
    services = Services({"bots GET /bots": rows.page(rows.bot(), given), **OWN})
    services.answers["portfolio GET /bots"] = {rows.ONE: "800", rows.TWO: "900"}
    one, other = (await do("bots.list", services, bots.ListBots(), Contract.NETWORK)).items
    assert (one.initial_capital, one.current_capital, one.total_profit) == (17500, 18300, 800)
    assert (other.initial_capital, other.current_capital, other.total_profit) == (18000, 18900, 900)
    assert (one.profit, other.profit) == (Decimal("0.05"), Decimal("0.05"))
    assert services.to("portfolio", "GET", "/bots")[0]["query"] == {"currency": "ZAR"}


async def test_capital_that_was_given_in_it_is_told_as_it_was_whatever_the_rate_is_now() -> None:
    given = rows.bot(given="18000", given_in="ZAR")
    services = Services({"bots GET /bots": rows.page(given, {**given, "given_in": "EUR"}), **OWN})
    told, other = (await do("bots.list", services, bots.ListBots(), Contract.NETWORK)).items
    assert (told.initial_capital, told.current_capital, told.total_profit) == (18000, 18875, 875)
    assert round(told.profit, 6) == Decimal("0.048611")
    assert (other.initial_capital, other.profit) == (17500, Decimal("0.05"))


async def test_trades_are_told_in_it_but_their_prices_are_the_pairs() -> None:
    services = Services({"portfolio GET /trades": rows.page(rows.trade()), **OWN})
    (trade,) = (await do("trades.list", services, trading.ListTrades(), Contract.NETWORK)).items
    assert (trade.profit, trade.price) == (35, 60000)


async def test_a_trade_is_told_at_the_rate_it_was_booked_with() -> None:
    listed = rows.page(rows.trade(rates={"ZAR": "16"}), rows.trade(rates={"EUR": "0.9"}))
    services = Services({"portfolio GET /trades": listed, **OWN})
    then, now = (await do("trades.list", services, trading.ListTrades(), Contract.NETWORK)).items
    assert (then.profit, now.profit) == (32, 35)


@pytest.mark.parametrize(("exchange", "sent"), [("binance", "57.14285714"), ("luno", "1000")])
async def test_capital_is_given_in_it_and_kept_in_the_pairs_currency(exchange: str, sent: str) -> None:
    services = Services({"bots POST /bots": rows.bot(), **OWN})
    wish = bots.CreateBot(name="b", exchange=exchange, initial_capital=Decimal(1000), origin=Contract.NETWORK)
    await do("bots.create", services, wish, Contract.NETWORK)
    body = services.last["json"]
    assert body["initial_capital"] == Decimal(sent)
    as_given = (Decimal(1000), "ZAR") if exchange == "binance" else (None, None)
    assert (body.get("given"), body.get("given_in")) == as_given


async def test_clients_of_the_other_contracts_are_told_amounts_as_they_are() -> None:
    services = Services({"bots GET /bots": rows.page(rows.bot()), "portfolio GET /trades": rows.page(rows.trade())})
    (bot,) = (await do("bots.list", services, bots.ListBots(), Contract.BOTPLATFORM)).items
    (trade,) = (await do("trades.list", services, trading.ListTrades(), Contract.APPLICATION)).items
    assert (bot.initial_capital, trade.profit) == (1000, 2)
