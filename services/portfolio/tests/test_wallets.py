"""Balances with what risk holds for open orders, and wallets in rand."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from millrace.common.events.market import CandleClosed
from millrace.common.events.trading import AccountOpened, OrderRequested, OrderState, OrderType, OrderUpdated, Side
from millrace.common.kernel.ids import new_id
from millrace.common.testing.service import StartService
from services.portfolio.tests.conftest import NOON, Owner


@pytest.fixture
async def owner(start_service: StartService) -> Owner:
    """An owner of 10,000 USDT, with the risk service beside."""
    made = Owner(await start_service("portfolio", "risk"))
    await made.open()
    return made


def order(owner: Owner, **changes: Any) -> OrderRequested:
    """A buy of 1 BTC at 100."""
    ids = {"order_id": new_id(), "user_id": owner.user.user_id, "account_id": owner.account_id, "intent_id": new_id()}
    terms: dict[str, Any] = {
        "client_order_id": uuid4().hex,
        "source": "api",
        "origin": "test",
        "exchange": "binance",
        "symbol": "BTC/USDT",
        "side": Side.BUY,
        "order_type": OrderType.LIMIT,
        "quantity": Decimal(1),
        "price": Decimal(100),
        "reference_price": Decimal(100),
        "requested_at": NOON,
    }
    return OrderRequested(**{**ids, **terms, **changes})


async def bought(owner: Owner, quantity: int, price: int) -> None:
    """An order that is filled: risk and the ledger hear of it."""
    asked = order(owner, quantity=Decimal(quantity), price=Decimal(price), reference_price=Decimal(price))
    facts = {name: getattr(asked, name) for name in OrderUpdated.model_fields if hasattr(asked, name)}
    worth = asked.quantity * Decimal(price)
    done = {"state": OrderState.FILLED, "filled_quantity": asked.quantity, "filled_notional": worth, "fees": Decimal(0)}
    await owner.hear(asked)
    await owner.hear(OrderUpdated(**facts, **done, version=4, updated_at=NOON))
    await owner.hear(owner.fill(quantity, price))


async def luno(owner: Owner, price: object) -> None:
    """A candle of bitcoin in rand closes."""
    amount = Decimal(str(price))
    prices = dict.fromkeys(("open", "high", "low", "close", "volume"), amount)
    await owner.hear(CandleClosed(exchange="luno", symbol="BTC/ZAR", timeframe="5m", opened_at=NOON, **prices))


async def test_a_balance_is_what_is_held_what_is_locked_and_what_is_not_realised(owner: Owner) -> None:
    await bought(owner, 10, 100)
    await owner.close(120)
    await owner.hear(order(owner), order(owner, side=Side.SELL, quantity=Decimal(4)))
    found = (await owner.ask("/balance")).value()
    totals = ("currency", "margin_balance", "unrealized_pnl", "total_wallet_balance", "locked_balance")
    assert [found[name] for name in totals] == ["USDT", "10200", "200", "10000", "580.2"]
    assert (found["available_balance"], found["account_type"], found["unpriced"]) == ("9619.8", "spot", [])
    names = ("asset", "wallet_balance", "locked_balance", "available_balance", "unrealized_pnl", "margin_balance")
    assert [[asset[name] for name in names] for asset in found["assets"]] == [
        ["BTC", "10", "4", "6", "0", "10"],
        ["USDT", "9000", "100.2", "8899.8", "200", "9200"],
    ]
    assert found["updated_at"] == "2026-01-01T12:05:00Z"


async def test_accounts_are_summed_or_chosen_and_converted_to_one_currency(owner: Owner) -> None:
    first = owner.account_id
    await owner.open("500")
    await owner.close(50_000)
    await luno(owner, 900_000)
    assert (await owner.ask("/balance")).value()["margin_balance"] == "10500"
    assert (await owner.ask("/balance", account_id=owner.account_id)).value()["margin_balance"] == "500"
    assert (await owner.ask("/balance", account_id=[first], currency="zar")).value()["margin_balance"] == "180000"
    assert (await owner.ask("/balance", account_id=uuid4())).status == 404


async def test_what_has_no_price_counts_nothing_and_is_named(owner: Owner) -> None:
    await owner.hear(owner.fill(3, 1, symbol="XYZ/ABC"))
    found = (await owner.ask("/balance")).value()
    assert (found["margin_balance"], found["unpriced"]) == ("10000", ["ABC", "XYZ"])


async def test_wallets_are_worth_rand_by_bitcoin_at_luno(owner: Owner) -> None:
    await bought(owner, 1, 100)
    await owner.close(50_000)
    await luno(owner, 900_000)
    found = (await owner.ask("/wallet")).value()
    assert found["balances"] == {"binance": {"BTC": "1", "USDT": "9900"}}
    assert found["total_value_zar"] == str(900_000 + 9900 * 18)
    assert [(r["asset"], r["zar"], r["source"]) for r in found["rates"]] == [
        ("BTC", "900000", "luno BTC/ZAR"),
        ("USDT", "18", "binance BTC/USDT, luno BTC/ZAR"),
    ]


async def test_without_luno_the_setting_counts_and_is_named(owner: Owner) -> None:
    found = (await owner.ask("/wallet")).value()
    assert (found["total_value_zar"], found["rates"][0]["source"]) == ("175000", "setting USDT/ZAR")
    assert (await owner.ask("/wallet", mode="live")).value()["balances"] == {}


async def test_wallets_hold_the_accounts_of_each_provider(owner: Owner) -> None:
    facts = {"name": "Rand", "exchange": "luno", "mode": "paper", "currency": "ZAR", "initial_balance": Decimal(5000)}
    await owner.hear(AccountOpened(user_id=owner.user.user_id, account_id=uuid4(), **facts))
    await owner.open("1")
    found = (await owner.ask("/wallet")).value()
    assert found["balances"] == {"binance": {"USDT": "10001"}, "luno": {"ZAR": "5000"}}
    assert [r["source"] for r in found["rates"] if r["asset"] == "ZAR"] == ["itself"]


async def test_nobody_sees_anothers_wallet(owner: Owner) -> None:
    stranger = Owner(owner.stand)
    assert (await stranger.ask("/wallet")).value()["balances"] == {}
    found = (await stranger.ask("/balance")).value()
    assert (found["margin_balance"], found["assets"], found["updated_at"]) == ("0", [], None)


async def test_while_risk_does_not_answer_no_balance_is_made_up(start_service: StartService) -> None:
    alone = Owner(await start_service("portfolio"))
    await alone.open()
    answer = await alone.ask("/balance")
    assert (answer.status, answer.json()["error"]["code"]) == (503, "UNAVAILABLE")
    assert (await alone.ask("/wallet")).status == 200
