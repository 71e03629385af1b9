"""Answers state what the services say, with units, and say who is away."""

from typing import Any

import pytest

from millrace.common.kernel.errors import Code, MillraceError
from services.assistant.tests.conftest import Desk, bot, order, page, performance

RAND = {"currency": "ZAR", "rates": {"USDT": "17.5", "ZAR": "1"}}
OVERVIEW = {
    "currency": "ZAR",
    "total_profit": "500",
    "total_capital": "10500.5",
    "win_rate": "0.625",
    "total_trades": 8,
    "exposure": "0.1",
    "risk_level": "moderate",
}


async def test_the_status_is_the_portfolio_the_day_and_what_is_open(desk: Desk) -> None:
    desk.others.known["portfolio", "/overview"] = OVERVIEW
    desk.others.known["portfolio", "/performance"] = performance("50")
    desk.orders(order(1))
    assert await desk.text("What is my current portfolio status?") == (
        "Your portfolio has 1 active bot of 2 and is worth 10,500.50 ZAR, a total profit of +500.00 ZAR, "
        "with 8 closed trades, 62.5 % of them with a profit. The risk level is moderate. "
        "Today the result is +50.00 ZAR (+0.5 %). 1 order is open."
    )


async def test_a_status_without_the_portfolio_says_so_and_tells_the_rest(desk: Desk) -> None:
    desk.orders(order(1), order(2))
    desk.others.known["risk", "/kill"] = {"items": [{"scope": "account", "reason": "loss"}]}
    assert await desk.text("status") == (
        "I cannot tell the portfolio now (portfolio: the service is temporarily unavailable; try again). "
        "I cannot tell today's result now (portfolio: the service is temporarily unavailable; try again). "
        "2 orders are open. Kill switches are thrown: of the account (loss)."
    )


async def test_bots_are_told_with_their_state_holdings_and_profit(desk: Desk) -> None:
    alpha, beta = bot(1, "Alpha", position="0.01"), bot(2, "Beta", "paused", reason="drawdown", symbol="ETH/ZAR")
    desk.bots(alpha, beta)
    desk.others.known["portfolio", "/bots"] = lambda query: (
        {alpha["id"]: "-200.004"} if query.get("currency") == "ZAR" else {alpha["id"]: "-12.345", beta["id"]: "7"}
    )
    desk.others.known["portfolio", "/rates"] = RAND
    both = await desk.text("Check my bots")
    told = "Alpha (#1, BTC/USDT on binance) is active, holds 0.01 BTC, -200.00 ZAR so far."
    assert both == (
        f"You have 1 active bot of 2. {told} Beta (#2, ETH/ZAR on binance) is paused (drawdown), +7.00 ZAR so far."
    )
    assert await desk.text("how is bot Alpha doing") == told


async def test_bots_are_told_without_profits_while_the_portfolio_is_away(desk: Desk) -> None:
    text = await desk.text("my bots")
    assert "Alpha (#1, BTC/USDT on binance) is active. " in text
    assert "I cannot tell their profits now (portfolio: " in text


async def test_many_bots_are_counted_and_ten_are_told(desk: Desk) -> None:
    desk.bots(*(bot(number, f"Bot{number}") for number in range(1, 14)))
    desk.others.known |= {("portfolio", "/bots"): {}, ("portfolio", "/rates"): {"currency": "ZAR", "rates": {}}}
    text = await desk.text("bots")
    assert "0.00 USDT so far" in text, "what has no rate is told in its own currency"
    assert text.startswith("You have 13 active bots of 13.")
    assert text.endswith("And 3 more.")


async def test_a_profit_is_of_the_time_and_the_bot_that_were_named(desk: Desk) -> None:
    desk.others.known["portfolio", "/performance"] = performance("-7.5", None)
    assert await desk.text("how much did Alpha make this week?") == "Alpha: In 7 days the result is -7.50 ZAR."
    (query,) = [query for _, path, query in desk.others.asked if path == "/performance"]
    assert query == {"period": "7d", "bot_id": [bot(1, "")["id"]], "currency": "ZAR"}


async def test_a_balance_has_all_assets(desk: Desk) -> None:
    desk.others.known["portfolio", "/balance"] = {
        "currency": "ZAR",
        "margin_balance": "1000",
        "available_balance": "900",
        "locked_balance": "100",
        "assets": [{"asset": "BTC", "wallet_balance": "0.5"}, {"asset": "XYZ", "wallet_balance": "3"}],
        "unpriced": ["XYZ"],
    }
    assert await desk.text("what is my balance?") == (
        "You have 1,000.00 ZAR: 900.00 ZAR available and 100.00 ZAR locked by open orders. "
        "You hold 0.5 BTC, 3 XYZ. No price is known of XYZ."
    )


async def test_positions_orders_and_trades_are_listed(desk: Desk) -> None:
    position = {
        "symbol": "BTC/USDT",
        "exchange": "binance",
        "quantity": "0.5",
        "entry_price": "100",
        "mark_price": "110",
        "unrealized_pnl": "5",
    }
    trade = {
        "symbol": "BTC/USDT",
        "side": "sell",
        "quantity": "1",
        "price": "9",
        "profit_loss": "-1",
        "rates": {"ZAR": "16"},
        "at": "2026-01-05T11:00:00Z",
    }
    desk.others.known["portfolio", "/rates"] = RAND
    desk.others.known["portfolio", "/positions"] = page(position)
    desk.others.known["portfolio", "/trades"] = page(trade)
    desk.orders(order(3), order(4, price=None))
    assert await desk.text("positions") == (
        "You have 1 open position. 0.5 BTC on binance, bought at 100, now 110 USDT: +87.50 ZAR."
    )
    assert await desk.text("positions of eth") == "You have no open positions."
    assert await desk.text("open orders") == (
        "You have 2 open orders. #3: buy 0.5 BTC/USDT at 60000 on binance, open, 0.1 filled. "
        "#4: buy 0.5 BTC/USDT at market on binance, open, 0.1 filled."
    )
    assert await desk.text("my last trades") == (
        "Your last trades, newest first. 2026-01-05T11:00:00Z: sell 1 BTC at 9 USDT, result -16.00 ZAR."
    )


async def test_risk_is_limits_what_is_used_switches_and_alerts(desk: Desk) -> None:
    used = {"limit_type": "drawdown", "utilization": "0.42", "enabled": True}
    unused = {"limit_type": "daily_loss", "utilization": "0", "enabled": True}
    desk.others.known["risk", "/limits"] = {"items": [used, unused, {**used, "utilization": "0.9", "enabled": False}]}
    desk.others.known["risk", "/alerts"] = {**page({"severity": "warning", "message": "drawdown is high"}), "total": 9}
    assert await desk.text("what are my risk limits?") == (
        "Your limits: largest position value 100,000 (quote currency), largest daily loss 1,000 (quote currency), "
        "largest drawdown 25 %, most open orders 50. Nearest to its limit is drawdown: 42 % used. "
        "No kill switch is thrown. 9 alerts so far; the newest: warning: drawdown is high."
    )


async def test_a_price_is_the_markets(desk: Desk) -> None:
    text = await desk.text("price of btc")
    assert text == "BTC/USDT on binance is 60000 USDT, +1.5 % in 24 hours (at 2026-01-05T12:00:00Z)."
    (query,) = [query for service, _, query in desk.others.asked if service == "marketdata"]
    assert query == {"symbol": "BTC/USDT", "exchange": None}


@pytest.mark.parametrize(
    "problem",
    [None, MillraceError(Code.INTERNAL, "broken"), MillraceError(Code.NOT_FOUND, "market not found")],
    ids=["away", "broken", "refused"],
)
async def test_a_service_that_cannot_say_is_named(desk: Desk, problem: Any) -> None:
    desk.others.known.clear()
    services = ("/balance", "/positions", "/orders", "/trades", "/limits/effective", "/ticker", "/bots")
    for path in services if problem else ():
        for service in ("bots", "portfolio", "execution", "risk", "marketdata"):
            desk.others.known[service, path] = problem
    for said in ("balance", "positions", "orders", "trades", "risk", "price of btc", "my bots", "pnl"):
        text = await desk.text(said)
        assert text.startswith("I cannot say that now: "), said
        assert any(word in text for word in ("temporarily unavailable", "broken", "not found"))


async def test_all_pages_are_read(desk: Desk) -> None:
    desk.others.known["execution", "/orders"] = {**page(*(order(n) for n in range(600))), "total": 1200}
    assert (await desk.text("open orders")).startswith("You have 1200 open orders.")


@pytest.mark.parametrize("said", ["help", "hello", "gibberish blub"])
async def test_what_can_be_asked_is_told(desk: Desk, said: str) -> None:
    assert '"pause Alpha"' in await desk.text(said)
    assert desk.others.asked == []
