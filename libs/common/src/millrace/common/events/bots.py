"""What happened to bots."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from millrace.common.events.message import Event


class BotChanged(Event):
    """A bot as it is now. `status`: created, active, paused, stopped or deleted."""

    type: ClassVar[str] = "bots.bot_changed.v1"
    topic: ClassVar[str] = "bots.v1"
    bot_id: UUID
    user_id: UUID
    account_id: UUID
    name: str
    strategy: str
    exchange: str
    symbol: str
    timeframe: str
    status: str
    reason: str | None = None
    changed_at: datetime

    @property
    def key(self) -> str:
        return str(self.bot_id)


class BotHeld(Event):
    """An administrator has paused a bot, or given a new reason for it; its owner cannot run it until it is released."""

    type: ClassVar[str] = "bots.bot_held.v1"
    topic: ClassVar[str] = "bots.v1"
    bot_id: UUID
    user_id: UUID
    name: str
    reason: str
    held_at: datetime

    @property
    def key(self) -> str:
        return str(self.bot_id)
