"""What an administrator does with anybody's bot: hold it, so that its owner cannot run it, and release it again."""

from datetime import datetime
from typing import Any
from uuid import UUID

from millrace.bots.app import queries
from millrace.bots.app.commands import tell
from millrace.bots.app.queries import Ref
from millrace.common.db.work import Work
from millrace.common.events.bots import BotHeld

Row = dict[str, Any]

_HOLD = """
update bots set status = $2, held_by = $3, held_reason = $4, held_at = $5, held_active = held_active or $6,
  updated_at = $5 where id = $1
"""
_RELEASE = """
update bots set status = $2, held_by = null, held_reason = null, held_at = null, held_active = false, updated_at = $3
where id = $1
"""


async def hold(work: Work, admin_id: UUID, ref: Ref, reason: str, now: datetime) -> Row:
    """Pause a bot and keep it from being started. Held again, it has the newer reason. Raises NOT_FOUND.

    Its owner may still stop and delete it, and orders under way go on.
    """
    row = await queries.get_bot(work.connection, None, ref, lock=True)
    active = row["status"] == "active"
    row.update(held_by=admin_id, held_reason=reason, held_at=now, updated_at=now)
    row.update(status="paused" if active else row["status"])
    await work.connection.execute(_HOLD, row["id"], row["status"], admin_id, reason, now, active)
    tell(work, row, now, reason=f"held by an administrator: {reason}")
    told = BotHeld(bot_id=row["id"], user_id=row["user_id"], name=row["name"], reason=reason, held_at=now)
    work.emit(told, at=now)
    return row


async def release(work: Work, ref: Ref, now: datetime) -> Row:
    """Give a bot back; one that the hold had paused goes on. A bot that is not held stays as it is."""
    row = await queries.get_bot(work.connection, None, ref, lock=True)
    if row["held_reason"] is None:
        return row
    goes_on = row["held_active"] and row["status"] == "paused"
    cleared = {"held_by": None, "held_reason": None, "held_at": None, "held_active": False}
    row.update(status="active" if goes_on else row["status"], updated_at=now, **cleared)
    await work.connection.execute(_RELEASE, row["id"], row["status"], now)
    tell(work, row, now, reason="released by an administrator")
    return row
