"""What callers prove themselves with at the edge: API keys, and the second factor at sign-in."""

from typing import Any
from uuid import UUID

import pyotp
import pytest

from millrace.common.auth.principal import Principal
from millrace.common.kernel.clock import ManualClock


async def known(start_door: Any, **options: Any) -> tuple[Any, Principal]:
    """The door without a token, and a user who is known behind it."""
    door = await start_door("auth", **options)
    found = await door.register()
    door.token = ""
    return door, Principal(UUID(found["user"]["id"]), door.name, "trader")


async def behind(door: Any, user: Principal, method: str, path: str, **json: Any) -> Any:
    """What the auth service itself answers."""
    return (await door.stand.ask("auth", method, path, user, json=json)).value()


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
async def test_a_key_is_taken_under_either_header_until_it_is_revoked(start_door: Any, header: str) -> None:
    clock = ManualClock()
    door, user = await known(start_door, clock=clock)
    key = await behind(door, user, "POST", "/api-keys", name="k", addresses=["127.0.0.1"])
    headers = {header: key["key"] if header == "X-API-Key" else f"Bearer {key['key']}"}
    status, found, _ = await door.ask("GET", "/api/v1/users/me", headers=headers)
    assert (status, found["username"]) == (200, door.name)
    changes = {"full_name": "x"}
    assert (await door.ask("PATCH", "/api/v1/users/me", changes, headers=headers))[0] == 403
    await behind(door, user, "DELETE", f"/api-keys/{key['id']}")
    clock.advance(4)
    assert (await door.ask("GET", "/api/v1/users/me", headers=headers))[0] == 401


async def test_a_key_from_a_wrong_address_or_nothing_like_a_key_is_refused(start_door: Any) -> None:
    door, user = await known(start_door)
    key = await behind(door, user, "POST", "/api-keys", name="k", addresses=["203.0.113.7"])
    headers = {"X-API-Key": key["key"]}
    assert (await door.ask("GET", "/api/v1/users/me", headers=headers))[0] == 403
    assert (await door.ask("GET", "/api/v1/users/me", headers={"X-API-Key": "nonsense"}))[0] == 401


@pytest.mark.parametrize("name", ["totp_code", "mfa_token"])
async def test_a_second_factor_is_asked_for_and_taken_at_the_edge(start_door: Any, name: str) -> None:
    clock = ManualClock()
    door, user = await known(start_door, clock=clock)
    secret = (await behind(door, user, "POST", "/2fa/enroll"))["secret"]
    await behind(door, user, "POST", "/2fa/verify", totp_code=pyotp.TOTP(secret).at(clock.now()))
    clock.advance(30)
    login = {"username": door.name, "password": "SecurePass123!"}
    assert (await door.ask("POST", "/api/v1/auth/login", login))[0] == 401
    code = pyotp.TOTP(secret).at(clock.now())
    assert (await door.ask("POST", "/api/v1/auth/login", {**login, name: code}))[0] == 200
    assert (await door.ask("POST", "/api/v1/auth/login", {**login, name: code}))[0] == 401
