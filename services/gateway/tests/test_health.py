"""`/health` says who is there, soon, and without asking each time."""

from typing import Any

import pytest

from millrace.common.runtime.settings import SERVICES

OTHERS = {name for name in SERVICES if name != "gateway"}


@pytest.mark.parametrize("path", ["/health", "/api/v1/health"])
async def test_a_service_that_is_away_is_named_and_the_answer_stays_200(start_door: Any, path: str) -> None:
    door = await start_door("auth")
    status, found, _ = await door.ask("GET", path)
    assert (status, found["status"]) == (200, "degraded")
    assert set(found["services"]) == OTHERS
    assert {name for name, word in found["services"].items() if word == "ok"} == {"auth"}
    assert found["timestamp"].endswith("Z")


async def test_with_everybody_there_it_is_healthy_and_says_what_it_is(start_door: Any) -> None:
    door = await start_door(*OTHERS)
    status, found, _ = await door.ask("GET", "/health")
    assert (status, found["status"], found["environment"]) == (200, "healthy", "development")
    assert found["version"]
    status, found, _ = await door.ask("GET", "/api/v1/health")
    assert "version" not in found


async def test_nobody_has_to_sign_in_to_ask(start_door: Any) -> None:
    door = await start_door()
    status, found, headers = await door.ask("GET", "/health", headers={"authorization": "Bearer nonsense"})
    assert (status, found["status"]) == (200, "degraded")
    assert "x-ratelimit-limit" not in headers
