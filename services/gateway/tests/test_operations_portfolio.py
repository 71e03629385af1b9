"""Reports, balances, wallets and transfers."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical import accounts
from millrace.contracts.canonical.frame import Nothing
from millrace.contracts.canonical.performance import AskPerformance
from millrace.gateway.app.operations import HANDLERS
from millrace.gateway.app.operations.performance import fractions, metrics
from millrace.portfolio.api.schemas import Overview, Transfer, Wallet
from services.gateway.tests import rows
from services.gateway.tests.fakes import AT, INTENT, NOW, ONE, TWO, Services, asking, told


async def do(operation: str, services: Services, wish: Any, **changes: Any) -> Any:
    return await HANDLERS[operation](asking(services, **changes), wish)


def test_a_reports_numbers_are_fractions_and_what_cannot_be_said_is_zero() -> None:
    found = metrics(rows.performance(average_win="20", average_loss="-10"))
    assert (found.total_return, found.profit) == (Decimal("0.05"), 50)
    assert (found.max_drawdown, found.win_rate, found.sortino_ratio) == (Decimal("0.125"), Decimal("0.75"), 0)
    assert (found.avg_win, found.avg_loss, found.largest_win) == (20, -10, 0)
    assert (found.total_trades, found.winning_trades, found.losing_trades) == (4, 3, 1)


def test_for_free_form_objects_they_are_percents() -> None:
    assert fractions(rows.performance(volatility="0.3333333")) == {
        "total_return": 5.0,
        "volatility": 33.3333,
        "max_drawdown": 12.5,
        "win_rate": 75.0,
        "profit": 50.0,
        "sharpe_ratio": 1.2346,
        "sortino_ratio": 0.0,
        "profit_factor": 0.0,
        "total_trades": 4,
        "winning_trades": 3,
        "losing_trades": 1,
    }


def test_a_stretch_without_money_has_no_return() -> None:
    assert metrics({**rows.performance(), "total_return_fraction": None}).total_return == 0


@pytest.mark.parametrize(
    ("wish", "query"),
    [
        ({}, {"period": "all", "start_date": None, "end_date": None}),
        ({"period": "7d"}, {"period": "7d", "start_date": None, "end_date": None}),
        ({"start": NOW, "end": NOW}, {"period": "all", "start_date": NOW.isoformat(), "end_date": NOW.isoformat()}),
    ],
)
async def test_everything_is_reported_on_at_once(wish: dict[str, Any], query: dict[str, Any]) -> None:
    services = Services({"portfolio GET /performance": rows.performance()})
    found = await do("portfolio.performance", services, AskPerformance(**wish))
    assert services.last["query"] == {**query, "account_id": None, "currency": "USDT"}
    assert (found.subject, found.period, found.start) == ("", "30d", NOW)
    assert (found.initial_balance, found.final_balance) == (1000, 1050)
    (day,) = found.days
    assert (day.date, day.profit, day.fraction, day.balance) == (date(2026, 1, 1), 50, 0, 1050)


@pytest.mark.parametrize("code", [Code.INVALID_DATE_RANGE, Code.UNAVAILABLE])
async def test_a_refused_report_is_passed_on(code: Code) -> None:
    refusal = MillraceError(code, "no")
    with pytest.raises(MillraceError) as refused:
        await do("portfolio.performance", Services({"portfolio GET /performance": refusal}), AskPerformance())
    assert refused.value is refusal


def overview(**changes: Any) -> Any:
    given = {"currency": "ZAR", "total_profit": "10.5", "total_capital": "1000"}
    more = {"win_rate": "0.5", "total_trades": 4, "exposure": "0.25", "risk_level": "low"}
    return told(Overview, **given | more | changes)


async def test_seven_numbers_are_about_the_callers_bots_in_their_currency() -> None:
    services = Services({"auth GET /users/me": rows.user(), "bots GET /bots": rows.bots_counted(1, 2)})
    services.answers["portfolio GET /overview"] = overview()
    found = await do("portfolio.overview", services, Nothing())
    (sent,) = services.to("portfolio", "GET", "/overview")
    assert sent["query"] == {"currency": "ZAR"}
    active, every = services.to("bots", "GET", "/bots")
    assert (active["query"]["status"], "status" in every["query"]) == ("active", False)
    assert (found.total_profit, found.win_rate, found.exposure) == (Decimal("10.5"), Decimal("0.5"), Decimal("0.25"))
    assert (found.active_bots, found.total_bots, found.risk_level) == (1, 2, "low")
    services.answers["portfolio GET /overview"] = overview(win_rate=None, exposure=None)
    found = await do("portfolio.overview", services, Nothing())
    assert (found.win_rate, found.exposure) == (0, 0)


async def test_the_balance_is_of_all_accounts() -> None:
    services = Services({"portfolio GET /balance": rows.balance()})
    found = await do("portfolio.balance", services, Nothing())
    assert services.last["query"] == {"currency": "USDT"}
    assert (found.wallet, found.unrealized_pnl, found.currency) == (9600, 5, "USDT")
    assert (found.available, found.locked) == (8999, 1), "free USDT; what open orders hold, and not what else is held"
    assert [(asset.currency, asset.total, asset.locked) for asset in found.assets] == [
        ("USDT", 9000, 1),
        ("BTC", Decimal("0.01"), 0),
    ]
    assert found.updated_at == NOW
    services.answers["portfolio GET /balance"] = rows.balance(updated_at=None, assets=[])
    found = await do("portfolio.balance", services, Nothing())
    assert (found.updated_at, found.assets) == (NOW, ())


async def test_wallets_are_told_by_exchange_and_currency() -> None:
    wallet = told(Wallet, balances={"luno": {"ZAR": "100.5"}}, total_value_zar="100.5", rates=[], unpriced=[])
    found = await do("wallet.balances", Services({"portfolio GET /wallet": wallet}), Nothing())
    assert (found.balances, found.total_zar) == ({"luno": {"ZAR": Decimal("100.5")}}, Decimal("100.5"))


def transfer(**changes: Any) -> Any:
    names = {"id": ONE, "num": 1, "from_provider": "luno", "to_provider": "binance", "correlation_id": TWO}
    ends = {"from_account_id": None, "to_account_id": None, "moves_money": True, "created_at": AT, "updated_at": AT}
    terms = {"amount": "10.5", "currency": "ZAR", "status": "completed", "reason": "manual", "message": "done"}
    return told(Transfer, **names | ends | terms | changes)


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        ("requested", "pending"),
        ("approved", "pending"),
        ("completed", "completed"),
        ("rejected", "failed"),
        ("failed", "failed"),
        ("cancelled", "failed"),
    ],
)
async def test_a_transfers_state_is_one_of_three(status: str, shown: str) -> None:
    row = {**transfer(), "status": status}
    found = await do("wallet.transfers", Services({"portfolio GET /transfers": rows.page(row)}), Nothing())
    assert found.items[0].status == shown


async def test_transfers_are_told_newest_first() -> None:
    services = Services({"portfolio GET /transfers": rows.page(transfer(), transfer(id=TWO))})
    found = await do("wallet.transfers", services, Nothing())
    assert services.last["query"] == {"limit": 1000, "offset": 0}
    first = found.items[0]
    assert (first.from_exchange, first.to_exchange, first.amount) == ("luno", "binance", Decimal("10.5"))
    assert (first.reason, first.message, first.correlation_id, first.at) == ("manual", "done", TWO, NOW)


@pytest.mark.parametrize(("reason", "more"), [("", {}), ("rebalance", {"reason": "rebalance"})])
@pytest.mark.parametrize("intent", [None, INTENT])
async def test_a_wish_is_recorded_once(reason: str, more: dict[str, Any], intent: Any) -> None:
    services = Services({"portfolio POST /transfers": transfer()})
    wish = accounts.RequestTransfer(
        from_exchange="luno", to_exchange="binance", amount=Decimal("10.5"), currency="ZAR", reason=reason
    )
    found = await do("wallet.transfer", services, wish, intent=intent)
    assert services.last["json"] == {
        "from_provider": "luno",
        "to_provider": "binance",
        "amount": Decimal("10.5"),
        "currency": "ZAR",
        "idempotency_key": str(INTENT) if intent else None,
        **more,
    }
    assert found.status == "completed"


async def test_a_transfer_that_cannot_be_is_refused() -> None:
    poor = MillraceError(Code.INSUFFICIENT_BALANCE, "luno holds 3 ZAR")
    wish = accounts.RequestTransfer(from_exchange="a", to_exchange="b", amount=Decimal(1), currency="ZAR")
    with pytest.raises(MillraceError) as refused:
        await do("wallet.transfer", Services({"portfolio POST /transfers": poor}), wish)
    assert refused.value is poor
