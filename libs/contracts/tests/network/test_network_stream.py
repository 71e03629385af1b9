"""What contract network's streams tell, key by key as the document shows it."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from millrace.common.events.bots import BotChanged, BotHeld
from millrace.common.events.risk import RiskAlertRaised
from millrace.common.events.trading import FillBooked, Side
from millrace.contracts.canonical.performance import Overview
from millrace.contracts.canonical.trading import Trade
from millrace.contracts.network import stream

AT = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
ID = UUID(int=7)


def fill(**changes: Any) -> FillBooked:
    """A sale of half a bitcoin for rand."""
    facts: dict[str, Any] = dict.fromkeys(("user_id", "account_id", "fill_id", "order_id", "bot_id"), ID)
    facts |= {"trade_id": "1", "origin": "network", "exchange": "luno", "symbol": "BTC/ZAR", "side": Side.SELL}
    facts |= dict.fromkeys(("price", "quantity", "notional", "fee"), Decimal("0.5"))
    return FillBooked(**{**facts, "fee_currency": "ZAR", "liquidity": "taker", "filled_at": AT, **changes})


def test_a_heartbeat_counts() -> None:
    assert stream.heartbeat(1, AT) == {"timestamp": "2026-01-02T03:04:05Z", "counter": 1}


def test_an_overview_has_the_totals_as_numbers() -> None:
    found = Overview(total_profit=Decimal("500.00"), total_capital=Decimal(10500), active_bots=5, total_bots=10)
    assert stream.overview_update(found, AT) == {
        "type": "overview",
        "active_bots": 5,
        "total_bots": 10,
        "total_profit": 500.0,
        "total_capital": 10500.0,
        "timestamp": "2026-01-02T03:04:05Z",
    }


def test_a_bot_count_is_the_event_streams_bot_update() -> None:
    told = {"type": "bot_count_changed", "total_bots": 11, "timestamp": "2026-01-02T03:04:05Z"}
    assert stream.bot_count(11, AT) == told


def test_recent_trades_are_shown_as_the_list_of_trades_shows_them() -> None:
    given = {"exchange": "luno", "symbol": "BTC/ZAR", "quantity": Decimal("0.5"), "price": Decimal(1000000)}
    done = Trade(id=ID, side=Side.BUY, profit=Decimal("-5.0"), at=AT, **given)
    told = stream.recent_trades([done], AT)
    assert (told["type"], told["count"], told["timestamp"]) == ("recent_trades", 1, "2026-01-02T03:04:05Z")
    assert told["trades"] == [
        {
            "id": str(ID),
            "bot_id": "",
            "exchange": "luno",
            "symbol": "BTC/ZAR",
            "side": "buy",
            "amount": 0.5,
            "price": 1000000.0,
            "profit_loss": -5.0,
            "timestamp": "2026-01-02T03:04:05Z",
        }
    ]
    assert stream.recent_trades([], AT)["count"] == 0


def test_a_pong_has_a_time() -> None:
    assert stream.pong(AT) == {"type": "pong", "timestamp": "2026-01-02T03:04:05Z"}


@pytest.mark.parametrize("status", ["created", "active", "paused", "stopped", "deleted"])
def test_a_bot_is_told_with_its_state_and_the_rest_as_data(status: str) -> None:
    ids = dict.fromkeys(("bot_id", "user_id", "account_id"), ID)
    facts = {"name": "Alpha", "strategy": "hold", "exchange": "luno", "symbol": "BTC/ZAR", "timeframe": "1h"}
    told = stream.bot_update(BotChanged(**ids, **facts, status=status, changed_at=AT))
    assert {name: told[name] for name in ("type", "bot_id", "status")} == {
        "type": "bot_update",
        "bot_id": str(ID),
        "status": status,
    }
    assert set(told) == {"type", "bot_id", "status", "data"}
    assert told["data"] == {**facts, "reason": None, "timestamp": "2026-01-02T03:04:05Z"}


def test_a_trade_says_what_it_earned() -> None:
    trade = {"id": str(ID), "bot_id": str(ID), "symbol": "BTC/ZAR", "side": "sell", "profit": 5.0}
    assert stream.trade_executed(fill(), Decimal("5.00")) == {"type": "trade_executed", "trade": trade}
    assert stream.trade_executed(fill(bot_id=None), Decimal(0))["trade"]["bot_id"] == ""


@pytest.mark.parametrize(
    ("severity", "action", "level"),
    [
        ("info", "none", "info"),
        ("warning", "none", "warning"),
        ("critical", "none", "warning"),  # listed as high, which is a warning here
        ("critical", "trading_stopped", "critical"),
    ],
)
def test_an_alert_has_a_level_and_words(severity: str, action: str, level: str) -> None:
    said = {"alert_type": "drawdown", "severity": severity, "message": "Bot Alpha paused due to high volatility"}
    raised = RiskAlertRaised(alert_id=ID, user_id=ID, triggered_at=AT, action_taken=action, **said)
    assert stream.alert(raised) == {"type": "alert", "level": level, "message": said["message"]}


def test_a_held_bot_is_an_alert_for_its_owner() -> None:
    held = BotHeld(bot_id=ID, user_id=ID, name="Alpha", reason="too many orders", held_at=AT)
    message = "Bot Alpha paused by an administrator: too many orders"
    assert stream.held_alert(held) == {"type": "alert", "level": "warning", "message": message}
