"""What ends a user's sessions ends every other way in that was opened before."""

import asyncio
from typing import Any

import pytest

from services.auth.tests.test_password_reset import NEW, mailed

StartAuth = Any
PASSWORD = "Correct-Horse-7"


@pytest.mark.parametrize("how", ["password", "reset", "others", "terminate", "role", "disabled"])
async def test_a_ticket_does_not_outlive_the_sessions_it_was_made_in(start_auth: StartAuth, how: str) -> None:
    auth = await start_auth()
    user, _ = await auth.person()
    admin = await auth.made("admin", "root1")
    thief = await auth.reader().principal((await auth.login())[1]["access_token"])
    ticket = (await auth.post("/tickets", thief))[1]["ticket"]
    if how == "password":
        done = await auth.post("/users/me/password", user, password=PASSWORD, new_password=NEW)
    elif how == "reset":
        await auth.post("/password-resets", email="alice@example.com")
        done = await auth.post("/password-resets/complete", token=await mailed(auth), new_password=NEW)
    elif how == "others":
        done = await auth.post("/sessions/terminate-others", user)
    elif how == "terminate":
        done = await auth.post(f"/sessions/{thief.session_id}/terminate", user)
    else:
        changes = {"role": "viewer"} if how == "role" else {"is_active": False}
        assert await auth.patch(admin, user.user_id, **changes) == 200
        if how == "disabled":
            assert await auth.patch(admin, user.user_id, is_active=True) == 200
        done = (200, {})
    assert done[0] == 200, done
    assert (await auth.post("/tickets/redeem", ticket=ticket))[0] == 401


async def test_signing_out_leaves_a_link_for_another_device_alone(start_auth: StartAuth) -> None:
    auth = await start_auth()
    user, found = await auth.person()
    ticket = (await auth.post("/tickets", user))[1]["ticket"]
    assert (await auth.post("/logout", refresh_token=found["refresh_token"]))[0] == 200
    assert (await auth.post("/tickets/redeem", ticket=ticket))[0] == 200


async def test_a_changed_password_spoils_the_reset_that_was_asked_for_before(start_auth: StartAuth) -> None:
    auth = await start_auth()
    user, _ = await auth.person()
    await auth.post("/password-resets", email="alice@example.com")
    token = await mailed(auth)
    assert (await auth.post("/users/me/password", user, password=PASSWORD, new_password=NEW))[0] == 200
    assert (await auth.post("/password-resets/complete", token=token, new_password="Another-Horse-8"))[0] == 422
    assert (await auth.login(password=NEW))[0] == 200


async def test_administrators_who_demote_each_other_at_once_leave_one(start_auth: StartAuth) -> None:
    auth = await start_auth()
    for number in range(5):
        one, other = [await auth.made("admin", f"root{number}{who}") for who in "ab"]
        statuses = await asyncio.gather(
            auth.patch(one, other.user_id, role="viewer"), auth.patch(other, one.user_id, is_active=False)
        )
        assert sorted(statuses) == [200, 403]
