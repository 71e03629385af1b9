"""What contract network's clients are told as it happens: server-sent events, and messages at `/api/ws`."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from millrace.common.events.bots import BotChanged, BotHeld
from millrace.common.events.risk import RiskAlertRaised
from millrace.common.events.trading import FillBooked
from millrace.contracts import vocab
from millrace.contracts.canonical.performance import Overview
from millrace.contracts.canonical.trading import Trade
from millrace.contracts.network.money import trade
from millrace.contracts.network.wire import NETWORK
from millrace.contracts.spelling import moment, number, slashed
from millrace.contracts.table import Stream, Transport

STREAMS = (
    Stream(Transport.EVENTS, "/api/realtime/events", NETWORK),
    Stream(Transport.WEBSOCKET, "/api/ws", NETWORK),
)


def heartbeat(counter: int, now: datetime) -> dict[str, Any]:
    """Event `heartbeat`: the stream lives."""
    return {"timestamp": moment(now), "counter": counter}


def overview_update(found: Overview, now: datetime) -> dict[str, Any]:
    """Event `overview_update`: the user's totals, in the user's currency."""
    return {
        "type": "overview",
        "active_bots": found.active_bots,
        "total_bots": found.total_bots,
        "total_profit": number(found.total_profit),
        "total_capital": number(found.total_capital),
        "timestamp": moment(now),
    }


def bot_count(total: int, now: datetime) -> dict[str, Any]:
    """Event `bot_update`: there are more bots, or fewer."""
    return {"type": "bot_count_changed", "total_bots": total, "timestamp": moment(now)}


def recent_trades(trades: Sequence[Trade], now: datetime) -> dict[str, Any]:
    """Event `trade_update`: the newest trades, as the list of trades shows them."""
    shown = [trade(each) for each in trades]
    return {"type": "recent_trades", "trades": shown, "count": len(shown), "timestamp": moment(now)}


def pong(now: datetime) -> dict[str, Any]:
    """The answer to a ping."""
    return {"type": "pong", "timestamp": moment(now)}


def bot_update(bot: BotChanged) -> dict[str, Any]:
    """A bot as it is now."""
    return {
        "type": "bot_update",
        "bot_id": str(bot.bot_id),
        "status": vocab.BOT_STATUS.say(bot.status, NETWORK),
        "data": {
            "name": bot.name,
            "exchange": bot.exchange,
            "symbol": slashed(bot.symbol),
            "strategy": bot.strategy,
            "timeframe": bot.timeframe,
            "reason": bot.reason,
            "timestamp": moment(bot.changed_at),
        },
    }


def trade_executed(fill: FillBooked, profit: Decimal) -> dict[str, Any]:
    """A fill and what it earned after its fee, in the user's currency; without a bot `bot_id` is empty."""
    return {
        "type": "trade_executed",
        "trade": {
            "id": str(fill.fill_id),
            "bot_id": str(fill.bot_id) if fill.bot_id else "",
            "symbol": slashed(fill.symbol),
            "side": vocab.SIDE.say(fill.side, NETWORK),
            "profit": number(profit),
        },
    }


def alert(raised: RiskAlertRaised) -> dict[str, Any]:
    """Something needs attention."""
    return {"type": "alert", "level": vocab.SEVERITY.say(raised.level, NETWORK), "message": raised.message}


def held_alert(held: BotHeld) -> dict[str, Any]:
    """An administrator holds one of the user's bots."""
    message = f"Bot {held.name} paused by an administrator: {held.reason}"
    return {"type": "alert", "level": vocab.SEVERITY.say("warning", NETWORK), "message": message}
