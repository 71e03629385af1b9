"""A client of each contract, written from its document alone, against the running platform.

Each goes through every endpoint three times: with nothing set, with the `X-API-Contract` header, and with the prefix;
and two at once, of whom neither sees the other.
"""

import asyncio
from typing import Any, get_args
from uuid import uuid4

import pytest

from millrace.common.runtime.platform import Platform
from millrace.contracts.names import Contract
from tests.contracts.forms import CASES
from tests.contracts.steps import STEPS
from tests.contracts.test_server_sets import CORE
from tests.e2e.client import Client
from tests.e2e.walk import PASSWORD, Walk, Way

OVERSEES = {"admin.users", "admin.bots"}


async def newcomer(platform: Platform, contract: Contract) -> str:
    """The name of a new user of a contract; some documents let only administrators make anything."""
    name = f"user-{uuid4().hex[:12]}"
    asked = {"username": name, "email": f"{name}@example.com", "password": PASSWORD, "role": "admin"}
    await platform.ask("auth", "POST", "/users", json={**asked, "contract": contract})
    return name


async def walked(platform: Platform, contract: Contract, way: Way, planted: dict[str, Any] | None = None) -> Walk:
    """A whole walk of a newcomer."""
    async with Client(f"http://127.0.0.1:{platform.port}") as client:
        walk = Walk(client, contract, way, await newcomer(platform, contract), planted)
        await walk.whole()
    return walk


@pytest.mark.parametrize("way", get_args(Way))
@pytest.mark.parametrize("contract", list(Contract))
async def test_a_client_of_the_document_works_unchanged(platform: Platform, contract: Contract, way: Way) -> None:
    await walked(platform, contract, way)


@pytest.mark.parametrize("contract", list(Contract))
async def test_two_users_go_the_same_way_at_once_and_neither_sees_the_other(
    platform: Platform, contract: Contract
) -> None:
    one, other = await asyncio.gather(*(walked(platform, contract, "nothing") for _ in range(2)))
    for walk, neighbour in ((one, other), (other, one)):
        theirs = {str(each) for name, each in neighbour.known.items() if each != walk.known[name]}
        words = [word for word in theirs if len(word) > 12]
        assert len(words) >= 3
        for case, body in walk.told:
            assert case in OVERSEES or not [word for word in words if word in str(body)], case


@pytest.mark.parametrize("contract", list(Contract))
async def test_what_only_the_server_sets_changes_nothing_in_any_body(
    platform: Platform, client: Client, contract: Contract
) -> None:
    victim = (await client.get("/api/v1/users/me"))["id"]
    walk = await walked(platform, contract, "nothing", {**CORE, "user_id": victim})
    planted = [(case, body) for case, body in walk.told if case not in OVERSEES and victim in str(body)]
    assert not planted
    assert "planted" not in str([body for case, body in walk.told if case not in OVERSEES])
    for path, key in (("bots", "items"), ("orders", "items"), ("backtests", "backtests"), ("auth/api-keys", "items")):
        assert not (await client.get(f"/api/v1/{path}")).get(key), path
    assert (await client.get("/api/wallet/transfers"))["transfers"] == []


@pytest.mark.parametrize("contract", list(Contract))
def test_every_endpoint_is_walked(contract: Contract) -> None:
    signed = {"webhook.tradingview"}  # has a test of its own: it needs a signature
    assert {case["id"] for case in CASES[contract]} - {step.case for step in STEPS[contract]} <= signed
