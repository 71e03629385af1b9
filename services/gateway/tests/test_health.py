"""`/health` says who is there, soon, and without asking each time."""

from typing import Any

import pytest

from millrace.common.runtime.settings import SERVICES
from millrace.gateway.domain.rates import ADDRESS

OTHERS = {name for name in SERVICES if name != "gateway"}


@pytest.mark.parametrize("path", ["/health", "/api/v1/health"])
async def test_a_service_that_is_away_is_named_and_the_answer_stays_200(start_door: Any, path: str) -> None:
    door = await start_door("auth")
    status, found, _ = await door.ask("GET", path)
    assert (status, found["status"]) == (200, "unhealthy")
    services = found["database"]["references"]
    assert set(services) == OTHERS
    assert {name for name, word in services.items() if word == "ok"} == {"auth"}
    assert found["timestamp"].endswith("Z")


async def test_with_everybody_there_it_is_healthy_and_says_what_it_is(start_door: Any) -> None:
    door = await start_door(*OTHERS)
    status, found, _ = await door.ask("GET", "/health")
    assert (status, found["status"], found["environment"]) == (200, "healthy", "development")
    assert found["version"]
    exact = {"headers": {"X-API-Contract": "botplatform"}}
    assert set((await door.ask("GET", "/health", **exact))[1]) == {"status", "environment", "version"}
    assert set((await door.ask("GET", "/api/v1/health", **exact))[1]) == {"status", "timestamp"}
    told = {"headers": {"X-API-Contract": "application"}}
    assert (await door.ask("GET", "/api/v1/health", **told))[1]["status"] == "ok"


async def test_nobody_has_to_sign_in_to_ask(start_door: Any) -> None:
    door = await start_door()
    status, found, headers = await door.ask("GET", "/health", headers={"authorization": "Bearer nonsense"})
    assert (status, found["status"]) == (200, "unhealthy")
    assert headers["x-ratelimit-limit"] == str(ADDRESS.limit)
