"""What a model may call, and what it means."""

from decimal import Decimal

import pytest

from millrace.assistant.app.tools import WrongCall, called, offered
from millrace.assistant.domain.intents import (
    Ask,
    CancelOrders,
    ChangeLimit,
    Intent,
    MoveBots,
    ThrowSwitch,
    Trade,
)


@pytest.mark.parametrize(
    ("tool", "arguments", "intent"),
    [
        ("look", '{"topic": "risk"}', Ask("risk")),
        ("look", '{"topic": "profit", "bots": "Alpha", "period": "7d"}', Ask("profit", "Alpha", "7d")),
        ("look", '{"topic": "price", "symbol": "BTC/USDT"}', Ask("price", symbol="BTC/USDT")),
        ("propose_bots", '{"verb": "stop", "bots": "#3"}', MoveBots("stop", "#3")),
        ("propose_bots", '{"verb": "start", "every": true}', MoveBots("start", "", every=True)),
        ("propose_cancel", '{"numbers": [3, 4]}', CancelOrders((3, 4))),
        ("propose_cancel", '{"every": true, "symbol": "ETH/USDT"}', CancelOrders((), every=True, symbol="ETH/USDT")),
        ("propose_limit", '{"limit": "max_drawdown", "value": 0.1}', ChangeLimit("max_drawdown", Decimal("0.1"))),
        ("propose_limit", '{"limit": "max_daily_loss", "value": "500"}', ChangeLimit("max_daily_loss", Decimal(500))),
        ("propose_kill_switch", '{"on": true}', ThrowSwitch(on=True)),
        (
            "propose_order",
            '{"side": "buy", "symbol": "BTC/USDT", "quantity": "0.01", "price": "50000"}',
            Trade("buy", "BTC/USDT", Decimal("0.01"), price=Decimal(50_000)),
        ),
        (
            "propose_order",
            '{"side": "sell", "symbol": "BTC/ZAR", "funds": 1000, "exchange": "luno"}',
            Trade("sell", "BTC/ZAR", funds=Decimal(1000), exchange="luno"),
        ),
    ],
)
def test_a_call_means_what_the_rules_would_have_read(tool: str, arguments: str, intent: Intent) -> None:
    assert called(tool, arguments) == intent


@pytest.mark.parametrize(
    ("tool", "arguments", "why"),
    [
        ("confirm", "{}", "there is no such tool"),
        ("Look", "{}", "there is no such tool"),
        ("look", "", "topic: Field required"),
        ("look", "{", "the arguments are not JSON"),
        ("look", "[]", "valid dictionary"),
        ("look", '{"topic": "users"}', "topic: Input should be"),
        ("look", '{"topic": "risk", "user_id": "8"}', "user_id: Extra inputs are not permitted"),
        ("propose_bots", '{"verb": "delete"}', "verb: Input should be"),
        ("propose_bots", '{"verb": "stop", "confirmation_token": "x"}', "confirmation_token: Extra inputs"),
        ("propose_cancel", '{"numbers": [0]}', "numbers.0: Input should be greater"),
        ("propose_limit", '{"limit": "max_leverage", "value": 1}', "limit: Input should be"),
        ("propose_limit", '{"limit": "max_drawdown", "value": "-0.1"}', "value: Input should be greater"),
        ("propose_order", '{"side": "buy", "symbol": "BTC/USDT", "quantity": "1e400"}', "quantity: "),
        ("propose_order", '{"side": "short", "symbol": "BTC/USDT"}', "side: Input should be"),
    ],
)
def test_a_wrong_call_says_what_is_wrong_and_means_nothing(tool: str, arguments: str, why: str) -> None:
    with pytest.raises(WrongCall, match=why):
        called(tool, arguments)


def test_nothing_that_is_offered_acts() -> None:
    names = [tool["function"]["name"] for tool in offered()]
    assert names[0] == "look"
    assert all(name.startswith("propose_") for name in names[1:])
    for tool in offered():
        function = tool["function"]
        assert tool["type"] == "function"
        assert function["parameters"]["additionalProperties"] is False
        assert "token" not in str(function["parameters"])
        if function["name"] != "look":
            assert "must confirm it" in function["description"]
