"""The sessions a user sees, and how they end."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from millrace.common.events.users import SessionEnded
from millrace.common.kernel.clock import ManualClock
from millrace.common.kernel.errors import MillraceError

StartAuth = Any
DEVICE = {"ip_address": "192.0.2.7", "user_agent": "their own words", "device_type": "desktop"}


async def listed(auth: Any, user: Any) -> list[dict[str, Any]]:
    """The user's sessions."""
    status, found = await auth.ask("GET", "/sessions", user)
    assert status == 200
    return list(found["sessions"])


async def test_sessions_are_listed_with_where_they_really_are(start_auth: StartAuth) -> None:
    auth = await start_auth()
    user, _ = await auth.person(ip="198.51.100.4", user_agent="curl/8")
    await auth.login(ip="198.51.100.5", user_agent="python", device_info=DEVICE)
    await auth.login(device_info={**DEVICE, "more": "is ignored"}, hint="application")
    await auth.registered("bob")
    claimed, real, first = await listed(auth, user)
    assert first["device_info"] == {"ip_address": "198.51.100.4", "user_agent": "curl/8", "device_type": ""}
    assert real["device_info"] == {**DEVICE, "ip_address": "198.51.100.5"}
    assert claimed["device_info"] == DEVICE
    assert [one["current"] for one in (claimed, real, first)] == [False, False, True]
    assert [one["contract"] for one in (claimed, real, first)] == ["application", None, "botplatform"]
    assert first["session_id"] == str(user.session_id)


async def test_a_terminated_session_is_out_within_five_seconds(start_auth: StartAuth) -> None:
    clock = ManualClock()
    auth = await start_auth(clock=clock)
    user, _ = await auth.person()
    other = (await auth.login())[1]
    reader = auth.reader()
    assert await reader.principal(other["access_token"])
    assert await auth.ask("POST", f"/sessions/{other['session_id']}/terminate", user) == (200, {})
    clock.advance(4.9)
    with pytest.raises(MillraceError):
        await reader.principal(other["access_token"])
    assert (await auth.post("/refresh", refresh_token=other["refresh_token"]))[0] == 401
    await auth.stand.rest()
    ended = [(str(e.session_id), e.reason) for e in auth.stand.said(SessionEnded)]
    assert ended == [(other["session_id"], "terminated")]
    assert [s["session_id"] for s in await listed(auth, user)] == [str(user.session_id)]
    assert (await auth.ask("POST", f"/sessions/{other['session_id']}/terminate", user))[0] == 404


async def test_nobody_terminates_anothers_session(start_auth: StartAuth) -> None:
    auth = await start_auth()
    alice, found = await auth.person()
    bob, _ = await auth.person("bob")
    for session in (found["session_id"], uuid4()):
        assert (await auth.ask("POST", f"/sessions/{session}/terminate", bob))[0] == 404
    assert await auth.reader().principal(found["access_token"])
    assert len(await listed(auth, alice)) == 1


async def test_all_others_end_at_once(start_auth: StartAuth) -> None:
    auth = await start_auth()
    user, found = await auth.person()
    others = [(await auth.login())[1] for _ in range(3)]
    spared = await auth.registered("bob")
    assert await auth.ask("POST", "/sessions/terminate-others", user) == (200, {"ended": 3})
    for other in others:
        with pytest.raises(MillraceError):
            await auth.reader().principal(other["access_token"])
    assert await auth.reader().principal(found["access_token"])
    assert await auth.reader().principal(spared["access_token"])


async def test_a_changed_password_ends_every_other_session(start_auth: StartAuth) -> None:
    auth = await start_auth()
    user, found = await auth.person()
    other = (await auth.login())[1]
    asked = {"password": "wrong", "new_password": "Battery-Staple-9"}
    assert (await auth.post("/users/me/password", user, **asked))[0] == 403
    asked = {"password": "Correct-Horse-7", "new_password": "alice@example.com"}
    assert (await auth.post("/users/me/password", user, **asked))[0] == 422
    asked = {"password": "Correct-Horse-7", "new_password": "Battery-Staple-9"}
    assert await auth.post("/users/me/password", user, **asked) == (200, {})
    with pytest.raises(MillraceError):
        await auth.reader().principal(other["access_token"])
    assert await auth.reader().principal(found["access_token"])
    assert ((await auth.login())[0], (await auth.login(password="Battery-Staple-9"))[0]) == (401, 200)
    assert [event.user_id for event in await auth.told("password.change")] == [user.user_id]


async def test_a_login_beside_a_password_change_does_not_get_in_with_the_old_one(start_auth: StartAuth) -> None:
    auth = await start_auth()
    user_id = UUID((await auth.registered())["user"]["id"])
    waiting = "select 1 from pg_locks where not granted"
    async with auth.stand.host.running["auth"].database.transaction() as connection:
        await connection.execute("update users set password_hash = 'another' where id = $1", user_id)
        signing_in = asyncio.create_task(auth.login())

        async def held_up() -> bool:
            return signing_in.done() or bool(await auth.stand.rows("auth", waiting))

        await auth.stand.host.until(held_up)
    assert (await signing_in)[0] == 401
