"""The accounts that a bot is connected with.

A bot trades on one account: its first link, where that is on the bot's exchange and open to bots, else the user's
default there. What an alert orders is ordered on every link.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from millrace.bots.app import queries
from millrace.bots.app.commands import tell
from millrace.bots.app.queries import Ref
from millrace.common.db.work import Work
from millrace.common.kernel.errors import Code, MillraceError

Row = dict[str, Any]

_LINK = """
insert into bot_accounts (bot_id, account_id, user_id, linked_at) values ($1, $2, $3, $4) on conflict do nothing
"""
_UNLINK = "delete from bot_accounts where bot_id = $1 and account_id = $2"
_USABLE = """
select l.account_id from bot_accounts l join accounts a using (account_id)
where l.bot_id = $1 and a.exchange = $2 and a.closed_at is null order by l.num limit 1
"""
_MOVE = "update bots set account_id = $2, position = 0, cost = 0, flow = flow + cost, updated_at = $3 where id = $1"
_LIVE = "select exists (select from bot_orders where bot_id = $1 and own and not ended)"


async def link(work: Work, user_id: UUID, ref: Ref, account_id: UUID, now: datetime) -> Row:
    """Connect an account, of which the caller has made sure that it is the user's; once linked it stays so."""
    row = await queries.get_bot(work.connection, user_id, ref, lock=True)
    await work.connection.execute(_LINK, row["id"], account_id, user_id, now)
    return await _settled(work, row, now)


async def unlink(work: Work, user_id: UUID, ref: Ref, account_id: UUID, now: datetime) -> Row:
    """Part an account from a bot; what is not linked stays so.

    Raises INVALID_STATE while the bot holds something there that it would have to leave behind.
    """
    row = await queries.get_bot(work.connection, user_id, ref, lock=True)
    await work.connection.execute(_UNLINK, row["id"], account_id)
    return await _settled(work, row, now)


async def _settled(work: Work, row: Row, now: datetime) -> Row:
    """The bot, trading on the account that its links say; it keeps the one it has while it holds something there."""
    found = await work.connection.fetchval(_USABLE, row["id"], row["exchange"])
    wanted = found or await queries.account_for(work.connection, row["user_id"], row["exchange"])
    if wanted is None or wanted == row["account_id"]:
        return await queries.get_bot(work.connection, row["user_id"], row["id"])
    stays = await queries.account(work.connection, row["user_id"], row["account_id"]) is not None
    bound = row["position"] or row["waiting_since"] or await work.connection.fetchval(_LIVE, row["id"])
    if stays and bound:
        text = "the bot has a position or an order on the account it trades on; close it before it moves to another"
        raise MillraceError(Code.INVALID_STATE, text, details={"account_id": str(row["account_id"])})
    await work.connection.execute(_MOVE, row["id"], wanted, now)
    moved = await queries.get_bot(work.connection, row["user_id"], row["id"])
    tell(work, moved, now, reason="trades on another account")
    return moved
