"""An administrator sees every user's bots and can hold one; its owner cannot run it until it is released."""

from typing import Any
from uuid import uuid4

import pytest

from millrace.common.auth.principal import Principal
from millrace.common.events.bots import BotChanged, BotHeld
from millrace.common.testing.service import Stand

ADMIN = Principal(uuid4(), "admin", "admin")


async def by_admin(stand: Stand, method: str, path: str, json: Any = None, **query: Any) -> Any:
    """The answer to an administrator."""
    return (await stand.ask("bots", method, path, ADMIN, json=json, query=query)).value()


async def test_a_held_bot_is_paused_and_its_owner_cannot_run_it(owner: Any, stand: Stand) -> None:
    bot_id = await owner.bot()
    held = await by_admin(stand, "POST", f"/bots/{bot_id}/hold", {"reason": "too many orders"})
    assert (held["status"], held["held_reason"], held["held_by"]) == ("paused", "too many orders", str(ADMIN.user_id))
    for verb in ("resume", "start"):
        answer = await owner.ask("POST", f"/bots/{bot_id}/{verb}")
        error = answer.json()["error"]
        assert (answer.status, error["code"]) == (409, "INVALID_STATE")
        assert error["message"] == "an administrator holds this bot: too many orders"
    assert (await owner.ask("GET", f"/bots/{bot_id}")).value()["held_reason"] == "too many orders"
    await stand.rest()
    assert stand.said(BotChanged)[-1].reason == "held by an administrator: too many orders"


async def test_its_owner_hears_of_each_hold_and_of_no_release(owner: Any, stand: Stand) -> None:
    bot_id = await owner.bot()
    for verb, reason in (("hold", "first"), ("hold", "second"), ("release", None)):
        await by_admin(stand, "POST", f"/bots/{bot_id}/{verb}", {"reason": reason} if reason else None)
    await stand.rest()
    held = stand.said(BotHeld)
    assert [(h.bot_id, h.user_id, h.reason) for h in held] == [
        (bot_id, owner.user.user_id, "first"),
        (bot_id, owner.user.user_id, "second"),
    ]


async def test_a_released_bot_goes_on_where_the_hold_had_paused_it(owner: Any, stand: Stand) -> None:
    bot_id = await owner.bot()
    for reason in ("first", "second"):
        await by_admin(stand, "POST", f"/bots/{bot_id}/hold", {"reason": reason})
    released = await by_admin(stand, "POST", f"/bots/{bot_id}/release")
    assert (released["status"], released["held_reason"]) == ("active", None)
    assert await by_admin(stand, "POST", f"/bots/{bot_id}/release") == released


async def test_a_release_does_not_start_what_its_owner_had_stopped(owner: Any, stand: Stand) -> None:
    bot_id = await owner.bot()
    await by_admin(stand, "POST", f"/bots/{bot_id}/hold")
    assert (await owner.ask("POST", f"/bots/{bot_id}/stop")).value()["status"] == "stopped"
    assert (await by_admin(stand, "POST", f"/bots/{bot_id}/release"))["status"] == "stopped"
    assert (await owner.ask("POST", f"/bots/{bot_id}/start")).value()["status"] == "active"


async def test_a_bot_that_does_not_run_can_be_held_too(owner: Any, stand: Stand) -> None:
    bot_id = await owner.bot(start=False)
    assert (await by_admin(stand, "POST", f"/bots/{bot_id}/hold"))["status"] == "created"
    assert (await owner.ask("POST", f"/bots/{bot_id}/start")).status == 409
    assert (await owner.ask("DELETE", f"/bots/{bot_id}")).value()["status"] == "deleted"


async def test_a_held_bot_sees_no_candle(owner: Any, stand: Stand, play: Any, bars: Any) -> None:
    bot_id = await owner.bot("hold")
    await play([bars(0)])
    await by_admin(stand, "POST", f"/bots/{bot_id}/hold")
    await play([bars(1)])
    assert await owner.skips(bot_id) == {"hold never trades": 1}


async def test_an_administrator_lists_the_bots_of_all_and_of_one(owner: Any, new_owner: Any, stand: Stand) -> None:
    other = await new_owner()
    mine, theirs = await owner.bot(start=False), await other.bot(start=False)
    everybody = await by_admin(stand, "GET", "/bots", user="all")
    assert ([b["id"] for b in everybody["items"]], everybody["total"]) == ([str(mine), str(theirs)], 2)
    one = await by_admin(stand, "GET", "/bots", user=str(other.user.user_id))
    assert [(b["id"], b["user_id"]) for b in one["items"]] == [(str(theirs), str(other.user.user_id))]
    assert (await by_admin(stand, "GET", "/bots"))["total"] == 0


@pytest.mark.parametrize("role", ["trader", "viewer"])
async def test_nobody_else_may_hold_release_or_see_others(new_owner: Any, stand: Stand, role: str) -> None:
    owner, other = await new_owner(), await new_owner()
    theirs = await other.bot()
    owner.user = Principal(owner.user.user_id, "owner", role)
    for verb in ("hold", "release"):
        for bot_id in (theirs, uuid4()):
            answer = await owner.ask("POST", f"/bots/{bot_id}/{verb}")
            assert (answer.status, answer.json()["error"]["code"]) == (403, "PERMISSION_DENIED")
    for user in ("all", str(other.user.user_id)):
        assert (await owner.ask("GET", "/bots", query={"user": user})).status == 403
    assert (await owner.ask("GET", "/bots", query={"user": str(owner.user.user_id)})).value()["total"] == 0
    assert (await other.row(theirs))["held_reason"] is None


async def test_holding_what_is_not_there_is_not_found(stand: Stand) -> None:
    for verb in ("hold", "release"):
        answer = await stand.ask("bots", "POST", f"/bots/{uuid4()}/{verb}", ADMIN)
        assert (answer.status, answer.json()["error"]["message"]) == (404, "bot not found")
