"""What the API contracts mean for signing in: lifetimes, and what tokens say of the contract."""

from typing import Any

import jwt
import pytest

from millrace.auth.domain.contracts import CONTRACTS, access_seconds
from millrace.common.kernel.clock import ManualClock
from millrace.common.kernel.errors import MillraceError

StartAuth = Any
DEVICE = {"ip_address": "192.0.2.7", "user_agent": "their own words", "device_type": "desktop"}
LIFETIMES = [
    ({}, 3600, None, None),
    ({"contract": "application"}, 86_400, "application", None),
    ({"contract": "botplatform"}, 1800, "botplatform", None),
    ({"contract": "interfaces"}, 3600, "interfaces", None),
    ({"contract": "crypto"}, 3600, "crypto", None),
    ({"device_info": DEVICE, "hint": "application"}, 86_400, None, "application"),
    ({"mfa_token": "123456", "hint": "interfaces"}, 3600, None, "interfaces"),
    ({"contract": "botplatform", "hint": "application"}, 1800, "botplatform", "application"),
]


def claims(token: str) -> dict[str, Any]:
    """What a token says."""
    return dict(jwt.decode(token, options={"verify_signature": False}))


@pytest.mark.parametrize(("more", "seconds", "contract", "hint"), LIFETIMES)
async def test_a_token_lives_as_long_as_its_contract_says_and_names_it(
    start_auth: StartAuth, more: dict[str, Any], seconds: int, contract: str | None, hint: str | None
) -> None:
    auth = await start_auth()
    await auth.registered()
    status, found = await auth.login(**more)
    assert (status, found["expires_in"]) == (200, seconds)
    said = claims(found["access_token"])
    assert (said["exp"] - said["iat"], said.get("ctr"), said.get("hint")) == (seconds, contract, hint)
    assert (found["contract"], found["hint"], found["token_type"]) == (contract, hint, "bearer")
    principal = await auth.reader().principal(found["access_token"])
    assert (principal.contract, principal.hint) == (contract, hint)
    again = (await auth.post("/refresh", refresh_token=found["refresh_token"]))[1]
    assert (again["expires_in"], again["contract"], again["hint"]) == (seconds, contract, hint)


async def test_a_stored_choice_counts_where_the_login_chose_nothing(start_auth: StartAuth) -> None:
    auth = await start_auth()
    user, found = await auth.person()
    assert claims(found["access_token"]).get("ctr") is None
    status, shown = await auth.ask("PATCH", "/users/me", user, json={"contract": "application"})
    assert (status, shown["contract"], shown["origin_contract"]) == (200, "application", "botplatform")
    assert claims((await auth.login())[1]["access_token"])["ctr"] == "application"
    assert claims((await auth.login(contract="crypto"))[1]["access_token"])["ctr"] == "crypto"
    again = (await auth.post("/refresh", refresh_token=found["refresh_token"]))[1]
    assert (claims(again["access_token"])["ctr"], again["expires_in"]) == ("application", 86_400)
    assert (await auth.ask("PATCH", "/users/me", user, json={"contract": None}))[1]["contract"] is None
    assert claims((await auth.login())[1]["access_token"]).get("ctr") is None


async def test_registering_through_a_contract_is_remembered_and_chooses_nothing(start_auth: StartAuth) -> None:
    auth = await start_auth()
    for contract in CONTRACTS:
        found = await auth.registered(f"user-{contract}", contract=contract)
        assert (found["user"]["origin_contract"], found["contract"], found["hint"]) == (contract, None, contract)
        again = (await auth.post("/refresh", refresh_token=found["refresh_token"]))[1]
        assert found["expires_in"] == again["expires_in"] == access_seconds(contract, 90_000)
        assert (await auth.login(f"user-{contract}"))[1]["expires_in"] == 3600, "only its own session has heard of it"
    assert (await auth.post("/register", username="x", email="x@y.org", password="x", contract="other"))[0] == 422


@pytest.mark.parametrize("contract", CONTRACTS)
async def test_a_refreshed_token_lives_as_long_as_the_contract_says_that_asks_for_it(
    start_auth: StartAuth, contract: str
) -> None:
    auth = await start_auth()
    await auth.registered()
    _, found = await auth.login(contract="interfaces")
    status, again = await auth.post("/refresh", refresh_token=found["refresh_token"], contract=contract)
    said = claims(again["access_token"])
    assert (status, again["expires_in"]) == (200, access_seconds(contract, 90_000))
    assert (said["exp"] - said["iat"], said["ctr"]) == (again["expires_in"], "interfaces")


async def test_a_session_is_refreshed_again_and_again_with_the_same_token(start_auth: StartAuth) -> None:
    clock = ManualClock()
    auth = await start_auth(clock=clock)
    found = await auth.registered()
    tokens = set()
    for _ in range(6):
        clock.advance(24 * 3600)
        status, again = await auth.post("/refresh", refresh_token=found["refresh_token"])
        assert (status, again["refresh_token"]) == (200, found["refresh_token"])
        assert await auth.reader().principal(again["access_token"])
        tokens.add(again["access_token"])
    assert len(tokens) == 6
    clock.advance(24 * 3600)
    assert (await auth.post("/refresh", refresh_token=found["refresh_token"]))[0] == 401
    with pytest.raises(MillraceError):
        await auth.reader().principal(again["access_token"])


async def test_an_operator_may_cap_every_lifetime(start_auth: StartAuth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_AUTH_ACCESS_SECONDS", "600")
    auth = await start_auth()
    await auth.registered()
    assert (await auth.login(contract="application"))[1]["expires_in"] == 600
    assert access_seconds("network", 86_400) == 86_400
