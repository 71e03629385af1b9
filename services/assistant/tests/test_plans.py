"""What each action says it will do, and what the record calls it."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from millrace.assistant.app.plans import (
    Action,
    CancelOrder,
    MoveBot,
    PlaceOrder,
    SetLimit,
    ThrowKill,
    limit_value,
    read,
    written,
)

ONE = UUID(int=1)
BOT: dict[str, Any] = {
    "bot_id": ONE,
    "num": 3,
    "name": "Alpha",
    "exchange": "binance",
    "symbol": "BTC/USDT",
    "status": "active",
    "position": Decimal("0.0100"),
}
ORDER: dict[str, Any] = {
    "account_id": ONE,
    "account": "Paper",
    "exchange": "luno",
    "symbol": "BTC/ZAR",
    "side": "buy",
    "order_type": "limit",
    "quantity": Decimal("0.5"),
    "price": Decimal("400000"),
    "reference": Decimal("410000"),
    "value": Decimal("200000"),
}
CANCEL: dict[str, Any] = {
    "order_id": ONE,
    "num": 12,
    "side": "sell",
    "symbol": "ETH/USDT",
    "exchange": "binance",
    "quantity": Decimal(2),
    "filled": Decimal("0.5"),
    "price": None,
}


@pytest.mark.parametrize(
    ("action", "words", "subject"),
    [
        (
            MoveBot(verb="stop", **BOT),
            "stop bot 'Alpha' (#3, BTC/USDT on binance, now active): it opens and closes nothing until it is started "
            "again; orders under way go on; the 0.01 BTC it holds stay",
            ("bot.stop", str(ONE)),
        ),
        (
            MoveBot(verb="resume", **{**BOT, "position": Decimal(0)}),
            "resume bot 'Alpha' (#3, BTC/USDT on binance, now active): it goes on where it was and trades by itself "
            "again",
            ("bot.resume", str(ONE)),
        ),
        (
            CancelOrder(**CANCEL),
            "cancel order #12 (sell 2 ETH/USDT at market on binance): the 1.5 of it not filled yet will not be traded",
            ("order.cancel", str(ONE)),
        ),
        (
            SetLimit(limit="max_open_orders", value=Decimal(5), before=Decimal(50)),
            "set the most open orders to 5 (now 50): orders beyond it are refused; the platform's own limits still "
            "hold where they are stricter",
            ("limit.set", "max_open_orders"),
        ),
        (
            ThrowKill(on=True),
            "throw your kill switch: every new order of yours is refused, exits too, until you release it",
            ("kill_switch.throw", "user"),
        ),
        (
            ThrowKill(on=False),
            "release your kill switch: your orders and running bots may trade again",
            ("kill_switch.release", "user"),
        ),
        (
            PlaceOrder(**ORDER),
            "buy 0.5 BTC at 400000 ZAR or better on the paper account 'Paper' at luno: about 200,000.00 ZAR before "
            "fees; the last price is 410000 ZAR",
            ("order.place", str(ONE)),
        ),
    ],
    ids=["stop", "resume", "cancel", "limit", "throw", "release", "order"],
)
def test_an_action_says_exactly_what_it_does(action: Action, words: str, subject: tuple[str, str]) -> None:
    assert action.words() == words
    assert action.subject() == subject
    assert read(written((action,))) == (action,)


@pytest.mark.parametrize(
    ("limit", "value", "shown"),
    [
        ("max_drawdown", "0.125", "12.5 %"),
        ("max_daily_loss_fraction", "0.05", "5 %"),
        ("max_open_orders", "7", "7"),
        ("max_daily_loss", "1500.5", "1,500.5 (quote currency)"),
    ],
)
def test_limits_are_shown_in_their_units(limit: str, value: str, shown: str) -> None:
    assert limit_value(limit, Decimal(value)) == shown


@pytest.mark.parametrize(
    "text",
    [
        "[]x",
        '[{"kind":"transfer"}]',
        '[{"kind":"kill_switch"}]',
        '[{"kind":"kill_switch","on":true,"scope":"global"}]',
        '[{"kind":"bot","verb":"delete"}]',
    ],
)
def test_what_is_no_plan_is_never_read_as_one(text: str) -> None:
    with pytest.raises(ValidationError):
        read(text)


def test_a_plan_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        MoveBot(verb="stop", **BOT).verb = "start"
