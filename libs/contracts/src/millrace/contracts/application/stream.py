"""What contract application's clients are told at `/ws/{user_id}`."""

from typing import Any

from millrace.common.events.bots import BotChanged
from millrace.contracts.names import Contract
from millrace.contracts.spelling import moment
from millrace.contracts.table import Stream, Transport
from millrace.contracts.vocab import BOT_STATUS

PING = {"type": "ping"}
"""The server asks whether anybody is there; nobody needs to answer."""

STREAMS = (Stream(Transport.WEBSOCKET, "/ws/{user_id}", Contract.APPLICATION, also=("/api/v1/ws/{user_id}",)),)


def bot_update(bot: BotChanged) -> dict[str, Any]:
    """A bot as it is now."""
    return {
        "type": "bot_update",
        "bot_id": str(bot.bot_id),
        "data": {
            "name": bot.name,
            "status": BOT_STATUS.say(bot.status, Contract.APPLICATION).upper(),
            "exchange": bot.exchange,
            "symbol": bot.symbol,
            "timeframe": bot.timeframe,
            "strategy": bot.strategy,
            "reason": bot.reason,
        },
        "timestamp": moment(bot.changed_at),
    }
