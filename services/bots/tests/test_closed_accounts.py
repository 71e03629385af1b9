"""An account is closed: its bots stop, nobody else's do, and they can go on with another account."""

from typing import Any
from uuid import uuid4

from millrace.common.events.bots import BotChanged
from millrace.common.events.trading import AccountClosed


async def close(owner: Any) -> None:
    """The owner's account is deleted."""
    await owner.stand.hear(AccountClosed(user_id=owner.user.user_id, account_id=owner.account_id))


async def test_the_bots_on_it_stop_and_the_reason_is_told(owner: Any, new_owner: Any) -> None:
    other = await new_owner()
    running, idle, theirs = await owner.bot(), await owner.bot(start=False), await other.bot()
    await close(owner)
    assert [(await owner.row(b))["status"] for b in (running, idle)] == ["stopped", "created"]
    assert (await other.row(theirs))["status"] == "active"
    assert (await owner.row(running))["reason"] == "the account is closed"
    told = [event.reason for event in owner.stand.said(BotChanged) if event.bot_id == running]
    assert told[-1] == "the account is closed"


async def test_a_bot_on_a_closed_account_cannot_be_started(owner: Any) -> None:
    bot_id = await owner.bot()
    await close(owner)
    answer = await owner.ask("POST", f"/bots/{bot_id}/start")
    assert (answer.status, answer.json()["error"]["code"]) == (409, "INVALID_STATE")
    assert answer.json()["error"]["message"] == "the bot's account was closed; link another one first"
    assert (await owner.ask("DELETE", f"/bots/{bot_id}")).status == 200


async def test_a_closed_account_is_not_offered_any_more(owner: Any) -> None:
    await close(owner)
    assert (await owner.ask("GET", "/accounts")).value() == {"items": []}
    answer = await owner.ask("POST", "/bots", {"name": "new"})
    assert (answer.status, answer.json()["error"]["code"]) == (409, "INVALID_STATE")


async def test_news_of_an_account_that_nobody_knows_changes_nothing(owner: Any) -> None:
    bot_id = await owner.bot()
    await owner.stand.hear(AccountClosed(user_id=owner.user.user_id, account_id=uuid4()))
    assert (await owner.row(bot_id))["status"] == "active"
