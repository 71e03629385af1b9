"""What contract application's socket tells."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from millrace.common.events.bots import BotChanged
from millrace.contracts.application import stream

AT = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
ID = UUID(int=7)
WORDS = {"created": "STOPPED", "active": "ACTIVE", "paused": "PAUSED", "stopped": "STOPPED", "deleted": "DELETED"}


@pytest.mark.parametrize("status", WORDS)
def test_a_bot_is_told_in_the_contracts_words(status: str) -> None:
    ids = dict.fromkeys(("bot_id", "user_id", "account_id"), ID)
    facts = {"name": "Alpha", "strategy": "hold", "exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1h"}
    told = stream.bot_update(BotChanged(**ids, **facts, status=status, reason="tired", changed_at=AT))
    assert told == {
        "type": "bot_update",
        "bot_id": str(ID),
        "data": {**facts, "status": WORDS[status], "reason": "tired"},
        "timestamp": "2026-01-02T03:04:05Z",
    }


def test_a_ping_is_nothing_but_a_ping() -> None:
    assert stream.PING == {"type": "ping"}
